"""The convention between a commune and the network, as facts in time: what it is on a day, and what comes next.

Pure functions of a `Membership` and a day; days are ISO texts, as the store has them, and begin at midnight in Paris (S-28,
`legal_day`). Reaching a date never changes what the libraries may do: services have dates of their own
(`storage.network.network.Library.offers`), which people set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from storage.circulation.due import add_months, local_day

ZONE: Final = ZoneInfo("Europe/Paris")
NOTICE_MONTHS: Final = 3
ALARM_MONTHS: Final = (12, 6, 3, 1)
"""How many months before the end of a convention its parties are told (S-28, domain.md 8.1)."""
LAST_DAY: Final = "2029-12-31"
"""The end of the network's model convention (S-28)."""


class Stage(Enum):
    """Where a convention is in its life (domain.md 2.2)."""

    DRAFT = "draft"
    DELIBERATED = "deliberated"
    SIGNED = "signed"
    ACTIVE = "active"
    DENOUNCED = "denounced"
    LEAVING = "leaving"
    EXPIRED = "expired"
    RENEWED = "renewed"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Membership:
    """A convention of a commune. Days are None as long as what they are about has not happened.

    *ends_on* is its last day. *denounced_on* is when the notice was received, from *denounced_by*, who invoked *clause*;
    *withdrawn_on* when that was taken back. *left_on* is the first day after the commune's exit, which people set.
    """

    convention: str = ""
    deliberated_on: str | None = None
    signed_on: str | None = None
    notified_on: str | None = None
    ends_on: str | None = None
    denounced_on: str | None = None
    denounced_by: str | None = None
    clause: str | None = None
    evidence: str | None = None
    withdrawn_on: str | None = None
    left_on: str | None = None


class Anniversary(NamedTuple):
    """A day on which a convention may end early, and the last day to receive notice of it."""

    day: str
    notice_by: str


class Alarm(NamedTuple):
    """A day on which people must be told, of what."""

    day: str
    what: str


class Exit(NamedTuple):
    """The days of a commune's exit that takes effect on *effective* (domain.md 8.2).

    From *freeze* (P1) no other library's holds come to its items, and what it lends elsewhere is due by *gather*; from *recall*
    (P2) renewals too; from *gather* (P3) its items are sent home and nothing new is fetched at its libraries.
    """

    effective: str
    freeze: str
    recall: str
    gather: str


def legal_day(now: int) -> str:
    """Return the day at *now*, in seconds since 1970 UTC, where conventions are counted: it begins at midnight in Paris."""
    return local_day(now, ZONE).isoformat()


def months_before(day: str, months: int) -> str:
    """Return the same day number *months* earlier, or the last of a month that is shorter (S-30)."""
    return add_months(date.fromisoformat(day), -months).isoformat()


def anniversaries(membership: Membership) -> Iterator[Anniversary]:
    """Yield the anniversaries of the notification up to the convention's last day.

    None for a convention that was not notified, or less than a year before its end: then the end alone counts (S-30).
    """
    if membership.notified_on is None:
        return
    notified = date.fromisoformat(membership.notified_on)
    end = membership.ends_on or LAST_DAY
    for years in range(1, date.max.year - notified.year):
        day = add_months(notified, 12 * years).isoformat()
        if day > end:
            return
        yield Anniversary(day, months_before(day, NOTICE_MONTHS))


def next_anniversary(membership: Membership, received: str) -> Anniversary | None:
    """Return the first anniversary that notice *received* on a day can end the convention on."""
    return next((each for each in anniversaries(membership) if each.notice_by >= received), None)


def is_denounced(membership: Membership, day: str) -> bool:
    """Tell whether a denunciation stands on *day*."""
    received, withdrawn = membership.denounced_on, membership.withdrawn_on
    return received is not None and received <= day and (withdrawn is None or withdrawn > day)


def effective_day(membership: Membership) -> str | None:
    """Return the day that a denunciation that was not withdrawn takes effect on: always an anniversary."""
    if membership.denounced_on is None or membership.withdrawn_on is not None:
        return None
    found = next_anniversary(membership, membership.denounced_on)
    return found.day if found is not None else None


def stage(membership: Membership, day: str, *, renewed: bool = False) -> Stage:
    """Return where *membership* is on *day*; *renewed* when a later convention of the commune is in force by then."""
    if membership.left_on is not None and membership.left_on <= day:
        return Stage.LEFT
    if membership.notified_on is None or membership.notified_on > day:
        if membership.signed_on is not None and membership.signed_on <= day:
            return Stage.SIGNED
        deliberated = membership.deliberated_on is not None and membership.deliberated_on <= day
        return Stage.DELIBERATED if deliberated else Stage.DRAFT
    if renewed:
        return Stage.RENEWED
    if is_denounced(membership, day):
        effective = effective_day(membership)
        return Stage.LEAVING if effective is not None and effective <= day else Stage.DENOUNCED
    return Stage.EXPIRED if (membership.ends_on or LAST_DAY) < day else Stage.ACTIVE


def current(memberships: Iterable[Membership], day: str) -> Membership | None:
    """Return the convention that counts on *day*: the latest notified one, else the one that is being prepared."""
    found = None
    for membership in memberships:
        begun = membership.notified_on is not None and membership.notified_on <= day
        rank = (begun, membership.notified_on or "")
        if found is None or rank > found[0]:
            found = rank, membership
    return found[1] if found is not None else None


def exit_of(membership: Membership) -> Exit | None:
    """Return the days of the exit that a standing denunciation leads to, or that was decided at the end."""
    effective = membership.left_on or effective_day(membership)
    return exit_on(effective) if effective is not None else None


def exit_on(effective: str) -> Exit:
    """Return the days of an exit that takes effect on *effective*."""
    day = date.fromisoformat(effective)
    return Exit(effective, *((day - timedelta(days=before)).isoformat() for before in (90, 45, 14)))


def alarms(membership: Membership) -> tuple[Alarm, ...]:
    """Return when the parties are told, in order: before the end, at it, and at the phases of an exit."""
    if membership.notified_on is None:
        return ()
    end = membership.ends_on or LAST_DAY
    found = [Alarm(months_before(end, months), f"ends-in-{months}-months") for months in ALARM_MONTHS]
    found.append(Alarm((date.fromisoformat(end) + timedelta(days=1)).isoformat(), "expired"))
    leaving = exit_of(membership)
    if leaving is not None:
        found += [Alarm(getattr(leaving, phase), phase) for phase in ("freeze", "recall", "gather", "effective")]
    return tuple(sorted(found))


def reached(membership: Membership, day: str) -> Alarm | None:
    """Return the last alarm by *day*: what people must know of the convention as long as nothing is done about it."""
    if membership.left_on is not None and membership.left_on <= day:
        return None
    return next((alarm for alarm in reversed(alarms(membership)) if alarm.day <= day), None)


# --- what may be noted ---------------------------------------------------------------------------------------------------


class Objection(Enum):
    """Why a convention cannot be changed as asked; the value is for programs."""

    UNKNOWN_COMMUNE = "unknown-commune"
    NOT_NOTIFIED = "not-notified"
    NOTIFIED_ALREADY = "notified-already"
    DENOUNCED_ALREADY = "denounced-already"
    NOT_DENOUNCED = "not-denounced"
    NO_ANNIVERSARY = "no-anniversary"
    TOO_EARLY = "too-early"
    TOO_LATE = "too-late"
    NOT_YET = "not-yet"
    LEFT_ALREADY = "left-already"
    ENDS_BEFORE = "ends-before-it-begins"


OBJECTIONS: Final[dict[Objection, tuple[str, str]]] = {
    Objection.UNKNOWN_COMMUNE: ("Cette commune n'est pas du réseau.", "There is no such commune in the network."),
    Objection.NOT_NOTIFIED: ("La convention n'est pas notifiée.", "The convention was not notified."),
    Objection.NOTIFIED_ALREADY: ("La convention est déjà notifiée.", "The convention is notified already."),
    Objection.DENOUNCED_ALREADY: ("La convention est déjà dénoncée.", "The convention is denounced already."),
    Objection.NOT_DENOUNCED: ("La convention n'est pas dénoncée.", "The convention is not denounced."),
    Objection.NO_ANNIVERSARY: (
        "Plus aucun anniversaire à trois mois : seul le terme s'applique.",
        "No anniversary is three months away any more: only its end applies.",
    ),
    Objection.TOO_EARLY: ("Ce jour précède l'acte dont il dépend.", "That day is before the act that it follows from."),
    Objection.TOO_LATE: ("La dénonciation a déjà pris effet.", "The denunciation has taken effect already."),
    Objection.NOT_YET: (
        "Une sortie attend l'effet de la dénonciation, ou le terme de la convention.",
        "An exit waits for the effect of the denunciation, or for the end of the convention.",
    ),
    Objection.LEFT_ALREADY: ("La commune est déjà sortie du réseau.", "The commune has left the network already."),
    Objection.ENDS_BEFORE: ("Le terme précède la notification.", "The end is before the notification."),
}
"""Objection -> (French, English)."""


def against_notifying(membership: Membership | None, day: str, ends_on: str) -> Objection | None:
    """Say what forbids notifying *membership* (None: a new convention) on *day*."""
    if membership is not None and membership.notified_on is not None:
        return Objection.NOTIFIED_ALREADY
    return Objection.ENDS_BEFORE if ends_on < day else None


def against_denouncing(membership: Membership | None, received: str) -> Objection | None:
    """Say what forbids a denunciation that is *received* on a day."""
    if membership is None or membership.notified_on is None:
        return Objection.NOT_NOTIFIED
    if membership.left_on is not None:
        return Objection.LEFT_ALREADY
    if membership.denounced_on is not None and membership.withdrawn_on is None:
        return Objection.DENOUNCED_ALREADY
    if received < membership.notified_on:
        return Objection.TOO_EARLY
    return Objection.NO_ANNIVERSARY if next_anniversary(membership, received) is None else None


def against_withdrawing(membership: Membership | None, day: str) -> Objection | None:
    """Say what forbids taking a denunciation back on *day*."""
    if membership is None or membership.denounced_on is None or membership.withdrawn_on is not None:
        return Objection.NOT_DENOUNCED
    if membership.left_on is not None:
        return Objection.LEFT_ALREADY
    if day < membership.denounced_on:
        return Objection.TOO_EARLY
    effective = effective_day(membership)
    return Objection.TOO_LATE if effective is not None and effective <= day else None


def against_leaving(membership: Membership | None, day: str) -> Objection | None:
    """Say what forbids an exit on *day*: it waits for the denunciation's effect, or for the day after the end."""
    if membership is None or membership.notified_on is None:
        return Objection.NOT_NOTIFIED
    if membership.left_on is not None:
        return Objection.LEFT_ALREADY
    earliest = effective_day(membership)
    if earliest is None:
        earliest = (date.fromisoformat(membership.ends_on or LAST_DAY) + timedelta(days=1)).isoformat()
    return Objection.NOT_YET if day < earliest else None
