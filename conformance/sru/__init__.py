"""The kit for SRU."""
