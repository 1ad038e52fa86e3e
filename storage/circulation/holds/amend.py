"""Several changes of one hold at once: all are made, or none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, literal_column, select

from storage.circulation.holds.answers import HoldAnswer, HoldFacts, HoldRequest, failed, gather
from storage.circulation.holds.change import CHANGE_PICKUP, SUSPEND_HOLD, PickupRequest, SuspendRequest
from storage.circulation.holds.needed import CHANGE_NEEDED, NeededRequest
from storage.schema import card, hold
from storage.statements import Statement
from storage.usecase import Decision, Entry, UseCase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.network.network import Network
    from storage.statements import Call, Steps

_CARD_OF: Final = Statement(
    "card of hold",
    select(card.c.number)
    .join_from(hold, card, card.c.patron_id == hold.c.patron_id)
    .where(
        hold.c.id == bindparam("hold"),
        hold.c.channel == bindparam("channel"),
        hold.c.actor == bindparam("actor"),
        card.c.is_primary == literal_column("1"),
        card.c.status == literal_column("'active'"),
    ),
    "hold", "channel", "actor",
)  # fmt: skip


def card_of(hold_id: int, channel: str, actor: str) -> Steps[str | None]:
    """Read the card of whom a hold is for, if it was placed through *channel* by *actor*."""
    (found,) = yield [_CARD_OF(hold_id, channel, actor)]
    return str(found[0][0]) if found else None


@dataclass(frozen=True, slots=True)
class AmendRequest(HoldRequest):
    """Fetch the hold's item at *pickup_id*, need it until *needed_by*, wait for it from *from_on* (ISO days); None leaves it."""

    pickup_id: int | None = None
    needed_by: str | None = None
    from_on: str | None = None

    def parts(self) -> Iterator[tuple[UseCase[Any, HoldFacts, HoldAnswer], HoldRequest]]:
        """Give the acts that this one is made of."""
        named = (self.origin, self.hold_id, self.card, self.pin, self.barcode, self.record_id)
        if self.needed_by is not None:
            yield CHANGE_NEEDED, NeededRequest(*named, until=self.needed_by)
        if self.from_on is not None:
            yield SUSPEND_HOLD, SuspendRequest(*named, until=self.from_on)
        if self.pickup_id is not None:
            yield CHANGE_PICKUP, PickupRequest(*named, pickup_id=self.pickup_id)


def decide(request: AmendRequest, found: HoldFacts, network: Network, now: int) -> Decision[HoldAnswer]:
    """Decide each change; the first that is refused refuses them all."""
    written: list[Call] = []
    entries: list[Entry] = []
    answers: list[HoldAnswer] = []
    for usecase, part in request.parts():
        decision = usecase.decide(part, found, network, now)
        answers.append(decision.answer)
        if decision.answer.reasons:
            return decision
        written += decision.writes
        entries += decision.entries
    # The first knows until when, the last where.
    answer = replace(answers[-1], expires_on=answers[0].expires_on) if answers else HoldAnswer()
    return Decision(answer, tuple(written), tuple(entries))


AMEND_HOLD: Final = UseCase("amend hold", gather, decide, keys=lambda request: request.keys, failed=failed)
