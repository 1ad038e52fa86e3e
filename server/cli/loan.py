"""`bibliobus loan`: what is lent, taken back, renewed, claimed, lost and undone, from the command line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from server.cli.common import as_json, configured, explained, find_store
from server.cli.staff import at_library, day_of, do, ending, force, instant_of, say, show, since
from server.words import _

_MODES = ("return", "inventory", "in-house", "local", "private")
_SETTLED = ("open", "returned", "lost", "written-off")


@click.group(help=_("Lend items, take them back, and settle what goes wrong."))
def loan() -> None:
    """Look after loans."""


def _told(told: dict[str, Any], *, json_: bool) -> None:
    say(told, [_("{barcode} {title}: until {due}").format(**{**told, "due": ending(told["due"])})], json_=json_)


@loan.command(help=_("Lend an item to a reader."))
@click.argument("card", metavar="CARD")
@click.argument("barcode")
@force
@since
@click.option("--due", type=click.DateTime(["%Y-%m-%d"]), help=_("Last day of the loan, if not that of the rules."))
@at_library
def checkout(card: str, barcode: str, due: datetime | None, done_at: datetime | None, **more: Any) -> None:
    """Lend."""
    store, arguments = _split(more)
    told = do(
        "loan.checkout", store, card=card, barcode=barcode, due=day_of(due), done_at=instant_of(done_at), **arguments
    )
    _told(told, json_=store["json_"])


@loan.command(help=_("Take an item back, and tell where it goes."))
@click.argument("barcode")
@click.option("--mode", type=click.Choice(_MODES), default="return", help=_("What kind of scan it is."))
@force
@since
@at_library
def checkin(barcode: str, mode: str, done_at: datetime | None, **more: Any) -> None:
    """Take back."""
    store, arguments = _split(more)
    at = instant_of(done_at)
    told = do("loan.checkin", store, barcode=barcode, mode=mode, returned_at=at, **arguments)
    lines = [_("{barcode} {title}: taken in.").format(**told)]
    if told["destination"]:
        lines.append(_("Send it to {destination}.").format(**told))
    if told["shelf_until"]:
        lines.append(_("Put it aside until {shelf_until}.").format(**told))
    say(told, lines, json_=store["json_"])


@loan.command(help=_("Renew a reader's loan of an item, or all of them."))
@click.argument("card", metavar="CARD")
@click.argument("barcode", required=False)
@force
@at_library
def renew(card: str, barcode: str | None, **more: Any) -> None:
    """Renew."""
    from server.words import LANGUAGE
    from storage.refusals import Reason, sentence

    store, arguments = _split(more)
    if barcode is not None:
        _told(do("loan.renew", store, card=card, barcode=barcode, due=None, **arguments), json_=store["json_"])
        return
    told = do("loan.renew-all", store, card=card, **arguments)
    lines = []
    for one in told["loans"]:
        why = " ".join(sentence(Reason(code), LANGUAGE) for code in one["refused"])
        lines.append(f"{one['barcode']:16} {ending(one['due']):16} {why}".rstrip())
    say(told, lines or [_("Nothing.")], json_=store["json_"])


@loan.command(help=_("Note that a reader says to have returned an item."))
@click.argument("barcode")
@click.option("--card", default="", help=_("The reader's card, to be sure that the loan is theirs."))
@at_library
def claim(barcode: str, card: str, **more: Any) -> None:
    """Claim."""
    _stand(barcode, "claimed", card, more)


@loan.command(help=_("Note that an item on loan is lost: its reader is blocked until that is settled."))
@click.argument("barcode")
@click.option("--card", default="", help=_("The reader's card, to be sure that the loan is theirs."))
@at_library
def lost(barcode: str, card: str, **more: Any) -> None:
    """Lose."""
    _stand(barcode, "lost", card, more)


@loan.command(help=_("Settle a claim or a loss: the loan goes on, ends, or is lost for good."))
@click.argument("barcode")
@click.argument("finding", type=click.Choice(_SETTLED))
@at_library
def settle(barcode: str, finding: str, **more: Any) -> None:
    """Settle."""
    _stand(barcode, finding, "", more)


def _stand(barcode: str, finding: str, card: str, more: dict[str, Any]) -> None:
    store, arguments = _split(more)
    told = do("loan.stand", store, barcode=barcode, finding=finding, card=card, **arguments)
    say(told, [_("Done.")], json_=store["json_"])


@loan.command(help=_("Want an item on loan back before its date; the reader is told."))
@click.argument("barcode")
@click.option("--by", type=click.DateTime(["%Y-%m-%d"]), help=_("Day by which it is wanted."))
@at_library
def recall(barcode: str, by: datetime | None, **more: Any) -> None:
    """Recall."""
    store, arguments = _split(more)
    told = do("loan.recall", store, barcode=barcode, by=day_of(by), **arguments)
    say(told, [_("{barcode}: due {due}").format(barcode=barcode, due=ending(told["due"]))], json_=store["json_"])


@loan.command(help=_("Take back the last check-out (or renewal) or check-in of an item, if it was done here just now."))
@click.argument("barcode")
@click.argument("act", type=click.Choice(["checkout", "checkin"]))
@at_library
def undo(barcode: str, act: str, **more: Any) -> None:
    """Undo."""
    store, arguments = _split(more)
    told = do("loan.undo", store, barcode=barcode, act=act, **arguments)
    say(told, [_("Undone.")], json_=store["json_"])


@loan.command("list", help=_("List a library's loans that are late, claimed or lost; or all open ones."))
@click.option("--state", type=click.Choice(["late", "claimed", "lost", "open"]), default="late", help=_("Which ones."))
@click.option("--library", required=True, help=_("Library that lent."))
@click.option("--most", type=click.IntRange(1, 10_000), default=200, help=_("How many at most."))
@configured
@as_json
def list_(path: Path | None, data: Path | None, state: str, library: str, most: int, *, json_: bool) -> None:
    """List loans."""
    from server.operations.patrons import library_of
    from server.writing import looking
    from storage.circulation.lists import open_loans

    with explained():
        access = looking(find_store(path, data))
        found = access.read(open_loans, library_of(access.network, library), access.now(), state, most)
    rows = [
        {
            "barcode": one.barcode,
            "due": ending(one.due_on or one.due_at),
            "state": one.state,
            "since": one.state_on,
            "lent": datetime.fromtimestamp(one.out_at, tz=UTC).date().isoformat(),
            "renewals": one.renewals,
            "title": one.title,
        }
        for one in found
    ]
    show(rows, json_=json_)


def _split(more: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part what says which store from what is asked of it."""
    store = {name: more.pop(name) for name in ("path", "data", "json_")}
    return store, more
