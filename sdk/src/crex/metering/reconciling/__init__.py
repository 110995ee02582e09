"""Reconciling: one party's records of use held against another's, before anybody pays."""
