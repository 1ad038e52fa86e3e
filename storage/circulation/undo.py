"""Undo: the last check-out, renewal or check-in of an item is taken back as if it had not been (SIP2 BI, NCIP UndoCheckOutItem).

What an act changed stands in its journal row; `_Undoing` reads it and gives back loan, due date, hold, transit, condition
and place. Only the act that was the item's last, of the same actor, and a short while ago, can be undone. What was written
in the journal stays, and the undoing is written after it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from sqlalchemy import bindparam, case, cast, delete, func, insert, literal_column, null, select, update

from storage.circulation import facts, writes
from storage.circulation.accounts import Item, find_item, find_patron
from storage.circulation.due import Due, link_expiry, local_day
from storage.circulation.losses import blocked
from storage.refusals import Reason
from storage.schema import (
    barcode,
    hold,
    item,
    journal,
    loan,
    notice,
    past_hold,
    past_hold_reader,
    past_loan,
    past_loan_reader,
    supersession,
    transit,
)
from storage.statements import Statement
from storage.usecase import Decision, Entry, Origin, UseCase

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from storage.network.network import Library, Network
    from storage.statements import Call, Row, Steps

WINDOW: Final = 600
"""For how many seconds an act can be undone."""
_LOOK_BACK: Final = 5000  # Journal rows: more than a network of this size writes in the window.


@dataclass(frozen=True, slots=True)
class UndoRequest:
    """Take back the last act on *barcode*: its check-out or renewal, or its check-in; with a *card*, only that reader's."""

    barcode: str
    act: Literal["checkout", "checkin"]
    origin: Origin
    card: str = field(default="", repr=False)
    window: int = WINDOW


class UndoAnswer(NamedTuple):
    """What came of it. *reasons* is empty when the act is undone; *undone* names it. *patron_id* has or had the loan.

    *due* is when a loan that is open again is due.
    """

    reasons: tuple[Reason, ...]
    barcode: str
    item: Item | None = None
    undone: str = ""
    loan_id: int | None = None
    patron_id: int | None = None
    due: Due | None = None

    @property
    def ok(self) -> bool:
        """Whether the act is undone."""
        return not self.reasons


class Last(NamedTuple):
    """The last journal row of an item."""

    item_id: int
    at: int
    act: str
    channel: str
    actor: str
    loan_id: int | None
    hold_id: int | None
    detail: str

    @property
    def changed(self) -> dict[str, str]:
        """What the act changed: name -> what it was before."""
        return dict(word.split("=", 1) for word in self.detail.split() if "=" in word)

    def day(self, library: Library) -> date:
        """Return the local day from which the link to the reader of what the act ended is counted."""
        return local_day(int(self.changed.get("in", self.at)), library.zone)


_LAST: Final = Statement(
    "last acts on item",
    select(
        journal.c.item_id, journal.c.at, journal.c.act, journal.c.channel, journal.c.actor, journal.c.loan_id,
        journal.c.hold_id, journal.c.detail,
    )
    .join_from(journal, barcode, barcode.c.item_id == journal.c.item_id)
    .where(
        barcode.c.number == bindparam("number"),
        journal.c.act.not_like(literal_column("'record-%'")),  # its title was merged: nothing was done with the item
        journal.c.seq > select(func.max(journal.c.seq)).scalar_subquery() - literal_column(str(_LOOK_BACK)),
    )
    .order_by(journal.c.seq.desc())
    .limit(literal_column("20")),
    "number",
)  # fmt: skip
_READER: Final = Statement(
    "reader of past loan",
    select(past_loan_reader.c.patron_id, past_loan.c.due_on, past_loan.c.due_at)
    .join_from(past_loan_reader, past_loan, past_loan.c.id == past_loan_reader.c.loan_id)
    .where(past_loan_reader.c.expires_on == bindparam("expires"), past_loan_reader.c.loan_id == bindparam("loan")),
    "expires", "loan",
)  # fmt: skip

# --- writes --------------------------------------------------------------------------------------------------------------

_KEPT: Final = ("id", "item_id", "library_id", "item_type_id", "channel", "out_at", "due_on", "due_at", "renewals")
_REOPEN_LOAN: Final = Statement(
    "reopen loan",
    insert(loan).from_select(
        [*_KEPT, "patron_id", "state", "state_on"],
        select(
            *(past_loan.c[column] for column in _KEPT),
            cast(bindparam("patron"), loan.c.patron_id.type),
            case(
                (past_loan.c.state == literal_column("'found-claimed'"), literal_column("'claimed'")),
                (past_loan.c.state == literal_column("'found-lost'"), literal_column("'lost'")),
                else_=literal_column("'open'"),
            ),
            cast(bindparam("today"), loan.c.state_on.type),
        ).where(past_loan.c.id == bindparam("loan")),
    ),
    "patron", "today", "loan",
)  # fmt: skip
_FORGET_READER: Final = Statement(
    "drop reader of past loan",
    delete(past_loan_reader).where(
        past_loan_reader.c.expires_on == bindparam("expires"), past_loan_reader.c.loan_id == bindparam("loan")
    ),
    "expires", "loan",
)  # fmt: skip
_FORGET_LOAN: Final = Statement(
    "drop past loan", delete(past_loan).where(past_loan.c.id == bindparam("loan")), "loan", guarded=True
)
_ENDED: Final = (
    "id", "record_id", "target_item_id", "volume", "pickup_id", "channel", "requested_at", "shelved_at", "shelf_slot",
    "promised_on",
)  # fmt: skip
_MERGED_INTO: Final = (
    select(supersession.c.by_id).where(supersession.c.record_id == past_hold.c.record_id).scalar_subquery()
)
_TITLE: Final = func.coalesce(_MERGED_INTO, past_hold.c.record_id)
"""The title of a hold that has ended may have been merged into another since."""
_REOPEN_HOLD: Final = Statement(
    "reopen hold",
    insert(hold).from_select(
        [*_ENDED, "patron_id", "state", "item_id", "shelf_until", "expires_on", "priority"],
        select(
            *(past_hold.c[column] if column != "record_id" else _TITLE for column in _ENDED),
            cast(bindparam("patron"), hold.c.patron_id.type),
            cast(bindparam("stands"), hold.c.state.type),
            cast(bindparam("item"), hold.c.item_id.type),
            cast(bindparam("until"), hold.c.shelf_until.type),
            cast(bindparam("expires"), hold.c.expires_on.type),
            cast(bindparam("rank"), hold.c.priority.type),
        ).where(past_hold.c.id == bindparam("hold")),
    ),
    "patron", "stands", "item", "until", "expires", "rank", "hold",
)  # fmt: skip
_FORGET_HOLD_READER: Final = Statement(
    "drop reader of past hold",
    delete(past_hold_reader).where(
        past_hold_reader.c.expires_on == bindparam("expires"), past_hold_reader.c.hold_id == bindparam("hold")
    ),
    "expires", "hold",
)  # fmt: skip
_FORGET_HOLD: Final = Statement(
    "drop past hold", delete(past_hold).where(past_hold.c.id == bindparam("hold")), "hold", guarded=True
)
_STAND_HOLD: Final = Statement(
    "hold stands as before",
    update(hold)
    .where(hold.c.id == bindparam("hold"))
    .values(state=bindparam("state"), shelf_until=bindparam("until"), shelved_at=null()),
    "hold", "state", "until",
    guarded=True,
)  # fmt: skip
_UNTELL: Final = Statement(
    "take back notice of hold",
    delete(notice).where(
        notice.c.hold_id == bindparam("hold"), notice.c.at == bindparam("at"), notice.c.sent_at.is_(None)
    ),
    "hold", "at",
)  # fmt: skip
_UNSEND: Final = Statement(
    "take back transit", delete(transit).where(transit.c.id == bindparam("transit")), "transit", guarded=True
)
_REOPEN_TRANSIT: Final = Statement(
    "reopen transit",
    update(transit)
    .where(transit.c.id == bindparam("transit"))
    .values(received_at=null(), received_id=null(), state=literal_column("'created'")),
    "transit",
    guarded=True,
)
_CONDITION: Final = Statement(
    "condition as before",
    update(item).where(item.c.id == bindparam("item")).values(condition=bindparam("condition")),
    "item", "condition",
)  # fmt: skip


class UndoFacts(NamedTuple):
    """Rows: the item, its last acts, the reader who asks, and who had a returned item on loan."""

    item: list[Row]
    last: list[Row]
    patron: list[Row]
    reader: list[Row]


def gather(request: UndoRequest, network: Network) -> Steps[UndoFacts]:
    """Lock the item and the holds for it; read its last acts, and in a second step who had what was returned."""
    _, _, item_rows, last, patron = yield [
        facts.LOCK_ITEM(request.barcode),
        facts.LOCK_HOLDS(request.barcode),
        facts.ITEM(request.barcode),
        _LAST(request.barcode),
        facts.PATRON(request.card),
    ]
    reader: Sequence[Row] = []
    returned = next((act for act in map(Last._make, last) if act.act == "checkin"), None)
    if request.act == "checkin" and returned is not None and returned.loan_id is not None:
        day = returned.day(network.libraries[request.origin.library_id])
        (reader,) = yield [_READER(link_expiry(day), returned.loan_id)]
    return UndoFacts(list(item_rows), list(last), list(patron), list(reader))


def decide(request: UndoRequest, found: UndoFacts, network: Network, now: int) -> Decision[UndoAnswer]:
    """Decide to take an act back, or say that there is none."""
    here = network.libraries[request.origin.library_id]
    what = find_item(network, found.item, here.namespace)
    if isinstance(what, Reason):
        return Decision(UndoAnswer((what,), request.barcode))
    last = next((act for act in map(Last._make, found.last) if act.item_id == what.row.id), None)
    origin = request.origin
    if last is None or (last.channel, last.actor) != (origin.channel, origin.actor) or now - last.at > request.window:
        return _refused(request, what, Reason.NOTHING_TO_UNDO)
    if last.act == f"undo-{request.act}":  # Asked a second time.
        return Decision(
            UndoAnswer((Reason.NOTHING_TO_UNDO,), request.barcode, what), repeats=f"undo:{last.loan_id}:{last.at}"
        )
    undoing = _Undoing(network, what, here, last, now)
    if request.card:
        patron = find_patron(network, found.patron, here.namespace, local_day(now, here.zone).isoformat())
        if isinstance(patron, Reason):
            return _refused(request, what, patron)
        if request.act == "checkout" and patron.row.id != what.row.loan_patron_id:
            return _refused(request, what, Reason.NOT_ON_LOAN_TO_PATRON)
    patron_id, due = what.row.loan_patron_id, None
    if request.act == "checkin":
        patron_id, due = (found.reader[0][0], Due(*found.reader[0][1:])) if found.reader else (None, None)
    if not undoing.undo(request.act, patron_id):
        return _refused(request, what, Reason.NOTHING_TO_UNDO)
    return Decision(
        UndoAnswer((), request.barcode, what, last.act, last.loan_id, patron_id, due),
        tuple(undoing.writes),
        (Entry(f"undo-{request.act}", here.id, what.row.id, last.loan_id, last.hold_id, detail=f"of={last.act}"),),
        effect=f"undo:{last.loan_id}:{now}",
    )


def _refused(request: UndoRequest, what: Item, reason: Reason) -> Decision[UndoAnswer]:
    return Decision(UndoAnswer((reason,), request.barcode, what))


@dataclass(slots=True)
class _Undoing:
    """The last act of an item being taken back."""

    network: Network
    item: Item
    here: Library
    last: Last
    now: int
    writes: list[Call] = field(default_factory=list)

    def undo(self, act: str, patron_id: int | None) -> bool:
        """Take the act back; False when it cannot be: it was another, or more hangs on it."""
        changed, row = self.last.changed, self.item.row
        if "ended" in changed or "at" in changed:  # It ended another's loan, or was told late: that is for staff.
            return False
        if act == "checkin":
            return self.last.act == "checkin" and self._checkin(changed, patron_id)
        if self.last.loan_id != row.loan_id or row.loan_state != "open":
            return False
        if self.last.act == "renew":
            return self._renewal(changed)
        return self.last.act == "checkout" and self._checkout(changed, patron_id)

    def _renewal(self, changed: dict[str, str]) -> bool:
        row, was = self.item.row, changed["was"]
        on, at = (None, int(was[1:])) if was.startswith("@") else (was, None)
        self.writes.append(writes.RENEW(row.loan_id, on, at, (row.renewals or 1) - 1, changed["day"] or None))
        return True

    def _checkout(self, changed: dict[str, str], patron_id: int | None) -> bool:
        row = self.item.row
        self.writes.append(writes.CLOSE(row.loan_id, row.loan_state))
        if self.last.hold_id is not None:
            state, until, expires, priority = changed["hold"].split(":")
            day = self.last.day(self.here)
            held = None if state == "waiting" else row.id
            self.writes += [
                _FORGET_HOLD_READER(link_expiry(day), self.last.hold_id),
                _REOPEN_HOLD(patron_id, state, held, until or None, expires or None, int(priority), self.last.hold_id),
                _FORGET_HOLD(self.last.hold_id),
            ]
        self._as_it_was(changed)
        return True

    def _checkin(self, changed: dict[str, str], patron_id: int | None) -> bool:
        row, last = self.item.row, self.last
        if row.loan_id is not None or (last.loan_id is not None and patron_id is None):
            return False
        if row.transit_id is not None and row.sent_at == last.at:
            self.writes.append(_UNSEND(row.transit_id))
        if last.hold_id is not None and "hold" in changed:
            self.writes.append(_UNTELL(last.hold_id, last.at))
            state, until = changed["hold"].split(":")
            back = (
                writes.PUT_BACK(last.hold_id) if state == "waiting" else _STAND_HOLD(last.hold_id, state, until or None)
            )
            self.writes.append(back)
        if last.loan_id is not None and patron_id is not None:
            day = last.day(self.here)
            self.writes += [
                _FORGET_READER(link_expiry(day), last.loan_id),
                _REOPEN_LOAN(patron_id, day.isoformat(), last.loan_id),
                _FORGET_LOAN(last.loan_id),
            ]
            if changed.get("stood") == "lost":
                self.writes += blocked(patron_id, day.isoformat())
        self._as_it_was(changed)
        return True

    def _as_it_was(self, changed: dict[str, str]) -> None:
        row = self.item.row
        if "transit" in changed:
            self.writes.append(_REOPEN_TRANSIT(int(changed["transit"])))
        if "found" in changed:
            self.writes.append(_CONDITION(row.id, changed["found"]))
        if "from" in changed:
            self.writes.append(writes.MOVE(row.id, int(changed["from"])))


UNDO: Final = UseCase(
    name="undo",
    gather=gather,
    decide=decide,
    keys=lambda request: (f"item:{request.barcode}",),
    failed=lambda request, code: UndoAnswer((Reason(code),), request.barcode),
)
