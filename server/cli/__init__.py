"""The `bibliobus` command."""
