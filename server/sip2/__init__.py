"""The SIP2 adapter."""
