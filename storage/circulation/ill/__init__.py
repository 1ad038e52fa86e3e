"""Inter-library loan with partners, both ways: requests, what happens to them, and what partners must be told."""
