"""3M Standard Interchange Protocol 2.00, without I/O: tables, codec, the server's session, and the reference page."""
