"""Everything in one SQLite file: one writer thread with group commit, a pool of readers, plain SQL."""
