"""The account of a buyer at a seller: what was billed, paid and disputed; its statements and closes."""
