"""Documents: their strict JSON form, their schemas, and the way between JSON and messages (documents.md)."""
