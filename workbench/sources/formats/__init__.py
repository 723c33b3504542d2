"""How bytes become records: one module per family of formats, each returning ``RawCells``."""
