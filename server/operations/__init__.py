"""What commands ask of the store, here or in the daemon."""
