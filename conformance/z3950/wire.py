"""Checks of the wire: BER in all its legal forms, and in none: what is broken, deep, long or endless."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from conformance.checks import Checks, want
from conformance.results import Failed
from conformance.z3950 import ber
from conformance.z3950.bench import MUST, SHOULD, Bench
from conformance.z3950.ber import BerError, Node, Style, context, oid_octets, universal, written
from conformance.z3950.client import Association, Closed, records
from conformance.z3950.queries import BIB_1, attribute, nested, operand, type_1
from conformance.z3950.search import common

check = Checks[Bench]()

_BER: Final = "X.690 8, BER"
_HOSTILE: Final = "robustness"
_STYLES: Final = {
    "indefinite lengths": Style(indefinite=True),
    "long lengths": Style(padding=3),
    "strings in pieces": Style(pieces=1),
    "true as 1": Style(true=1),
    "everything at once": Style(indefinite=True, padding=1, pieces=2, true=0x40),
}


def _style(name: str, style: Style) -> None:
    @check(f"BER {name}", MUST, f"requests with {name} are what they are without", _BER)
    def _look(bench: Bench) -> None:
        (query, *_) = common(bench)
        plain = bench.association()
        count = plain.count(query)
        record = records(plain.present(1, 1, bench.corpus().syntax))[0].octets
        association = bench.connection()
        want(association.init(bench.account, style)["result"], "the Init is refused")
        found = association.search(query, style=style)["resultCount"]
        want(found == count, f"{query} finds {found}, written plainly {count}")
        request = association.present_request(1, 1, bench.corpus().syntax)
        got = records(association.ask(request, "presentResponse", style))
        want(got and got[0].octets == record, "another record comes")


for _name, _made in _STYLES.items():
    _style(_name, _made)


@check(
    "BER long integers",
    MUST,
    "integers may have octets that they do not need",
    "X.690 8.3, and what clients in use send",
)
def _integers(bench: Bench) -> None:
    association = bench.association()
    (query, *_) = common(bench)
    count = association.count(query)
    request = association.search_request(query, smallSetUpperBound=bytes(8), largeSetLowerBound=b"\x00\x00\x00\x00\x01")
    want(association.ask(request, "searchResponse")["resultCount"] == count, "another count comes")


@check("BER byte by byte", MUST, "a PDU may come in segments of one octet", "TCP")
def _slowly(bench: Bench) -> None:
    association = bench.association()
    (query, *_) = common(bench)
    count = association.count(query)
    for octet in written(association.search_request(query)):
        association.write(bytes([octet]))
    want(association.receive()["resultCount"] == count, "another count comes")


@check("BER unused bits", MUST, "a BIT STRING may have unused bits or none", "X.690 8.6, and what clients in use send")
def _unused(bench: Bench) -> None:
    for versions in (b"\x05\xe0", b"\x00\xe0", b"\x00\xe0\x00\x00"):
        answer = bench.connection().init(bench.account, protocolVersion=versions)
        want(answer["result"], f"{versions.hex()} is refused")


@check(
    "BER query wrapped twice",
    SHOULD,
    "an octet query may be tagged in either way that modules are read",
    "Z39.50 3.7, and YAZ's reading",
)
def _either(bench: Bench) -> None:
    association = bench.association()
    answers = [association.search(context(2, form))["searchStatus"] for form in (universal(ber.OCTETS, b"kit"), b"kit")]
    want(answers[0] == answers[1], "one is searched and the other is not")


# --- what is no request -------------------------------------------------------------------------------------------------


def _ends(association: Association, *, waits: bool = False) -> None:
    """Want an answer, Close or the end in time; where a server *waits* for more with right, that too. Raises Failed."""
    seconds, began = association.patience, time.monotonic()
    with suppress(Closed, BerError):
        try:
            association.node(min(1.0, seconds) if waits else seconds)
        except Closed:
            raise
        except Failed:
            want(waits, f"nothing is said within {seconds:.0f} s, and the connection stays open")
    want(time.monotonic() - began < seconds + 1, "it took too long")


def _still_there(bench: Bench) -> None:
    """Want a new association to work."""
    bench.association().search("@attr 1=4 kit")


_Make = Callable[[Association], bytes]


def _search(content: bytes) -> bytes:
    return b"\xb6" + ber.length(len(content)) + content


def _with_query(association: Association, query: bytes) -> bytes:
    """Return a Search with a query that is octets already."""
    request = association.search_request(type_1("@attr 1=4 kit"))
    parts = [context(21, b"") if each.tag == 21 else each for each in request.nodes]
    octets = [written(each) for each in parts]
    at = next(number for number, each in enumerate(parts) if each.tag == 21)
    octets[at] = b"\xb5" + ber.length(len(query)) + query
    return _search(b"".join(octets))


def _attributes(number: int) -> Node:
    return context(1, [universal(ber.OID, oid_octets(BIB_1)), context(0, operand([attribute(1, 4)] * number, "kit"))])


_REQUESTS: Final = (20, 22, 24, 26, 33, 35, 43, 46)


def _head(tag: int) -> bytes:
    return bytes([0xA0 | tag]) if tag < 31 else bytes([0xBF, tag])


_BROKEN: Final[dict[str, tuple[str, _Make, bool]]] = {
    "2 GB announced": ("a PDU that says it has 2 GB is not waited for", lambda _: b"\xb6\x84\x7f\xff\xff\xff\x82\x01x", False),
    "length of 126 octets": ("a length that has no meaning is refused", lambda _: b"\xb6\xfe" + b"\xff" * 126, False),
    "reserved length": ("the length octet FF, which is reserved, is refused", lambda _: b"\xb6\xff" + b"\x00" * 200, False),
    "no BER": ("text that is no BER is refused", lambda _: b"\x00\x01\x02 this is no PDU\r\n" * 100, False),
    "primitive PDU": ("a PDU that is primitive is refused", lambda _: b"\x96\x03abc", False),
    "unknown PDU": ("a PDU that there is not is refused", lambda _: b"\xbf\x7a\x03\x82\x01x", False),
    "endless tag": ("a tag without an end is refused", lambda _: b"\xbf" + b"\xff" * 500, False),
    "lengths that overlap": ("a value longer than what it is in is refused", lambda _: b"\xb6\x05\x82\x7fabc", False),
    "end without a beginning": ("an end of contents where none is open is refused", lambda _: b"\x00\x00\x00\x00", False),
    "deep BER": ("10,000 levels of BER do not run it out of stack", lambda _: b"\xb6\x80" + b"\xa1\x80" * 10_000, True),
    "RPN of 2000 levels": ("RPN 2,000 deep gets a diagnostic or Close", lambda made: _with_query(made, nested(2_000, "kit")), False),
    "RPN of 20000 levels": ("so does RPN 20,000 deep", lambda made: _with_query(made, nested(20_000, "kit")), False),
    "5000 attributes": ("a term with 5,000 attributes is answered", lambda made: written(made.search_request(_attributes(5_000))), False),
    "5000 databases": (
        "a search in 5,000 databases is answered",
        lambda made: written(made.search_request("kit", "default", *[f"kit{at}" for at in range(5_000)])),
        False,
    ),
    "long term": ("a term of 500,000 octets is answered", lambda made: written(made.search_request(f"@attr 1=4 {'x' * 500_000}")), False),
    "long set name": ("a name of 100,000 octets is answered", lambda made: written(made.search_request("kit", "n" * 100_000)), False),
    "query without a tree": ("a query without a tree is refused", lambda made: _with_query(made, b"\xa1\x09\x06\x07" + oid_octets(BIB_1)), False),
    "control characters": ("control characters and octets of no character set are answered", lambda made: written(made.search_request(Node(1, (universal(ber.OID, oid_octets(BIB_1)), context(0, operand([attribute(1, 4)], bytes(range(32)) + b"\xff\xfe\xc3")))))), False),
}  # fmt: skip
"""Name -> what is asked, the octets that are sent after an Init, and whether a server may wait for more of them."""


def _broken(name: str, text: str, make: _Make, *, waits: bool) -> None:
    @check(f"hostile: {name}", MUST, text, _HOSTILE)
    def _look(bench: Bench) -> None:
        association = bench.association()
        with suppress(Closed):
            association.write(make(association))
        _ends(association, waits=waits)
        _still_there(bench)


for _name, (_text, _octets, _waits) in _BROKEN.items():
    _broken(_name, _text, _octets, waits=_waits)


@check("hostile: before Init", MUST, "the same octets instead of an Init do no harm either", _HOSTILE)
def _before(bench: Bench) -> None:
    for octets in (b"\xb4\x84\x7f\xff\xff\xff", b"\xb4\x03abc", b"\x16\x03\x01\x00\x05hello", b"\xff" * 64):
        connection = bench.connection()
        with suppress(Closed):
            connection.write(octets)
            connection.half_close()
        _ends(connection)
    _still_there(bench)


@check("hostile: empty requests", MUST, "each request without any member gets its diagnostic or Close", _HOSTILE)
def _empty(bench: Bench) -> None:
    for tag in _REQUESTS:
        association = bench.association()
        association.write(_head(tag) + b"\x00")
        _ends(association)
    _still_there(bench)


@check("hostile: cut short", MUST, "who goes away in the middle of a PDU leaves nothing behind", _HOSTILE)
def _cut(bench: Bench) -> None:
    for part in range(1, 20):
        association = bench.association()
        octets = written(association.search_request("@and @attr 1=4 kit @attr 1=4 kat"))
        association.write(octets[: part * len(octets) // 20])
        association.half_close()
        _ends(association)
    _still_there(bench)


@check(
    "hostile: half PDUs beside others", MUST, "connections that send half a PDU and wait do not hinder others", _HOSTILE
)
def _half(bench: Bench) -> None:
    for _ in range(30):
        association = bench.association()
        association.write(written(association.search_request("kit"))[:-5])
    began = time.monotonic()
    _still_there(bench)
    want(time.monotonic() - began < bench.patience, "another association took too long")


@check("hostile: changed octets", MUST, "of 150 requests with octets changed none stops the server", _HOSTILE)
def _changed(bench: Bench) -> None:
    chance = random.Random(50)  # noqa: S311 (the same for every server)
    for _ in range(150):
        association = bench.association()
        whole = bytearray(
            written(association.search_request('@or @attr 1=4 kit @prox 0 1 1 2 k 2 a "b"', referenceId=b"f"))
        )
        for _ in range(chance.randint(1, 4)):
            whole[chance.randrange(len(whole))] = chance.randrange(256)
        with suppress(Closed):
            association.write(bytes(whole))
            association.half_close()
        _ends(association)
        bench.clear()
    _still_there(bench)


@check(
    "hostile: pipelined",
    MUST,
    "a thousand requests at once are answered, or the connection ends: nothing grows without end",
    _HOSTILE,
)
def _flood(bench: Bench) -> None:
    association = bench.association()
    octets = written(association.search_request("@attr 1=4 kit"))
    with suppress(Closed):
        association.write(octets * 1_000)
        for _ in range(1_000):
            association.node()
    _still_there(bench)


@check(
    "hostile: half of a session",
    SHOULD,
    "who reads nothing is not sent everything: others are served meanwhile",
    _HOSTILE,
)
def _deaf(bench: Bench) -> None:
    association = bench.association()
    count = association.count(bench.corpus().query or common(bench)[0])
    request = written(association.present_request(1, min(count, 50), bench.corpus().syntax))
    with suppress(Closed):
        association.write(request * 20)
    _still_there(bench)
