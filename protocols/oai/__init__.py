"""OAI-PMH 2.0 (Open Archives Initiative Protocol for Metadata Harvesting): requests and responses."""
