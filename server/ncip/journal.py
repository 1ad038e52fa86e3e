"""What was said with each partner: services, items and requests, outcomes and how long it took. Never a reader.

It is for people who mend a connection: kept in the store, some at a time, and shown by `bibliobus ill journal`. The messages
themselves are kept, masked by their field tables, where something went wrong, and for a partner that is traced (``trace`` in its profile).
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import replace
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.ncip import Received, read
from protocols.ncip.base import Initiation, Message
from server.metrics import METRICS, Metrics
from storage.circulation.ill.exchanges import SAID, Exchange, Said
from storage.ids import new_id
from storage.network.network import Partner
from storage.store import Store, StoreUnavailable
from storage.usecase import Origin

TICK: Final = 1.0
"""Seconds between two writes."""
BATCH: Final = 200
WAITING: Final = 10_000
"""Exchanges written at once, and that wait at most; beyond, the oldest are not kept."""
_LONGEST: Final = 80
_LONGEST_TEXT: Final = 4_000
_TYPES: Final = re.compile(rb"(?:ProblemType[^>]*>|ErrorType><Scheme>[^<]*</Scheme><Value>)([^<]{1,80})<")


class Journal:
    """Notes exchanges, and brings them to the store now and then."""

    log = Logger()

    def __init__(self, store: Store, reactor: Any, metrics: Metrics = METRICS) -> None:
        self._store = store
        self._reactor = reactor
        self._metrics = metrics
        self._waiting: deque[Exchange] = deque()
        self._loop = LoopingCall(self.look)
        self._loop.clock = reactor

    def start(self) -> None:
        """Write now and then."""
        self._loop.start(TICK, now=False)

    def stop(self) -> Deferred[None]:
        """Write what waits, and nothing more."""
        if self._loop.running:
            self._loop.stop()
        return self.look()

    def note(
        self,
        partner: Partner,
        direction: str,
        message: Initiation,
        seconds: float,
        *,
        answered: bytes | Message = b"",
        outcome: str = "",
        release: str = "",
        defects: str = "",
    ) -> None:
        """Keep what was said; *outcome*, unless it is given, is read off the octets of the answer."""
        if self._store.reads_only:  # the daemon that writes has a journal, this one has nowhere to keep it
            return
        outcome = outcome or (outcome_in(answered) if isinstance(answered, bytes) else "done")
        whole = outcome != "done" or partner.profile.get("trace") is True
        self._waiting.append(
            Exchange(
                new_id(), partner.id, int(self._reactor.seconds()), direction, message.service, release, item_of(message),
                request_of(message), outcome[:_LONGEST_TEXT], round(seconds * 1_000_000), defects[:_LONGEST_TEXT],
                shown(message) if whole else "", shown(answered) if whole else "",
            )
        )  # fmt: skip
        self._shed()

    def _shed(self) -> None:
        while len(self._waiting) > WAITING:
            self._waiting.popleft()
            self._metrics.count("faults", "ncip", "journal-full")

    def look(self) -> Deferred[None]:
        """Write what waits; what cannot be written now waits on."""
        return Deferred.fromCoroutine(self._write()).addErrback(self._failed)

    async def _write(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            try:
                await self._store.transact(SAID, Said(batch, Origin("job", "ncip", 0)), int(self._reactor.seconds()))
            except StoreUnavailable:
                self._waiting.extendleft(reversed(batch))
                self._shed()
                return

    def _failed(self, failure: Failure) -> None:
        self.log.failure("What was said with partners could not be kept", failure)


def item_of(message: Message) -> str:
    """Give the number of the item that a message is about."""
    item = getattr(message, "item_id", None)
    first = item[0] if isinstance(item, tuple) and item else item
    return str(getattr(first, "item_identifier_value", None) or "")[:_LONGEST]


def request_of(message: Message) -> str:
    """Give the number of the request that a message is about."""
    request = getattr(message, "request_id", None)
    return str(getattr(request, "request_identifier_value", None) or "")[:_LONGEST]


def outcome_in(answer: bytes) -> str:
    """Say how an exchange ended, by the octets of its answer."""
    if b"Problem" not in answer:
        return "done"
    return "; ".join(kind.decode("utf-8", "replace") for kind in _TYPES.findall(answer)) or "done"


def shown(message: bytes | Message) -> str:
    """Show a message as far as its field table lets it be shown; nothing of octets that are none."""
    if isinstance(message, bytes):
        received = read(message) if message else None
        if not isinstance(received, Received):
            return ""
        message = received.message
    elif hasattr(message, "problem"):  # in a partner's own words, which may name a reader
        answer: Any = message
        message = replace(answer, problem=tuple(replace(each, problem_detail=None) for each in answer.problem))
    return repr(message)[:_LONGEST_TEXT]
