"""Search/Retrieve via URL and CQL."""
