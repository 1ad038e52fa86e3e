"""How a scenario spoils messages: those that the department is sent, and those that it sends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from protocols.ncip import Received, SchemeValue, problem, read, write
from protocols.ncip.base import Initiation, PlainResponse, Response, response_header
from protocols.ncip.circulation import RenewItemResponse, RequestItem, RequestItemResponse
from protocols.ncip.elements import Amount, Pending
from protocols.ncip.problems import GENERAL, SERVICES, ProblemType
from protocols.ncip.schemes import ItemUseRestrictionType
from server.department.scenario import Scenario, Step
from server.ncip.client import Line, Unanswered
from server.ncip.ill import number_of
from server.ncip.partners import Peer
from server.ncip.responder import NOBODY, Responder
from server.ncip.web import NoAnswer

FEE: Final = Amount(currency_code=SchemeValue("EUR"), monetary_value=150)
RESTRICTION: Final = ItemUseRestrictionType.IN_LIBRARY_USE_ONLY.pair


class Conduct:
    """Which steps of a scenario a message meets, and whether there is an outage."""

    def __init__(self, scenario: Scenario, reactor: Any) -> None:
        self._scenario = scenario
        self._reactor = reactor
        self._began = reactor.seconds()
        self._counts: Counter[tuple[bool, str]] = Counter()
        self._chance = Random(scenario.seed)  # noqa: S311 (chance in a simulation)

    @property
    def out(self) -> bool:
        """Whether there is an outage now."""
        now = self._reactor.seconds() - self._began
        return any(begin <= now < end for begin, end in self._scenario.outages)

    def met(self, service: str, *, out: bool) -> Sequence[Step]:
        """Count a message of *service*, and give the steps that it meets."""
        self._counts[out, service] += 1
        count = self._counts[out, service]
        return [
            step
            for step in self._scenario.steps
            if step.out is out
            and step.service in {"*", service}
            and step.nth in {0, count}
            and self._chance.random() < step.chance
        ]

    async def delay(self, steps: Sequence[Step]) -> None:
        """Wait as long as *steps* say."""
        for step in steps:
            if step.action == "delay":
                await deferLater(self._reactor, step.seconds)


def _has(steps: Sequence[Step], action: str) -> bool:
    return any(step.action == action for step in steps)


class ScriptedResponder:
    """A responder that does what the scenario says, and else what ours does; *pends* is told of what item a renewal is left pending."""

    def __init__(self, responder: Responder, conduct: Conduct, pends: Callable[[str], Awaitable[None]]) -> None:
        self._responder = responder
        self._conduct = conduct
        self._pends = pends

    @property
    def ready(self) -> bool:
        """Whether questions are answered."""
        return not self._conduct.out and self._responder.ready

    def answer(self, body: bytes, charset: str | None = None, peer: Peer = NOBODY) -> Deferred[bytes]:
        """Answer one document, or fail with `NoAnswer`."""
        return Deferred.fromCoroutine(self._answer(body, charset, peer))

    async def _answer(self, body: bytes, charset: str | None, peer: Peer) -> bytes:
        if self._conduct.out:
            raise NoAnswer
        received = read(body, charset=charset)
        message = received.message if isinstance(received, Received) else None
        steps = self._conduct.met(message.service if isinstance(message, Initiation) else "", out=False)
        await self._conduct.delay(steps)
        if _has(steps, "break"):
            raise NoAnswer
        if isinstance(received, Received) and isinstance(message, Initiation):
            for step in steps:
                said = _said(step, message)
                if isinstance(said, RenewItemResponse):
                    await self._pends(number_of(getattr(message, "item_id", None)))
                if said is not None:
                    return write(said, received.envelope)
        answer = await self._responder.answer(body, charset, peer)
        if _has(steps, "twice"):
            answer = await self._responder.answer(body, charset, peer)
        if _has(steps, "lose"):
            raise NoAnswer
        return answer


def _said(step: Step, message: Initiation) -> Response | None:
    """Give what is answered in place of what ours would answer, if a step says so."""
    header = response_header(message.initiation_header)
    if step.action == "refuse":
        allowed = SERVICES[message.service].own | GENERAL
        kind = next((each for each in allowed if each.value == step.problem), ProblemType.TEMPORARY_PROCESSING_FAILURE)
        told = problem(message.service, kind, "the scenario says so", "NCIPMessage")
        return PlainResponse(name=message.service, response_header=header, problem=(told,))
    if step.action == "pending" and message.service == "RenewItem":
        return RenewItemResponse(response_header=header, pending=Pending())
    if step.action == "conditions" and isinstance(message, RequestItem) and not _agreed(message):
        told = problem(
            "RequestItem", ProblemType.ELEMENT_RULE_VIOLATED, "there are conditions", "AcknowledgedFeeAmount"
        )
        return RequestItemResponse(
            response_header=header, problem=(told,), required_fee_amount=FEE, required_item_use_restriction_type=(RESTRICTION,)
        )  # fmt: skip
    return None


def _agreed(message: RequestItem) -> bool:
    fee, uses = message.acknowledged_fee_amount, message.acknowledged_item_use_restriction_type
    return fee is not None and fee.monetary_value == FEE.monetary_value and RESTRICTION.value in {u.value for u in uses}


class ScriptedLine(Line):
    """A line on which messages are late, lost or sent twice, as the scenario says."""

    def __init__(self, reactor: Any, conduct: Conduct) -> None:
        super().__init__(reactor)
        self._conduct = conduct

    async def post(self, endpoint: str, message: bytes, patience: int) -> Received:
        """Send *message*, or do with it what a step says. Raises `Unanswered`."""
        received = read(message)
        sent = received.message if isinstance(received, Received) else None
        steps = self._conduct.met(sent.service if isinstance(sent, Initiation) else "", out=True)
        await self._conduct.delay(steps)
        if self._conduct.out or _has(steps, "break"):
            raise Unanswered("the scenario breaks the line")
        answer = await super().post(endpoint, message, patience)
        if _has(steps, "twice"):
            answer = await super().post(endpoint, message, patience)
        if _has(steps, "lose"):
            raise Unanswered("the scenario loses the answer")
        return answer
