"""Holds: who waits for what, who is asked for it, where it is fetched."""
