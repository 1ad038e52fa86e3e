"""The catalogue as its wires share it."""
