"""The kit for SIP2."""
