"""The shuttle: what travels between libraries, in which container, on which run, and when it arrives (domain.md 2.9)."""
