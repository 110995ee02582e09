"""Attestations made here: measurements of this host, drafts of every predicate, and what one amounts to.

`suite` measures by the set `crex-host`; memory, matrix, disk and network are a module each, and run in
processes of their own (`crew`, `worker`). `declared` holds figures against what a resource says of itself.
`drafts` makes attestations to sign, `standing` tells by whose word one holds.
"""
