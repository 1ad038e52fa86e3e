"""Data recovery from old systems: import of records and items."""
