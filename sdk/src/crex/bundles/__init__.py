"""Invoice bundles: everything by which an invoice is recomputed, in one file or folder (bundles.md)."""
