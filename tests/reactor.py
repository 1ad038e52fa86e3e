"""The real reactor, from plain tests: run it until a Deferred has fired."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

T = TypeVar("T")


def await_(deferred: Deferred[T], seconds: float = 30.0) -> T:
    """Return what *deferred* fires with, or raise what it fails with. Fails after *seconds*."""
    results: list[T | Failure] = []
    deferred.addTimeout(seconds, reactor)

    def fired(result: T | Failure) -> None:
        results.append(result)
        reactor.crash()

    deferred.addBoth(fired)
    if not results:
        reactor.run(installSignalHandlers=False)  # type: ignore[call-arg]  # ReactorBase takes it
    (result,) = results
    if isinstance(result, Failure):
        result.raiseException()
    return result


def until(condition: Callable[[], bool]) -> None:
    """Run the reactor until *condition* holds; look every hundredth of a second."""

    async def wait() -> None:
        while not condition():
            await deferLater(reactor, 0.01)

    await_(Deferred.fromCoroutine(wait()))
