"""``python -m server`` is the `bibliobus` command."""

from __future__ import annotations

from server.cli.main import main

main(prog_name="bibliobus")
