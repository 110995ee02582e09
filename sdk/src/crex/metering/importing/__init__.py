"""Usage that exists elsewhere: what schedulers, monitors and accounting systems say was used, as records.

    uses.py        what a usage importer is, and the books that it keeps
    numbering.py   uses become records: meters, numbers, what was imported before
    times.py       times that say in which zone they are, and those that do not
    importers.py   which importers there are; built_in.py lists those of this package

The rules are those of importers.md: every row has an outcome, and nothing is stated that the input does not
state.
"""
