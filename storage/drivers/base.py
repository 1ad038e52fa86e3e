"""What the store asks of a database driver."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from storage.statements import Steps

T = TypeVar("T")


class StoreUnavailable(Exception):
    """The database could not be reached or could not keep what it was given. Nothing was done; it may be tried again."""


class IDriver(Interface):
    """A database, driven from the reactor: the same use cases, whatever is behind."""

    healthy: bool = Attribute("Whether the last commit, or the last try to reach the database, went well.")

    def read(steps: Steps[Any]) -> Deferred[Any]:
        """Run *steps* and fire with their result. All reads of one step see one state of the database."""

    def transact(act: Any, network: Any) -> Deferred[Any]:
        """Gather, decide, apply *act*; fire with its `Outcome` once the commit is on disk.

        Fails with `StoreUnavailable` when nothing was kept.
        """

    def work(function: Callable[..., Any], *args: Any) -> Deferred[Any]:
        """Run ``function(connection, *args)`` in a thread, on a SQLAlchemy connection, in one transaction."""

    def close() -> Deferred[None]:
        """Finish what is under way, then let the database go."""
