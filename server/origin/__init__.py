"""The origin: asks other catalogues over Z39.50 and SRU, for who commands it, and learns how each wants to be asked."""
