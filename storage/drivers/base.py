"""What the store asks of a database driver."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from zope.interface import Attribute, Interface

from storage.statements import Steps
from storage.usecase import Act, Outcome

T = TypeVar("T")


class StoreUnavailable(Exception):
    """The database could not be reached or could not keep what it was given. Nothing was done; it may be tried again."""


class IDriver(Interface):
    """A database, driven from the reactor: the same use cases, whatever is behind."""

    healthy: bool = Attribute("Whether the last commit, or the last try to reach the database, went well.")
    commits: int | None = Attribute(
        "How many times something was committed; None while it may be at any moment, or by others."
    )

    def read(steps: Steps[Any]) -> Deferred[Any]:
        """Run *steps* and fire with their result. All reads of one step see one state of the database."""

    def transact(act: Any, network: Any) -> Deferred[Any]:
        """Gather, decide, apply *act*; fire with its `Outcome` once the commit is on disk.

        Fails with `StoreUnavailable` when nothing was kept.
        """

    def watch(changed: Callable[[], object]) -> None:
        """Have *changed* called, in the reactor, when another daemon may have declared something about the network."""

    def work(function: Callable[..., Any], *args: Any) -> Deferred[Any]:
        """Run ``function(connection, *args)`` in a thread, on a SQLAlchemy connection, in one transaction."""

    def close() -> Deferred[None]:
        """Finish what is under way, then let the database go."""


def lost_race(act: Act[Any, Any, Any], code: str) -> Outcome[Any] | Failure:
    """Return what the caller of *act* is told when a guard of the database stopped its writes with refusal *code*."""
    try:
        answer = act.usecase.failed(act.request, code)
        return Outcome(answer, act.ledger.render(answer) if act.ledger is not None else b"")
    except Exception:  # noqa: BLE001 (a bug of one act's; the failure goes to its caller)
        return Failure()


def run_work(engine: Engine, function: Callable[..., T], args: tuple[Any, ...]) -> T | Failure:
    """Do a driver's `work`, in whatever thread this is: return what *function* returned, or its failure."""
    try:
        with engine.begin() as connection:
            return function(connection, *args)
    except OperationalError as error:
        return Failure(StoreUnavailable(str(error.orig)))
    except Exception:  # noqa: BLE001 (whatever went wrong is the caller's, in the reactor's thread)
        return Failure()
