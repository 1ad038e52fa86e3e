"""The daemon's jobs: those that are due are done slice by slice, between the messages of the wires."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall, deferLater
from twisted.logger import Logger

from storage.jobs.job import STATES, Job, RunRequest, State, usecase_of
from storage.jobs.lease import LEASE, SECONDS, LeaseRequest
from storage.statements import Steps
from storage.store import Store, StoreUnavailable
from storage.usecase import Origin

TICK: Final = 5.0
"""Seconds between two looks at what is due."""
PAUSE: Final = 0.02
"""Seconds between two slices at least: what waits on the wires comes first, ..."""
SHARE: Final = 9
"""... and has nine tenths of the time, however much there is to do."""
NAME: Final = "jobs"


def states() -> Steps[dict[str, State]]:
    """Read how far every job has come."""
    (rows,) = yield [STATES()]
    return {row[0]: State(*row[1:]) for row in rows}


class Jobs:
    """Runs *jobs* on *store* as long as it has the lease. *alone*: no other daemon can be, so a lease left is one's own."""

    log = Logger()

    def __init__(self, store: Store, reactor: Any, jobs: Mapping[str, Job], *, alone: bool) -> None:
        self._store = store
        self._reactor = reactor
        self._jobs = {name: (job, usecase_of(job)) for name, job in jobs.items()}
        self._holder = "writer" if alone else f"{socket.gethostname()}:{os.getpid()}"
        self._until = 0.0
        self._stopping = False
        self._loop = LoopingCall(lambda: Deferred.fromCoroutine(self.look()))
        self._loop.clock = reactor

    def start(self) -> None:
        """Look for what is due, now and then."""
        self._loop.start(TICK, now=False)

    def stop(self) -> Deferred[None]:
        """Begin no further slice, and let another daemon have the lease."""
        self._stopping = True
        if self._loop.running:
            self._loop.stop()
        return Deferred.fromCoroutine(self._release())

    def _now(self) -> int:
        return int(self._reactor.seconds())

    def _origin(self) -> Origin:
        return Origin("job", self._holder, 0)

    async def look(self) -> None:
        """Run what is due. What fails is tried again at the next look."""
        try:
            known = await self._store.read(states())
            for name, (job, _) in self._jobs.items():
                state = known.get(name, State())
                if state.running or job.is_due(state.began_at, self._now()):
                    await self._round(name)
        except StoreUnavailable:
            pass
        except Exception:  # noqa: BLE001 (a loop that fails is never called again)
            self.log.failure("A job failed")

    async def _round(self, name: str) -> None:
        usecase = self._jobs[name][1]
        while not self._stopping and await self._has_lease():
            began = self._reactor.seconds()
            request = RunRequest(self._origin(), int(began))
            slice_ = (await self._store.transact(usecase, request, request.now)).answer
            if slice_ is None or not slice_.cursor:
                return
            await deferLater(self._reactor, min(max(PAUSE, SHARE * (self._reactor.seconds() - began)), TICK))

    async def _has_lease(self) -> bool:
        if self._until - self._now() > SECONDS / 2:
            return True
        request = LeaseRequest(NAME, self._holder, self._origin())
        now = self._now()
        has = bool((await self._store.transact(LEASE, request, now)).answer)
        self._until = now + SECONDS if has else 0.0
        return has

    async def _release(self) -> None:
        if self._until <= self._now():
            return
        self._until = 0.0
        request = LeaseRequest(NAME, self._holder, self._origin(), release=True)
        with suppress(StoreUnavailable):  # It runs out by itself.
            await self._store.transact(LEASE, request, self._now())
