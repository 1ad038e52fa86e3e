"""The NCIP adapter, and our side of inter-library loans."""
