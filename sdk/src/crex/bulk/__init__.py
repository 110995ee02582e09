"""Bulk rating: steps 3 to 9 and 12 of `rate/1` as SQL, for many bills and millions of records."""
