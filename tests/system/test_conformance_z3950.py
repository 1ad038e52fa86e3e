"""The Z39.50 kit judges the real daemon, liars before it, and targets of others; and others look at what the kit sends."""

from __future__ import annotations

import json
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import func, select

from conformance.checks import Checks
from conformance.results import Outcome, Result
from conformance.z3950 import access, ber, extended, segments, update
from conformance.z3950.bench import Bench
from conformance.z3950.ber import BerError, Incomplete, Node, context, sequence, universal
from conformance.z3950.client import Account
from conformance.z3950.command import CHECKS, KIT
from conformance.z3950.corpus import Source
from protocols.marc.format import Format
from storage import schema
from storage.database import Location
from tests.conformance.z3950.catalogue import fill, records
from tests.server.z3950.test_update import declare_cataloguers
from tests.system.peers import needs
from tests.system.running import PATIENCE, serving
from tests.system.z3950_liar import Change, Proxy, before, with_member
from tests.system.z3950_peers import ZEBRA, ZTEST, zebra, ztest

NOT_HERE = {"scan display", "Bath B.1 B-1", "Bath B.1 B-2", "Bath B.1 C-2"}
"""What our daemon does not offer."""


@pytest.fixture
def port(location: Location) -> Iterator[int]:
    """The Z39.50 port of a running daemon with the kit's catalogue."""
    with location.engine().begin() as connection:
        fill(connection)
        declare_cataloguers(connection)
    with serving(location) as daemon:
        yield daemon.ports["z3950"]
        assert daemon.process.poll() is None


def judged(
    port: int,
    *names: str,
    database: str = "network",
    source: Source | None = None,
    patience: float = PATIENCE,
    account: Account | None = None,
    saves: bool = False,
) -> dict[str, Result]:
    """Make the checks with these names, or all; where it *saves*, records are saved in the database."""
    bench = Bench("127.0.0.1", port, (database,), account or Account(), source or Source())
    bench.patience = patience
    bench.saves = database if saves else ""
    return {each.name: each for each in Checks(row for row in CHECKS if not names or row.name in names).run(bench)}


def failed(results: dict[str, Result]) -> set[str]:
    """Return the names of what failed."""
    return {name for name, each in results.items() if each.outcome is Outcome.FAILED}


def test_our_daemon_passes_every_check_and_nothing_is_changed(port: int, location: Location, tmp_path: Path) -> None:
    report, bath = tmp_path / "report.json", tmp_path / "bath.md"
    living = select(func.count()).select_from(schema.record).where(schema.record.c.deleted == 0)
    packages = select(func.count()).select_from(schema.task_package)
    with location.engine(reads=True).connect() as connection:
        at_first = connection.scalar(living)
    options = [
        "--account",
        "marie:demo",
        "--other",
        "lens",
        "--saves",
        "network",
        "--report",
        str(report),
        "--bath",
        str(bath),
        "--patience",
        str(PATIENCE),
    ]
    code = KIT.main([f"127.0.0.1:{port}/network", *options])
    results = [Result(**each) for each in json.loads(report.read_text())["results"]]
    assert {
        each.name: each.detail for each in results if each.outcome != Outcome.PASSED and each.name not in NOT_HERE
    } == {}
    assert (code, len(results)) == (0, len(CHECKS))
    passed = {each.name for each in results if each.outcome == Outcome.PASSED}
    assert passed >= {"count title word", "proximity", "present segments", "init idPass", "counts of terms", "type 2"}
    statement = bath.read_text()
    for level in ("A.0", "A.1", "C.0", "C.1"):
        assert f"## Level {level}: met" in statement
    with location.engine(reads=True).connect() as connection:
        assert (connection.scalar(living), connection.scalar(packages)) == (at_first, 0)


def test_a_file_of_the_records_is_as_good_an_oracle(port: int, tmp_path: Path) -> None:
    path = tmp_path / "records.mrc"
    path.write_bytes(b"".join(each.iso2709 for each in records()))
    found = judged(port, "count title word", "count phrase", "scan counts of records", source=Source(file=path))
    assert {each.outcome for each in found.values()} == {Outcome.PASSED}
    path.write_bytes(b"".join(each.iso2709 for each in records()[:40]))
    found = judged(port, "count title word", "scan counts of records", source=Source(file=path))
    assert failed(found) == set(found)
    assert "in the records there are" in found["count title word"].detail


# --- liars --------------------------------------------------------------------------------------------------------------


def one_more(pdu: Node) -> Node:
    """Tell of one record more than were found, where there are some, but not of all."""
    if pdu.tag != 23:
        return pdu
    (told,) = (int.from_bytes(each.octets, "big") for each in pdu.nodes if each.tag == 23)
    return with_member(pdu, 23, lambda _: context(23, told + (1 < told < 30)))


def always_found(pdu: Node) -> Node:
    """Turn every refusal of a search into a search that found nothing."""
    if pdu.tag != 23:
        return pdu
    kept = [each for each in pdu.nodes if each.tag not in {26, 130}]
    return with_member(Node(23, tuple(kept)), 22, lambda _: context(22, True))


def no_reference(pdu: Node) -> Node:
    """Leave out every referenceId."""
    return Node(pdu.tag, tuple(each for each in pdu.nodes if each.tag != 2 or each.universal))


def _records(pdu: Node, change: Change) -> Node:
    return with_member(pdu, 28, change) if pdu.tag == 25 else pdu


def _octets(node: Node, old: bytes, new: bytes) -> Node:
    if isinstance(node.content, bytes):
        return Node(node.tag, node.content.replace(old, new), node.universal)
    return Node(node.tag, tuple(_octets(each, old, new) for each in node.content), node.universal)


def wrong_characters(pdu: Node) -> Node:
    """Say in every UNIMARC record that it is in ISO 5426."""
    return _records(pdu, lambda each: _octets(each, b"frey50  ", b"frey0103"))


def cut_records(pdu: Node) -> Node:
    """Take an octet from the end of every record."""
    return _records(pdu, lambda each: _octets(each, b"\x1e\x1d", b"\x1d"))


def turned_list(pdu: Node) -> Node:
    """Turn every list of terms round."""
    if pdu.tag != 36:
        return pdu
    turned = lambda part: Node(1, part.nodes[::-1]) if part.tag == 1 else part  # noqa: E731 (used once, below)
    return with_member(pdu, 7, lambda each: Node(7, tuple(map(turned, each.nodes))))


@pytest.mark.parametrize(
    ("lie", "noticed"),
    [
        (one_more, {"count title word", "count author word", "count Boolean", "boolean algebra", "scan counts"}),
        (always_found, {"refuses use", "refuses structure", "refuses database", "no replace", "unknown set", "search failed"}),
        (no_reference, {"init reference", "search", "present", "delete"}),
        (wrong_characters, {"UNIMARC characters"}),
        (cut_records, {"UNIMARC whole"}),
        (turned_list, {"scan order", "scan position", "scan goes on"}),
    ],
)  # fmt: skip
def test_lies_are_noticed(port: int, lie: Change, noticed: set[str]) -> None:
    with before(port) as honest:
        assert failed(judged(honest.port, *noticed)) == set()
    with before(port, lie) as liar:
        assert failed(judged(liar.port, *noticed)) == noticed


def all_done(pdu: Node) -> Node:
    """Say of every task that it is done, and no more."""
    return Node(47, (*_reference(pdu), context(3, 1))) if pdu.tag == 47 else pdu


def all_refused(pdu: Node) -> Node:
    """Say of every task that nobody may have it done."""
    bib_1 = universal(ber.OID, ber.oid_octets(BIB_1_DIAGNOSTICS))
    diagnostic = sequence(bib_1, universal(2, 101), universal(ber.GENERAL, "lie"))
    return Node(47, (*_reference(pdu), context(3, 3), context(4, [diagnostic]))) if pdu.tag == 47 else pdu


def everybody_asked(pdu: Node) -> Node:
    """Ask who the origin is, in place of the response."""
    return Node(28, (*_reference(pdu), context(37, b"who?"))) if pdu.tag == 47 else pdu


def asked_otherwise(pdu: Node) -> Node:
    """Ask nothing at all, and that in a form of version 3."""
    external = universal(ber.EXTERNAL, [universal(ber.OID, ber.oid_octets(PROMPT_1)), context(0, context(1, []))])
    return Node(28, (*_reference(pdu), context(0, external))) if pdu.tag == 28 else pdu


def no_close(pdu: Node) -> Node:
    """Send another PDU for every Close."""
    return Node(27, (context(0, 0),)) if pdu.tag == 48 else pdu


def found_by_anybody(pdu: Node) -> Node:
    """Tell of one record where none was found, or nothing was to be searched."""
    if not any(each.tag == 23 and each.octets == b"\0" for each in pdu.nodes):
        return pdu
    return with_member(always_found(pdu), 23, lambda _: context(23, 1))


def other_packages(pdu: Node) -> Node:
    """Change the names and descriptions of packages."""
    return _octets(pdu, b"kit", b"kot") if pdu.tag in {25, 47} else pdu


def presented_all_the_same(pdu: Node) -> Node:
    """Say that there is nothing to present, where it is refused."""
    refused = pdu.tag == 25 and any(each.tag == 130 for each in pdu.nodes)
    return Node(25, tuple(each for each in pdu.nodes if each.tag != 130)) if refused else pdu


def _records_of(pdu: Node, change: Callable[[tuple[Node, ...]], tuple[Node, ...]]) -> Node:
    tag = {25: 28, 45: 0}.get(pdu.tag, -1)
    return with_member(pdu, tag, lambda each: Node(tag, change(each.nodes)))


def turned_segments(pdu: Node) -> Node:
    """Turn the records of each message round."""
    return _records_of(pdu, lambda listed: listed[::-1])


def doubled_segments(pdu: Node) -> Node:
    """Send what is in a message twice."""
    return _records_of(pdu, lambda listed: listed * 2)


def segments_for_all(pdu: Node) -> Node:
    """Send each response as a segment, with another behind it to wait for."""
    kept = tuple(Node(0, each.nodes) if each.tag == 28 else each for each in pdu.nodes if each.tag not in {25, 27})
    return Node(45, kept) if pdu.tag == 25 else pdu


def pieces_for_all(pdu: Node) -> Node:
    """Send each record as a last piece of one."""
    return _records_of(pdu, lambda listed: tuple(
        with_member(each, 1, lambda body: Node(1, (Node(5, body.only.content),))) for each in listed
    ))  # fmt: skip


def other_reasons(pdu: Node) -> Node:
    """Give another reason why a record is not sent."""

    def changed(node: Node) -> Node:
        if isinstance(node.content, bytes):
            return universal(2, 14) if node.universal and node.tag == 2 else node
        return Node(node.tag, tuple(map(changed, node.content)), node.universal)

    return _records_of(pdu, lambda listed: tuple(map(changed, listed)))


def _reference(pdu: Node) -> tuple[Node, ...]:
    return tuple(each for each in pdu.nodes if each.tag == 2 and not each.universal)


BIB_1_DIAGNOSTICS: Final = "1.2.840.10003.4.1"
PROMPT_1: Final = "1.2.840.10003.8.1"
SERVICES: Final[dict[Change, set[str]]] = {
    all_done: {
        "extended unknown", "extended by nobody", "extended function", "extended wait action", "extended no parameters",
        "extended broken", "extended retention time", "set kept of nothing",
        "set kept without a name", "package unknown deleted", "package unknown changed", "package without a name deleted",
        "order of nothing", "order out of range", "order of an unknown set", "order of a strange kind", "update action",
        "wait actions", "update by nobody", "update with no record", "update saves once",
        "update of another version", "update nowhere", "challenge wrong", "challenge declined",
        "challenge empty", "challenge in another form", "challenge broken",
    },
    all_refused: {
        "set kept", "package", "package name taken", "package deleted", "update saves", "update tells", "update replaces", "update in part",
        "update deletes", "challenge answered", "challenge answered, in version 2",
    },
    no_reference: {"challenge", "challenge among others", "extended unknown", "present segments"},
    everybody_asked: {"challenge only if agreed on", "challenges have an end"},
    asked_otherwise: {"challenge prompts", "challenge of version 2"},
    no_close: {"challenge unanswered", "answer without a challenge"},
    found_by_anybody: {
        "package found by each use", "package not for all", "packages refuse use", "packages refuse attribute set",
        "packages refuse relation", "packages alone", "update replaces", "update deletes",
    },
    other_packages: {"package", "package found", "package changed"},
    presented_all_the_same: {"packages in their syntax"},
    turned_segments: {"segments hold what is due"},
    doubled_segments: {"present segments", "segment size", "fragments", "fragments among records"},
    segments_for_all: {"segment count", "no segments unless agreed on"},
    pieces_for_all: {"no segments unless agreed on", "no fragments at level 1"},
    other_reasons: {
        "fragments that are too many", "fragments that are too small", "record over the exceptional size",
        "record over the exceptional size, with segments", "record over the exceptional size, with fragments",
        "record size of the request", "record over the preferred size",
    },
}  # fmt: skip
"""Lie -> what notices it."""


def test_lies_about_tasks_challenges_and_segments_are_noticed(port: int) -> None:
    marie = Account("marie", "demo")
    every = {row.name for part in (access, extended, segments, update) for row in part.check}
    assert set().union(*SERVICES.values()) == every
    with before(port) as honest:
        assert failed(judged(honest.port, *every, account=marie, saves=True)) == set()
    for lie, noticed in SERVICES.items():
        with before(port, lie) as liar:
            found = judged(liar.port, *noticed, account=marie, saves=True, patience=1)
        assert failed(found) == noticed, (lie, found)


# --- targets of others --------------------------------------------------------------------------------------------------


_OTHERS: Final = 1.5
"""Seconds: much of what they are asked they answer by silence."""


@needs(ZTEST)
def test_yaz_ztest_is_found_to_find_anything() -> None:
    with ztest() as port:
        found = judged(port, database="Default", patience=_OTHERS)
    assert len(found) == len(CHECKS)
    assert failed(found) >= {
        "search nothing found", "count title word", "boolean algebra", "init no version", "refuses use",
        "unknown set", "scan", "UNIMARC is UNIMARC",
    }  # fmt: skip
    passed = {name for name, each in found.items() if each.outcome is Outcome.PASSED}
    assert passed >= {"init", "init reference", "close", "MARC21 whole", "session of yaz-client", "session of ZOOM-C"}


@needs(ZEBRA)
def test_zebra_is_found_out_where_it_was_measured_and_right_where_it_is(tmp_path: Path) -> None:
    kept = [each.iso2709 for each in records() if each.form is Format.UNIMARC]
    with zebra(tmp_path, kept, "network") as port:
        found = judged(port, patience=_OTHERS, saves=True)
    assert len(found) == len(CHECKS)
    # What was measured of Zebra 2.2.7 before there was this kit, and more that it has seen.
    assert failed(found) >= {
        "init no version", "refuses structure", "refuses completeness", "refuses attribute type", "no replace",
        "ISBN of the other length", "ISBN with hyphens", "element sets F and B", "words in another order",
        "extended unknown", "extended by nobody", "package unknown deleted", "update by nobody",
    }  # fmt: skip
    passed = {name for name, each in found.items() if each.outcome is Outcome.PASSED}
    assert passed >= {
        "count title word", "count author word", "count any word", "count Boolean", "count phrase", "boolean algebra",
        "boolean identities", "count truncation", "records hold the word", "piggyback", "scan counts of records", "present",
        "BER indefinite lengths", "UNIMARC characters", "Bath A.0.1", "Bath A.0.2", "sort by title",
        "no segments unless agreed on", "record over the exceptional size", "record over the preferred size",
        "challenge only if agreed on", "answer without a challenge", "extended broken", "update saves", "update replaces",
        "update deletes",
    }  # fmt: skip


# --- what others say of the octets --------------------------------------------------------------------------------------

_HEADER = struct.Struct("<IHHiIII")
_PACKET = struct.Struct("<IIII")
_LINK = 228  # raw IPv4
_MOST = 60_000


def captured(proxy: Proxy, target: int) -> bytes:
    """Return what went through a proxy as a capture file (pcap), a TCP connection each."""
    out = [_HEADER.pack(0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, _LINK)]
    sent: dict[tuple[int, bool], int] = {}
    clock = count()

    def packet(number: int, answers: bool, flags: int, data: bytes = b"") -> None:
        ports = (target, 20_000 + number) if answers else (20_000 + number, target)
        own, other = sent.setdefault((number, answers), 1), sent.setdefault((number, not answers), 1)
        syn = flags & 2
        tcp = struct.pack("!HHIIBBHHH", *ports, own - bool(syn), other, 0x50, flags, 65_535, 0, 0)
        address = (bytes([127, 0, 0, 1 + answers]), bytes([127, 0, 0, 2 - answers]))
        head = struct.pack("!BBHHHBBH", 0x45, 0, 40 + len(data), 0, 0, 64, 6, 0) + b"".join(address)
        at = next(clock)
        out.append(_PACKET.pack(at // 1000, at % 1000 * 1000, 40 + len(data), 40 + len(data)) + head + tcp + data)
        sent[number, answers] = own + len(data)

    begun: set[int] = set()
    for number, answers, data in proxy.kept:
        if number not in begun:
            begun.add(number)
            packet(number, False, 0x02)
            packet(number, True, 0x12)
            packet(number, False, 0x10)
        for each in _apart(data):
            for at in range(0, len(each), _MOST):
                packet(number, answers, 0x18, each[at : at + _MOST])
    return b"".join(out)


def _apart(octets: bytes) -> Iterator[bytes]:
    """Yield the PDUs that came together one by one: of several in a packet tshark names the first only."""
    with suppress(Incomplete, BerError):
        while octets:
            _, end = ber.read(octets)
            yield octets[:end]
            octets = octets[end:]
    if octets:
        yield octets


@needs("tshark")
def test_tshark_finds_nothing_malformed_in_what_we_and_the_kit_send(port: int, tmp_path: Path) -> None:
    names = {
        "init", "init idPass", "init characters", "search", "boolean identities", "proximity", "type 101", "type 104", "named sets",
        "piggyback", "refuses use", "refuses database", "present", "present out of range", "UNIMARC whole", "MARC21 whole", "XML",
        "SUTRS", "composition", "message size", "scan", "scan step", "sort by title", "sort by two keys", "delete", "resource report",
        "extended unknown", "update by nobody", "close", "counts of terms", "OPAC", "GRS-1", "session of yaz-client", "trigger",
        "present segments", "fragments", "challenge wrong", "challenge declined", "order of nothing",
    }  # fmt: skip
    with before(port) as proxy:
        assert failed(judged(proxy.port, *names)) == set()
    capture = tmp_path / "wire.pcap"
    capture.write_bytes(captured(proxy, port))
    fields = ["-e", "_ws.col.Info", "-e", "_ws.malformed", "-e", "_ws.expert.message"]
    done = subprocess.run(
        ["tshark", "-n", "-r", str(capture), "-d", f"tcp.port=={port},z3950", "-Y", "z3950 or _ws.malformed", "-T", "fields", *fields],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    said = {message for row in rows for column in row[1:] for message in column.split(",") if message}
    # What is younger than the dissector, or was never in it: options, charset-3, resource-1, Update.
    known = ("Unknown bit(s)", "BER: Dissector for OID not implemented")
    assert {each for each in said if not each.startswith(known)} == set()
    dissected = [name for row in rows for name in row[0].split(", ")]
    assert len(dissected) == sum(_pdus(proxy, answers) for answers in (False, True))
    assert len({*dissected}) >= 18


def _pdus(proxy: Proxy, answers: bool) -> int:
    """Return how many PDUs went in one direction."""
    number = 0
    for connection in {number for number, _, _ in proxy.kept}:
        octets = b"".join(data for at, which, data in proxy.kept if at == connection and which is answers)
        while octets:
            _, end = ber.read(octets)
            octets = octets[end:]
            number += 1
    return number
