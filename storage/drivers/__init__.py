"""One driver per database; both run the same use cases."""
