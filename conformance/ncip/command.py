"""`python -m conformance ncip URL`: judges an NCIP responder, whoever's it is; with `--listen`, an initiator.

Every answer is held against the content models (`conformance.ncip.judge`); of the library nothing is known beforehand but what the
options tell: the agency that asks, a reader, items.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from conformance.checks import Checks
from conformance.kit import Kit
from conformance.ncip import forms, loans, lookups, services, transport
from conformance.ncip.initiator import HEARD, heard_results
from conformance.ncip.listener import Ear, listen
from conformance.ncip.schemas import NoSchemas, validator
from conformance.ncip.session import Session
from conformance.results import Result

CHECKS: Final[Checks[Session]] = Checks.of(services, lookups, forms, loans, transport)
_MORE: Final = """\
The reader must be one who may borrow; the items must stand on their shelves. They are lent and given back, and reserved for a
moment; an item is sent that there is not, and taken away again. Nothing else is changed.

For the demo network of Bibliobus:
  python -m conformance ncip http://127.0.0.1:8080/ncip --agency FR-MDPC62 --to LENS \\
    --user R000001 --pin 1234 --item I000001 --item I000009 --report report.html

As the responder, for two minutes, to an initiator that asks agency FR-KIT:
  python -m conformance ncip --listen 8091 --to FR-KIT --for 120 --unruly
"""


def options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this kit."""
    add = parser.add_argument
    add("--agency", default="FR-CONFORMANCE", help="the agency that asks, which the responder must know")
    add("--to", default="FR-ANY", help="the agency that is asked; with --listen, the one that the kit is")
    add("--secret", help="FromAgencyAuthentication")
    add("--user", help="a reader's number, for checks that lend")
    add("--pin", help="the reader's PIN")
    add("--item", action="append", default=[], help="an item that can be lent to the reader; give two")
    add("--schemas", type=Path, metavar="DIR", help="validate answers by the schemas that lie there, too (needs lxml)")
    add("--listen", type=int, metavar="PORT", help="be the responder, and judge who connects")
    add("--for", type=float, dest="seconds", metavar="SECONDS", help="how long to listen (until Ctrl-C)")
    add("--unruly", action="store_true", help="answer each message at its fourth try only")


def judge(parser: argparse.ArgumentParser, chosen: argparse.Namespace) -> Iterator[Result]:
    """Make every check of a responder that was *chosen*, or those of an initiator that is listened to."""
    if chosen.listen is not None:
        ear = Ear(chosen.unruly)
        try:
            listen(chosen.listen, ear, chosen.seconds)
        except OSError as error:
            parser.error(f"cannot listen on {chosen.listen}: {error.strerror}")
        return heard_results(ear.heard, chosen.to, chosen.only)
    if not (chosen.server or "").startswith(("http://", "https://")):
        parser.error("give a URL, or --listen")
    try:
        validate = validator(chosen.schemas) if chosen.schemas is not None else None
    except NoSchemas as error:
        parser.error(str(error))
    items = tuple(chosen.item)
    session = Session(chosen.server, chosen.agency, chosen.to, chosen.secret, chosen.user, chosen.pin, items, validate)
    session.patience = chosen.patience
    return CHECKS.run(session, chosen.only)


KIT: Final = Kit("ncip", "NCIP", __doc__, _MORE, "URL", {"A responder": CHECKS, "An initiator": HEARD}, options, judge)
