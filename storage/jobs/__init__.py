"""Work that nobody asks for: done in slices, resumable, by one daemon at a time."""
