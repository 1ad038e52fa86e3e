"""`bibliobus-department`: a departmental library to lend with, for tests of a connection before there is a partner.

A real second daemon: a store of its own in a directory, our own responder, machine and outbox, and behind its desk nobody. It lends what it is
asked for and takes back what comes, after the pauses that it was given; it asks for what it is told to. A scenario makes it late, refuse, make
conditions, break off, answer twice or not at all, in what it answers and in what it sends, so that what one's own side makes of it can be seen.
It is not for readers: nobody there is anybody.
"""

from __future__ import annotations

from server.department.command import main

__all__ = ["main"]
