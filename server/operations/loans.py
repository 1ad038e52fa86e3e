"""What commands ask of loans, items and anomalies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from server.operations.patrons import at, library_of
from storage.circulation.checkin import CHECKIN, CheckinRequest, Mode
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.circulation.due import Due
from storage.circulation.marking import MARK, MarkRequest
from storage.circulation.recall import RECALL, RecallRequest
from storage.circulation.renew import RENEW, RenewRequest
from storage.circulation.renew_all import RENEW_ALL, RenewAllRequest
from storage.circulation.standing import STANDING, Finding, StandingRequest
from storage.circulation.tellings import SETTLE, SettleRequest
from storage.circulation.undo import UNDO, UndoRequest

if TYPE_CHECKING:
    from server.writing import Access
    from storage.circulation.acts import LoanAnswer
    from storage.refusals import Reason


def _codes(reasons: tuple[Reason, ...]) -> list[str]:
    return [reason.value for reason in reasons]


def due_text(due: Due | None) -> str | int | None:
    """Say when a loan ends, as JSON has it: a day, or an instant in seconds."""
    return None if due is None else due.on or due.at


def _loan(answer: LoanAnswer) -> dict[str, Any]:
    return {
        "refused": _codes(answer.reasons),
        "barcode": answer.barcode,
        "title": answer.item.row.title if answer.item is not None else None,
        "due": due_text(answer.due),
        "loan": answer.loan_id,
        "renewals": answer.renewals,
        "renewed": answer.renewed,
    }


def _due(due: str | None) -> Due | None:
    return Due(due) if due is not None else None


def _instant(access: Access, library: str, local: str | None) -> int | None:
    """Return the instant of a *local* time (ISO text) at a library."""
    if local is None:
        return None
    zone = library_of(access.network, library).zone
    return int(datetime.fromisoformat(local).replace(tzinfo=zone).timestamp())


def checkout(
    access: Access,
    *,
    library: str,
    card: str,
    barcode: str,
    due: str | None,
    done_at: str | None = None,
    force: bool = False,
) -> dict[str, Any]:
    """Lend an item; with *done_at*, a local time, note that it was lent."""
    request = CheckoutRequest(
        card,
        barcode,
        at(access, library),
        force=force,
        done_at=_instant(access, library, done_at),
        offline=done_at is not None,
        due=_due(due),
    )
    return _loan(access.act(CHECKOUT, request))


def renew(access: Access, *, library: str, card: str, barcode: str, due: str | None, **more: Any) -> dict[str, Any]:
    """Renew a loan; *more* are fields of `RenewRequest`."""
    return _loan(access.act(RENEW, RenewRequest(card, barcode, at(access, library), due=_due(due), **more)))


def renew_all(access: Access, *, library: str, card: str, force: bool) -> dict[str, Any]:
    """Renew all that a reader has."""
    answer = access.act(RENEW_ALL, RenewAllRequest(card, at(access, library), force=force))
    return {"refused": _codes(answer.reasons), "loans": [_loan(loan) for loan in answer.loans]}


def checkin(
    access: Access, *, library: str, barcode: str, mode: str, returned_at: str | None = None, force: bool = False
) -> dict[str, Any]:
    """Take an item in; *returned_at* is the local time at which the reader gave it back."""
    at_time = _instant(access, library, returned_at)
    answer = access.act(CHECKIN, CheckinRequest(barcode, at(access, library), at_time, Mode(mode), force=force))
    return {
        "refused": _codes(answer.reasons),
        "barcode": barcode,
        "title": answer.item.row.title if answer.item is not None else None,
        "was_on_loan": answer.was_on_loan,
        "alert": answer.alert.value if answer.alert is not None else None,
        "destination": answer.destination.code if answer.destination is not None else None,
        "hold": answer.hold_id,
        "shelf_until": answer.shelf_until,
        "remarks": _codes(answer.remarks),
        "used": answer.used,
    }


def stand(access: Access, *, library: str, barcode: str, finding: str, card: str) -> dict[str, Any]:
    """Declare how a loan stands."""
    request = StandingRequest(barcode, Finding(finding), at(access, library), card)
    answer = access.act(STANDING, request)
    return {"refused": _codes(answer.reasons), "loan": answer.loan_id}


def recall(access: Access, *, library: str, barcode: str, by: str | None) -> dict[str, Any]:
    """Want an item on loan back."""
    answer = access.act(RECALL, RecallRequest(barcode, at(access, library), by))
    return {"refused": _codes(answer.reasons), "barcode": barcode, "due": due_text(answer.due)}


def undo(access: Access, *, library: str, barcode: str, act: Any) -> dict[str, Any]:
    """Take an item's last act back."""
    answer = access.act(UNDO, UndoRequest(barcode, act, at(access, library)))
    return {"refused": _codes(answer.reasons), "undone": answer.undone, "loan": answer.loan_id}


def mark(access: Access, *, library: str, barcode: str, condition: Any, **more: Any) -> dict[str, Any]:
    """Say in what condition an item is; *more* are fields of `MarkRequest`."""
    answer = access.act(MARK, MarkRequest(barcode, condition, at(access, library), **more))
    return {"refused": _codes(answer.reasons)}


def settle(access: Access, *, library: str, anomaly: int, by: str) -> dict[str, Any]:
    """Note that staff have looked at an anomaly."""
    return {"refused": _codes(access.act(SETTLE, SettleRequest(anomaly, at(access, library), by)))}


OPERATIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "loan.checkout": checkout,
    "loan.checkin": checkin,
    "loan.renew": renew,
    "loan.renew-all": renew_all,
    "loan.stand": stand,
    "loan.recall": recall,
    "loan.undo": undo,
    "item.mark": mark,
    "anomaly.settle": settle,
}
