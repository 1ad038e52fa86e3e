"""The NCIP responder: the octets of a question to the octets of its answer, with the store between them.

Whatever comes in, an NCIP document goes out. A request that changes something is kept with its answer, so that a repeat of
the same octets gets the same answer as long as the effect stands. Bodies, names, card numbers and PINs are never logged.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from hashlib import blake2b
from time import perf_counter
from typing import Final, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from protocols.ncip import Fault, Received, problem, read, write
from protocols.ncip.base import Initiation, ProblemMessage, response_header
from protocols.ncip.messages import LookupVersion
from protocols.ncip.problems import ProblemType
from protocols.xmlsafe import LIMITS
from server.metrics import METRICS, Metrics
from server.ncip.answers import Setting
from server.ncip.desk import Asked, Desk, refusal
from server.ncip.journal import Journal
from server.ncip.lookups import versions
from server.ncip.partners import Partners, Peer, place_of, zone_of
from server.ncip.refusals import Refused, refusals
from server.ncip.services import service_of
from storage.catalogue.hits import Hits
from storage.refusals import Reason
from storage.store import Store, StoreUnavailable
from storage.usecase import Origin

NOBODY: Final = Peer()
"""Who sends when the line says nothing."""


class Responder:
    """Answers NCIP questions from a store.

    *anonymous* is the agency that messages without a FromAgencyId are taken to come from; None refuses them. *size* is the
    limit of a message in octets.
    """

    log = Logger()

    def __init__(
        self,
        store: Store,
        clock: IReactorTime,
        *,
        anonymous: str | None = None,
        size: int = LIMITS.size,
        metrics: Metrics = METRICS,
        hits: Hits | None = None,
        journal: Journal | None = None,
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._partners = Partners(anonymous)
        self._limits = replace(LIMITS, size=size)
        self._journal = journal or Journal(store, clock, metrics)
        self._desk = Desk(store, metrics, hits or Hits())

    @property
    def ready(self) -> bool:
        """Whether the store answers."""
        return self._store.healthy

    def answer(self, body: bytes, charset: str | None = None, peer: Peer = NOBODY) -> Deferred[bytes]:
        """Answer one document; *charset* and *peer* are what the transport says of its encoding and its sender. Never fails."""
        return Deferred.fromCoroutine(self._answer(body, charset, peer))

    async def _answer(self, body: bytes, charset: str | None, peer: Peer) -> bytes:
        began = perf_counter()
        # A date without a zone was written in ours; a network without libraries has none.
        zones = (library.zone for library in self._store.network.libraries.values())
        received = read(body, zone=next(zones, UTC), charset=charset, limits=self._limits)
        if isinstance(received, Fault):
            self._metrics.count("faults", "ncip", "unreadable")
            return write(received.answer, received.envelope)
        message = received.message
        if not isinstance(message, Initiation):
            self._metrics.count("faults", "ncip", "response")
            told = problem(None, ProblemType.PROTOCOL_ERROR, "this answers nothing that was asked", "NCIPMessage")
            return write(ProblemMessage(problem=(told,)), received.envelope)
        for defect, _ in received.defects:
            self._metrics.count("defects", "ncip", defect.value)
        try:
            answered = await self._serve(received, body, charset, peer)
        except Refused as refused:
            self._desk.count(refused.reasons)
            answered = write(refusal(message, refused.problems), received.envelope)
        seconds = perf_counter() - began
        self._metrics.observe("ncip", message.service, seconds)
        self._note(message, received, answered, peer, seconds)
        return answered

    def _note(self, message: Initiation, received: Received, answered: bytes, peer: Peer, seconds: float) -> None:
        """Keep the exchange with a partner that we know."""
        network = self._store.network
        partner = network.partners.get(self._partners.sender(network, message.initiation_header, peer) or "")
        if partner is not None:
            release = received.envelope.release.name[1:].replace("_", ".")
            defects = ", ".join(f"{defect.value}: {name}" for defect, name in received.defects)
            self._journal.note(partner, "in", message, seconds, answered=answered, release=release, defects=defects)

    async def _serve(self, received: Received, body: bytes, charset: str | None, peer: Peer) -> bytes:
        """Render the service; raises `Refused` and nothing else."""
        message = cast(Initiation, received.message)
        service = message.service
        try:
            if isinstance(message, LookupVersion):
                return write(versions(message, self._store.network), received.envelope)
            handler = service_of(service)
            if handler is not None:
                return await handler(self._desk, await self._asked(received, body, charset, peer))
        except Refused:
            raise
        except StoreUnavailable:
            pass
        except Exception:  # noqa: BLE001 (whatever is wrong with us, the partner gets an answer)
            self.log.failure("NCIP {service} failed", service=service)
        else:
            detail = f"{service} is not offered here"
            told = problem(service, ProblemType.UNSUPPORTED_SERVICE, detail, "NCIPMessage", service)
            raise Refused(told, reasons=(Reason.NOT_SUPPORTED,))
        raise Refused(*refusals(service, (Reason.UNAVAILABLE,), "en", {}), reasons=(Reason.UNAVAILABLE,))

    async def _asked(self, received: Received, body: bytes, charset: str | None, peer: Peer) -> Asked:
        message = cast(Initiation, received.message)
        network, header = self._store.network, message.initiation_header
        now = int(self._clock.seconds())
        partner = await self._partners.identify(network, message.service, header, peer, now)
        place = place_of(network, message.service, header, partner)
        if "timezone" in partner.profile:  # its dates without a zone were written there
            again = read(body, zone=zone_of(partner), charset=charset, limits=self._limits)
            if isinstance(again, Received):
                received, message = again, cast(Initiation, again.message)
        setting = Setting(network, place, response_header(header), str(partner.profile.get("language", "fr")))
        origin = Origin("ncip", partner.agency, place.id)
        digest = blake2b(body, digest_size=16).digest()
        return Asked(message, received, digest, setting, origin, partner, now)
