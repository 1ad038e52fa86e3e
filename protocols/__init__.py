"""Wire formats, sans-I/O: bytes to messages and back, and what each peer may say when."""
