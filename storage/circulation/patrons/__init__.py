"""Readers: registration, cards, blocks, households, PINs, and the end of their data."""
