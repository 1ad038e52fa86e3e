"""The origin as commands have it: questions are asked of the configured targets, and what comes goes into the catalogue.

The daemon has one, which is asked over the control socket; where no daemon runs, a command makes one of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred, DeferredSemaphore, succeed
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure

from server.config import Config, TargetTable
from server.control import Refused
from server.operations import origin as operations
from server.origin.asking import ask_all
from server.origin.query import Form, Question

if TYPE_CHECKING:
    from server.writing import Access

AT_ONCE: Final = 4
"""Questions under way; more wait for their turn. Each holds some memory, and targets want to be asked politely."""
MOST: Final = 100
"""Records taken of a target at once."""


class Origin:
    """Asks the targets of *config* and copies into the store behind *access*."""

    def __init__(self, access: Access, reactor: Any, config: Config) -> None:
        self.config = config
        self._access = access
        self._reactor = reactor
        self._turns = DeferredSemaphore(AT_ONCE)
        self._under_way: set[Deferred[Any]] = set()
        self._closing = False

    def fetch(
        self, *, form: str, text: str, most: int, names: Sequence[str], databases: Sequence[str], dry_run: bool
    ) -> Deferred[dict[str, Any]]:
        """Ask the targets *names* (none: all) one question; return what each gave and what became of the records.

        Raises `Refused` when there are no such targets, or the daemon stops.
        """
        if self._closing:
            raise Refused("unavailable", "the daemon stops")
        targets = self._named(names)
        question = Question(Form(form), text, min(most, MOST))
        asking: Deferred[dict[str, Any]] = self._turns.run(
            lambda: Deferred.fromCoroutine(self._fetched(question, targets, databases, dry_run=dry_run))
        )
        self._under_way.add(asking)

        def ended(result: Any) -> Any:
            self._under_way.discard(asking)
            if isinstance(result, Failure) and self._closing:
                raise Refused("unavailable", "the daemon stops")
            return result

        return asking.addBoth(ended)

    def drain(self) -> Deferred[None]:
        """Ask nobody any more, and hang up on who is being asked: what was not copied yet is not waited for."""
        self._closing = True
        for asking in list(self._under_way):
            asking.cancel()
        return succeed(None)

    def _named(self, names: Sequence[str]) -> list[TargetTable]:
        by_name = {target.name.casefold(): target for target in self.config.targets}
        if not by_name:
            raise Refused("no-target", "no target is configured")
        known = ", ".join(target.name for target in self.config.targets)
        for name in names:
            if name.casefold() not in by_name:
                raise Refused("unknown-target", f"there is no target {name}", {"name": name, "names": known})
        return [by_name[name] for name in dict.fromkeys(map(str.casefold, names))] or list(self.config.targets)

    async def _fetched(
        self, question: Question, targets: Sequence[TargetTable], databases: Sequence[str], *, dry_run: bool
    ) -> dict[str, Any]:
        access, ranks = self._access, operations.ranks_of(self.config)
        lessons = await deferToThread(access.read, operations.lessons_of)
        answers = await ask_all(self._reactor, targets, question, lessons)
        return await deferToThread(
            operations.take, access, answers, most=question.most, databases=databases, dry_run=dry_run, ranks=ranks
        )
