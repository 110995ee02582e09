"""What the use cases need from outside, named by use case; every method is one transaction.

Frozen dataclasses go in and come out, so that an adapter may be a Python module over SQLite or a stored
function of a PostgreSQL. Each port has one contract test that every adapter passes
(`reference_broker/tests/contract`).
"""
