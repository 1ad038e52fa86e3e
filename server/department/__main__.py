"""`python -m server.department`."""

from __future__ import annotations

from server.department import main

if __name__ == "__main__":
    main()
