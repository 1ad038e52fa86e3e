"""The store: what is true, and what is allowed."""
