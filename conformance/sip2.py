"""`python -m conformance sip2 HOST:PORT --account LOGIN:PASSWORD --patron CARD[:PIN] --item BARCODE --item BARCODE`.

Judges any SIP2 server over its wire: a check for every message and every habit of terminals in use, terminals at work
(`--simulate`), a capture played again (`--replay`) and wrong input (`--fuzz`). The reader must be one who may borrow, the items
must stand on their shelves at the account's library: they are lent and given back. Nothing else is changed, but for a hold that
is placed and deleted.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from conformance import documents, sip2_messages, sip2_probes  # noqa: F401 - the checks put themselves into the list
from conformance.results import Level, Outcome, Result, report
from conformance.sip2_client import Account
from conformance.sip2_fuzz import fuzz
from conformance.sip2_simulators import SIMULATORS, Run, play, replay
from conformance.sip2_table import Bench, run

_PATIENCE: Final = 3.0
"""Seconds after which a terminal gives up."""


def _of(name: str, text: str, faults: Sequence[str], detail: str = "") -> Result:
    outcome = Outcome.FAILED if faults else Outcome.PASSED
    return Result(name, Level.MUST, text, "terminals at work", outcome, "; ".join(faults[:5]) or detail)


def _timed(name: str, text: str, found: Run) -> Result:
    slow = [f"an answer took {max(found.seconds):.2f} s"] if max(found.seconds, default=0.0) > _PATIENCE else []
    detail = f"{len(found.seconds)} messages, half within {found.slowest(0.5) * 1e3:.1f} ms, 99 % within {found.slowest(0.99) * 1e3:.1f} ms"
    return _of(name, text, [*found.faults, *slow], detail)


def results(bench: Bench, chosen: argparse.Namespace) -> Iterator[Result]:
    """Make every check that was *chosen*."""
    yield from run(bench)
    for name in SIMULATORS if "all" in chosen.simulate else chosen.simulate:
        yield _timed(
            name, f"a {name} at work is answered rightly and in time", play(bench, SIMULATORS[name](bench.account))
        )
        bench.clear()
    if chosen.replay is not None:
        lines = chosen.replay.read_text(encoding="utf-8").splitlines()
        yield _timed("replay", "what was captured is answered in the same way", replay(bench, lines))
        bench.clear()
    if chosen.fuzz:
        text = "wrong input closes no connection and stops no server"
        yield _of("fuzz", text, fuzz(bench, chosen.fuzz, chosen.seed), f"{chosen.fuzz} frames, seed {chosen.seed}")
        bench.clear()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m conformance sip2", description=__doc__)
    parser.add_argument("server", metavar="HOST:PORT", help="where the server listens")
    parser.add_argument(
        "--account", required=True, metavar="LOGIN:PASSWORD", help="the account to log in with (CN, CO)"
    )
    parser.add_argument("--patron", required=True, metavar="CARD[:PIN]", help="a reader who may borrow")
    parser.add_argument("--item", required=True, action="append", help="an item on its shelf; give two or more")
    parser.add_argument("--charset", default="utf-8", help="character set (utf-8)")
    parser.add_argument(
        "--simulate", action="append", default=[], choices=[*SIMULATORS, "all"], help="a terminal at work"
    )
    parser.add_argument("--replay", type=Path, metavar="FILE", help="play a capture again")
    parser.add_argument("--fuzz", type=int, default=0, metavar="N", help="send N wrong frames")
    parser.add_argument("--seed", type=int, default=1, help="which wrong frames (1)")
    parser.add_argument("--report", type=Path, metavar="FILE", help=f"write a report: {', '.join(documents.ENDINGS)}")
    parser.add_argument("--json", action="store_true", help="write a JSON document to the screen")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Run the kit; return 0 when no MUST failed, 1 when one did, 2 when the command line is wrong."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    host, colon, port = chosen.server.rpartition(":")
    if not colon or not port.isdigit():
        parser.error("the server is HOST:PORT")
    if len(chosen.item) < 2:
        parser.error("give two items or more")
    if chosen.report is not None and chosen.report.suffix not in documents.ENDINGS:
        parser.error(f"the report's name ends in {' or '.join(documents.ENDINGS)}")
    login, _, password = chosen.account.partition(":")
    card, _, pin = chosen.patron.partition(":")
    account = Account(login, password, card, pin, tuple(chosen.item), chosen.charset)
    bench = Bench(host.strip("[]"), int(port), account)
    kept: list[Result] = []

    def keep() -> Iterator[Result]:
        for result in results(bench, chosen):
            kept.append(result)
            yield result

    title = f"SIP2 {chosen.server}"
    code = report(title, keep(), as_json=chosen.json)
    if chosen.report is not None:
        documents.write(chosen.report, title, kept)
    return code
