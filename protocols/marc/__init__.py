"""ISO 2709, its character sets, and the forms in which records are shown."""
