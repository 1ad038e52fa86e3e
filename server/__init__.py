"""Everything with a reactor: configuration, listeners, one adapter per protocol, the command line."""
