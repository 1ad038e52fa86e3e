"""The SRU adapter."""
