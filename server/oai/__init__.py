"""The OAI-PMH adapter."""
