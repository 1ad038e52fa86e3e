"""Information retrieval, Z39.50-2003 (ISO 23950)."""
