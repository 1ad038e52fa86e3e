"""The NCIP initiator: brings what waits in the outbox to the partners, and takes their answers home.

One daemon at a time does it (it has the lease). Partners are served side by side, the letters of one after the other; one that does not
answer is left alone until its next letter's time, and keeps no other waiting. What an answer says is kept before the letter is, so that a daemon that is killed
between brings it again, to a partner that has it already: that is what makes it exactly once.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from time import perf_counter
from typing import Any, Final

from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.internet.error import TimeoutError as TooLate
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from protocols.ncip import LocalProtocolError, write
from protocols.ncip.base import Message
from server.metrics import METRICS, Metrics
from server.ncip.client import Line, Unanswered
from server.ncip.dialects import dialect_of
from server.ncip.journal import Journal
from server.ncip.letters import Sheet, write_letter
from server.ncip.replies import Reply, understand
from storage.circulation.ill.events import ILL_EVENT
from storage.circulation.ill.machine import No
from storage.circulation.ill.outbox import TRIED, Fate, Letter, Tried, due, request_of
from storage.jobs.lease import LEASE, SECONDS, LeaseRequest
from storage.network.network import Partner
from storage.store import Store, StoreUnavailable
from storage.usecase import Origin

TICK: Final = 2.0
"""Seconds between two looks into the outbox."""
STOP_SECONDS: Final = 2.0
"""Seconds for which a partner's answer is waited for when the daemon stops."""
NAME: Final = "ncip-outbox"


class Outbox:
    """Sends as long as it has the lease. *alone*: no other daemon can be, so that a lease left is one's own."""

    events = Logger()

    def __init__(
        self,
        store: Store,
        reactor: Any,
        line: Line | None = None,
        *,
        alone: bool = True,
        metrics: Metrics = METRICS,
        journal: Journal | None = None,
    ) -> None:
        self._store = store
        self._reactor = reactor
        self._line = line or Line(reactor)
        self._metrics = metrics
        self._journal = journal or Journal(store, reactor, metrics)
        self._holder = "writer" if alone else f"{socket.gethostname()}:{os.getpid()}"
        self._until = 0.0
        self._rounds: dict[int, Deferred[None]] = {}
        self._ended: Deferred[Any] | None = None
        self._loop = LoopingCall(self._begin)
        self._loop.clock = reactor

    def start(self) -> None:
        """Look into the outbox, now and then."""
        self._ended = self._loop.start(TICK, now=False)

    def stop(self) -> Deferred[None]:
        """Begin nothing more, and hang up once what is under way has ended."""
        if self._loop.running:
            self._loop.stop()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        if self._ended is not None:
            await self._ended
        for each in self._rounds.values():  # what is cut off here is brought again
            each.addTimeout(STOP_SECONDS, self._reactor)
        await DeferredList(list(self._rounds.values()))
        await self._line.close()

    async def look(self) -> None:
        """Bring what may leave now, and wait until all of it has been tried. What fails is tried again at its time."""
        await self._begin()
        await DeferredList(list(self._rounds.values()))

    def _over(self, _result: None, partner_id: int) -> None:
        del self._rounds[partner_id]

    def _failed(self, failure: Failure) -> None:
        if not failure.check(StoreUnavailable, CancelledError, TooLate):
            self.events.failure("The outbox could not be emptied", failure)

    def _now(self) -> int:
        return int(self._reactor.seconds())

    def _begin(self) -> Deferred[None]:
        """Begin to bring what may leave to those to whom nothing is under way."""
        return Deferred.fromCoroutine(self._look()).addErrback(self._failed)

    async def _look(self) -> None:
        known = self._store.network.partners.values()
        partners = [partner for partner in known if partner.enabled and partner.id not in self._rounds]
        found = await self._store.read(due(self._now(), [partner.id for partner in partners]))
        if not any(found) or not await self._has_lease():
            return
        for partner, letters in zip(partners, found, strict=True):
            if letters:
                begun = self._rounds[partner.id] = Deferred.fromCoroutine(self._bring(partner, letters))
                begun.addErrback(self._failed).addBoth(self._over, partner.id)

    async def _has_lease(self) -> bool:
        if self._until - self._now() > SECONDS / 2:
            return True
        now = self._now()
        request = LeaseRequest(NAME, self._holder, Origin("job", self._holder, 0))
        has = bool((await self._store.transact(LEASE, request, now)).answer)
        self._until = now + SECONDS if has else 0.0
        return has

    async def _bring(self, partner: Partner, letters: Sequence[Letter]) -> None:
        """Bring the letters of one partner; stop at the first that it does not take."""
        for letter in letters:
            if not await self._has_lease():
                return
            reply = await self._reply(partner, letter)
            if reply is None:
                return
            tried = Tried(letter, reply.fate, Origin("ncip", partner.agency, partner.library_id), reply.trouble)
            await self._store.transact(TRIED, tried, self._now())
            self._metrics.count("letters", letter.service, reply.fate.value)
            if reply.fate is Fate.FAILED:
                self.events.warn(
                    "{partner} did not take {service}: {trouble}",
                    partner=partner.agency, service=letter.service, trouble=reply.trouble,
                )  # fmt: skip
                return

    async def _reply(self, partner: Partner, letter: Letter) -> Reply | None:
        """Try a letter, and keep what its answer says; None when others overtook that, for it is brought again to what they made of it.

        One that we cannot write, or whose answer we can neither grasp nor keep, is not tried at every look.
        """
        try:
            reply = await self._try(partner, letter)
            if reply.event is None:
                return reply
            taken = (await self._store.transact(ILL_EVENT, reply.event, self._now())).answer
        except (StoreUnavailable, CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 (whatever is wrong with us, the other letters leave)
            self.events.failure("{service} could not be brought", service=letter.service)
            return Reply(Fate.FAILED, trouble=type(error).__name__)
        return None if taken is not None and taken.no is No.OVERTAKEN else reply

    async def _try(self, partner: Partner, letter: Letter) -> Reply:
        if not partner.endpoint:  # who drives both sides itself need not be told; who is to be asked must be
            return Reply(Fate.FAILED if letter.service == "RequestItem" else Fate.DROPPED, trouble="it has no address")
        row = await self._store.read(request_of(letter))
        if row is None:
            return Reply(Fate.DROPPED, trouble="its request is gone")
        dialect = dialect_of(partner.profile)
        sheet = Sheet(letter, row, self._store.network, partner, dialect)
        message = write_letter(sheet)
        if message is None:
            return Reply(Fate.DROPPED, trouble="there is nothing left to tell")
        try:
            body = write(message, dialect.envelope)
        except LocalProtocolError as error:
            return Reply(Fate.DEAD, trouble=str(error))
        began = perf_counter()
        answer: Message | bytes = b""
        try:
            answer = (await self._line.post(partner.endpoint, body, dialect.timeout)).message
            reply = understand(sheet, answer)
        except Unanswered as error:
            reply = Reply(Fate.FAILED, trouble=str(error))
        seconds = perf_counter() - began
        self._journal.note(partner, "out", message, seconds, answered=answer, outcome=reply.trouble or "done")
        return reply
