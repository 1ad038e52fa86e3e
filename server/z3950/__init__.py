"""The Z39.50 adapter."""
