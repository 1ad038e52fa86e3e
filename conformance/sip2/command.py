"""`python -m conformance sip2 HOST:PORT`: judges any SIP2 server over its wire, ours like anyone's.

A check for every message and every habit of terminals in use, terminals at work (--simulate), a capture played again
(--replay), what was done off line told later (--offline), and wrong input (--fuzz).
"""

from __future__ import annotations

import argparse
import ssl
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from conformance.checks import Checks, guarded, want
from conformance.kit import Kit, address
from conformance.results import Level, Outcome, Result
from conformance.sip2 import fields, messages, probes, routing, sessions
from conformance.sip2.bench import Bench
from conformance.sip2.client import Account
from conformance.sip2.fuzz import fuzz
from conformance.sip2.simulators import SIMULATORS, Run, offline, play, replay

CHECKS: Final[Checks[Bench]] = Checks.of(fields, messages, probes, routing, sessions)
_SOURCE: Final = "terminals at work"
_MORE: Final = """\
The reader must be one who may borrow, with no loan to lose and a PIN; the items must stand on their shelves at the account's
library. They are lent and given back, holds are placed and deleted, CH of an item is written as it was; the reader's loans are
renewed. Nothing else is changed.

For the demo network of Bibliobus:
  python -m conformance sip2 127.0.0.1:6001 --account kiosk-lens:demo --library LENS --elsewhere LIEVIN \\
    --patron R000001:1234 --item I000001 --item I000009 --simulate all --fuzz 1000 --report report.html

The same in a file, for --settings:
  account = "kiosk-lens:demo"
  library = "LENS"
  elsewhere = "LIEVIN"
  patron = "R000001:1234"
  item = ["I000001", "I000009"]
"""


def _at_work(bench: Bench, name: str, text: str, make: Callable[[Bench], Run]) -> Result:
    runs: list[Run] = []

    def look(bench: Bench) -> None:
        runs.append(make(bench))
        slow = [f"an answer took {each:.2f} s" for each in runs[0].seconds if each > bench.patience]
        faults = [*runs[0].faults, *slow]
        want(not faults, "; ".join(faults[:5]))

    outcome, detail = guarded(look, bench)
    if outcome is Outcome.PASSED:
        half, most = runs[0].slowest(0.5) * 1e3, runs[0].slowest(0.99) * 1e3
        detail = f"{len(runs[0].seconds)} messages, half within {half:.1f} ms, 99 % within {most:.1f} ms"
    return Result(name, Level.MUST, text, _SOURCE, outcome, detail)


def judge(parser: argparse.ArgumentParser, chosen: argparse.Namespace) -> Iterator[Result]:
    """Make every check that was *chosen*."""
    bench = _bench(parser, chosen)
    bench.patience = chosen.patience
    yield from CHECKS.run(bench, chosen.only)
    for name in SIMULATORS if "all" in chosen.simulate else chosen.simulate:
        text = f"a {name} at work is answered rightly and in time"
        yield _at_work(bench, name, text, partial(play, script=SIMULATORS[name](bench.account)))
    for option, text, again in (
        ("replay", "what was captured is answered in the same way", replay),
        ("offline", "what was done off line is accepted, told later", offline),
    ):
        if (path := getattr(chosen, option)) is not None:
            yield _at_work(bench, option, text, partial(again, lines=path.read_text(encoding="utf-8").splitlines()))
    if chosen.fuzz:
        text = f"of {chosen.fuzz} wrong frames (seed {chosen.seed}) none stops the server or closes a connection"
        yield _at_work(bench, "fuzz", text, partial(fuzz, number=chosen.fuzz, seed=chosen.seed))


def options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this kit."""
    add = parser.add_argument
    add("--account", metavar="LOGIN:PASSWORD", help="the account to log in with (CN, CO)")
    add("--library", default="", metavar="CODE", help="the institution to name (AO)")
    add("--elsewhere", default="", metavar="CODE", help="another library of the server's, to send an item to")
    add("--patron", metavar="CARD[:PIN]", help="a reader who may borrow")
    add("--wrong-pin", default="", metavar="PIN", help="a PIN that is not the reader's (the right one and a 0)")
    add("--item", action="append", default=[], metavar="BARCODE", help="an item on its shelf; give two or more")
    add("--tls", metavar="CA", help="speak TLS; the file of the authority to trust, or `system`")
    add("--charset", default="utf-8", help="character set (utf-8)")
    add("--simulate", action="append", default=[], choices=[*SIMULATORS, "all"], help="a terminal at work")
    add("--replay", type=Path, metavar="FILE", help="play a capture again")
    add("--offline", type=Path, metavar="FILE", help="tell the loans and returns of a capture as done off line")
    add("--fuzz", type=int, default=0, metavar="N", help="send N wrong frames")
    add("--seed", type=int, default=1, help="which wrong frames (1)")


def _bench(parser: argparse.ArgumentParser, chosen: argparse.Namespace) -> Bench:
    host, port = address(parser, chosen.server or "")
    if not chosen.account or not chosen.patron or len(chosen.item) < 2:
        parser.error("give --account, --patron, and --item twice or more")
    if ":" not in chosen.account:
        parser.error("--account is LOGIN:PASSWORD")
    for path in (chosen.replay, chosen.offline):
        if path is not None and not path.is_file():
            parser.error(f"there is no file {path}")
    login, _, password = chosen.account.partition(":")
    card, _, pin = chosen.patron.partition(":")
    account = Account(
        login, password, card, pin, tuple(chosen.item), chosen.charset, chosen.library, chosen.wrong_pin or f"{pin}0",
        chosen.elsewhere,
    )  # fmt: skip
    try:
        "".encode(chosen.charset)
    except LookupError:
        parser.error(f"there is no character set {chosen.charset}")
    tls = None
    if chosen.tls is not None:
        try:
            tls = ssl.create_default_context(cafile=None if chosen.tls == "system" else chosen.tls)
        except OSError as error:
            parser.error(f"{chosen.tls}: {error}")
    return Bench(host, port, account, tls)


KIT: Final = Kit("sip2", "SIP2", __doc__, _MORE, "HOST:PORT", {"": CHECKS}, options, judge, 3.0)
