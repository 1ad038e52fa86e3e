"""SRU 1.1, 1.2 and 2.0 with CQL: requests of any of the three to one shape, responses of one shape to any of the three."""
