"""Messages that wait for a partner: which may leave now, and what becomes of one that was tried.

They leave in order, request by request; one that cannot leave holds back those behind it. A partner that does not answer is tried
again after longer and longer pauses; what could not be brought over in a week is laid before staff.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import bindparam, func, literal_column, select, update

from storage.circulation.ill import rows
from storage.circulation.ill.events import Found, IllEvent, arrived
from storage.circulation.ill.lenders import take_up
from storage.circulation.ill.machine import Event
from storage.circulation.ill.rows import IllRow, row_of
from storage.schema import outbox
from storage.statements import Statement
from storage.usecase import Decision, Entry, Origin, UseCase

if TYPE_CHECKING:
    from storage.network.network import Network, Partner
    from storage.statements import Row, Steps

FIRST_PAUSE: Final = 30
LONGEST_PAUSE: Final = 6 * 3600
PATIENCE: Final = 7 * 86_400
"""Seconds: after the first failure, between two tries at most, and until staff are told."""
LATELY: Final = 14 * 86_400
"""Seconds for which staff are reminded of what reached nobody, once its request has ended."""


class Letter(NamedTuple):
    """A message that may leave now. *content* is what it says beside what the request knows."""

    id: int
    partner_id: int
    request_id: int
    service: str
    content: Mapping[str, Any]
    made_at: int
    tries: int


_WAITS: Final = outbox.c.state == literal_column("'waiting'")
_OTHERS: Final = outbox.alias("others")
DUE: Final = Statement(
    "messages that may leave",
    select(
        outbox.c.id, outbox.c.partner_id, outbox.c.request_id, outbox.c.service, outbox.c.content, outbox.c.made_at,
        outbox.c.tries,
    )
    .where(
        outbox.c.partner_id == bindparam("partner"),
        _WAITS,
        outbox.c.next_at <= bindparam("now"),
        outbox.c.id
        == select(func.min(_OTHERS.c.id))
        .where(_OTHERS.c.request_id == outbox.c.request_id, _OTHERS.c.state == literal_column("'waiting'"))
        .scalar_subquery(),
    )
    .order_by(outbox.c.id)
    .limit(bindparam("size")),
    "partner", "now", "size",
)  # fmt: skip
_ENDED: Final = Statement(
    "message ended",
    update(outbox)
    .where(outbox.c.id == bindparam("id"), _WAITS)
    .values(state=bindparam("state"), ended_at=bindparam("at"), trouble=bindparam("trouble")),
    "id", "state", "at", "trouble",
)  # fmt: skip
_AGAIN: Final = Statement(
    "message again",
    update(outbox)
    .where(outbox.c.id == bindparam("id"), _WAITS)
    .values(next_at=bindparam("next_at"), tries=bindparam("tries"), trouble=bindparam("trouble")),
    "id", "next_at", "tries", "trouble",
)  # fmt: skip


def due(now: int, partners: Sequence[int], size: int = 50) -> Steps[list[list[Letter]]]:
    """Read the messages that may leave to each of *partners*, by id: the oldest of each request.

    Each has its own, so that what waits for one that is away keeps nothing from the others.
    """
    found = yield [DUE(partner, now, size) for partner in partners]
    return [[Letter._make(row)._replace(content=json.loads(row[4])) for row in letters] for letters in found]


def request_of(letter: Letter) -> Steps[IllRow | None]:
    """Read the request that a message is about."""
    (found,) = yield [rows.BY_ID(letter.request_id)]
    return row_of(found[0]) if found else None


_UNDELIVERED: Final = Statement(
    "messages that reached nobody",
    select(outbox.c.request_id, outbox.c.service)
    .where(outbox.c.state == literal_column("'dead'"))
    .order_by(outbox.c.id),
)


def seen_to(now: int) -> Steps[tuple[list[IllRow], list[tuple[int, str]]]]:
    """Read all open requests with those that have ended without a partner's knowing it of late, and what reached nobody: request, service."""
    found, dead = yield [rows.SEEN_TO(now - LATELY, 10_000), _UNDELIVERED()]
    return [row_of(row) for row in found], [(number, service) for number, service in dead]


class Fate(Enum):
    """What became of a try: it was *sent*; it *failed* and is tried again; it never can be (*dead*); nobody needs it (*dropped*)."""

    SENT = "sent"
    FAILED = "failed"
    DEAD = "dead"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Tried:
    """A message was tried. *trouble* says what was wrong, without any reader."""

    letter: Letter
    fate: Fate
    origin: Origin
    trouble: str = ""


def pause(tries: int, salt: int, first: int = FIRST_PAUSE, longest: int = LONGEST_PAUSE) -> int:
    """Return the seconds until the next try: doubled each time, up to the longest, and a tenth apart for different messages."""
    seconds = min(longest, first << min(tries, 20))
    return seconds + salt % (seconds // 10 + 1)


def pauses_of(partner: Partner | None) -> tuple[int, int]:
    """Give the first and the longest pause for a partner: what its profile says, within those of the house."""
    said = partner.profile if partner is not None else {}
    first, longest = said.get("retry_first"), said.get("retry_longest")
    most = min(longest, LONGEST_PAUSE) if isinstance(longest, int) and longest > 0 else LONGEST_PAUSE
    return min(first if isinstance(first, int) and first > 0 else FIRST_PAUSE, most), most


def gather(request: Tried, _network: Network) -> Steps[list[Row]]:
    """Read the request that the message is about."""
    (found,) = yield [rows.BY_ID(request.letter.request_id)]
    return list(found)


def decide(request: Tried, found: list[Row], network: Network, now: int) -> Decision[Fate]:
    """Decide whether a message is tried again, and when."""
    letter, fate = request.letter, request.fate
    if fate is Fate.FAILED and now - letter.made_at > PATIENCE:
        fate = Fate.DEAD
    if fate is Fate.FAILED:
        at = now + pause(letter.tries, letter.id, *pauses_of(_partner_of(letter.partner_id, network)))
        return Decision(fate, (_AGAIN(letter.id, at, letter.tries + 1, request.trouble),))
    written = [_ENDED(letter.id, fate.value, now, request.trouble)]
    entries: tuple[Entry, ...] = ()
    if fate is Fate.DEAD and found:
        row = row_of(found[0])
        written.append(rows.alert(row, "ill-undelivered", now))
        entries = (Entry("ill-undelivered", row.pickup_id, row.item_id, None, row.hold_id, letter.service),)
        goes_on = _go_on(row, letter, network, now)
        written += goes_on.writes
        entries += goes_on.entries
    return Decision(fate, tuple(written), entries)


def _partner_of(partner_id: int, network: Network) -> Partner | None:
    return next((each for each in network.partners.values() if each.id == partner_id), None)


def _go_on(row: IllRow, letter: Letter, network: Network, now: int) -> Decision[Any]:
    """Take a lender that a request never reached for one that cannot fill it, where there is another to ask."""
    partner = _partner_of(row.partner_id, network)
    if letter.service != "RequestItem" or partner is None or take_up(row, network, partner, now) is None:
        return Decision(None)
    origin = Origin("job", "ill", row.pickup_id)
    refused = IllEvent(Event.REFUSED, partner.agency, origin, row.agency, row.number, reason="never reached")
    return arrived(refused, row, Found([], [], [], []), network, now)


TRIED: Final = UseCase(
    name="ill-tried",
    gather=gather,
    decide=decide,
    keys=lambda request: (f"letter:{request.letter.id}",),
    failed=lambda request, _code: request.fate,
)
