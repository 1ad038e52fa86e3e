"""The kit for NCIP, in both roles."""
