"""The NCIP initiator: brings what waits in the outbox to the partners, and takes their answers home.

One daemon at a time does it (it has the lease). Partners are served side by side, the letters of one after the other; one that does not
answer is left alone until its next letter's time. What an answer says is kept before the letter is, so that a daemon that is killed
between brings it again, to a partner that has it already: that is what makes it exactly once.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from itertools import groupby
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
        self._round: Deferred[None] | None = None
        self._loop = LoopingCall(self.look)
        self._loop.clock = reactor

    def start(self) -> None:
        """Look into the outbox, now and then."""
        self._loop.start(TICK, now=False)

    def stop(self) -> Deferred[None]:
        """Begin nothing more, and hang up once what is under way has ended."""
        if self._loop.running:
            self._loop.stop()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        if self._round is not None:  # what is cut off here is brought again
            self._round.addTimeout(STOP_SECONDS, self._reactor)
            await self._round
        await self._line.close()

    def look(self) -> Deferred[None]:
        """Bring what may leave now; fire when all of it has been tried. What fails is tried again at its time."""
        done: Deferred[None] = Deferred()
        self._round = Deferred.fromCoroutine(self._look())
        self._round.addErrback(self._failed).addBoth(self._looked, done)
        return done

    def _failed(self, failure: Failure) -> None:
        if not failure.check(StoreUnavailable, CancelledError, TooLate):
            self.events.failure("The outbox could not be emptied", failure)

    def _looked(self, _result: None, done: Deferred[None]) -> None:
        self._round = None
        done.callback(None)

    def _now(self) -> int:
        return int(self._reactor.seconds())

    async def _look(self) -> None:
        letters = await self._store.read(due(self._now()))
        if not letters or not await self._has_lease():
            return
        partners = {partner.id: partner for partner in self._store.network.partners.values()}
        ordered = sorted(letters, key=lambda letter: letter.partner_id)
        rounds = [
            Deferred.fromCoroutine(self._bring(partners[number], list(found)))
            for number, found in groupby(ordered, key=lambda letter: letter.partner_id)
            if number in partners and partners[number].enabled
        ]
        results: list[tuple[bool, Any]] = await DeferredList(rounds, consumeErrors=True)
        for done, result in results:
            if not done and not result.check(StoreUnavailable, CancelledError):
                self.events.failure("A partner's letters could not be brought", result)

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
            reply = await self._try(partner, letter)
            if reply.event is not None:
                await self._store.transact(ILL_EVENT, reply.event, self._now())
            tried = Tried(letter, reply.fate, Origin("ncip", partner.agency, partner.library_id), reply.trouble)
            await self._store.transact(TRIED, tried, self._now())
            self._metrics.count("letters", letter.service, reply.fate.value)
            if reply.fate is Fate.FAILED:
                self.events.warn(
                    "{partner} did not take {service}: {trouble}",
                    partner=partner.agency, service=letter.service, trouble=reply.trouble,
                )  # fmt: skip
                return

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
