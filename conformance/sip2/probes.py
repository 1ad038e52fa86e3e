"""Probes of the wire: what terminals really send, and what must not happen to those beside them."""

from __future__ import annotations

import re
from typing import Any, Final

from conformance.checks import Checks, want
from conformance.results import Failed, Level
from conformance.sip2 import requests as ask
from conformance.sip2.bench import Bench
from conformance.sip2.client import Client, examine, login, masked
from protocols.sip2 import codec

check = Checks[Bench]()

_WIRE: Final = "SIP2 2.00, error detection and wire format"
_FIELD: Final = "what terminals in use send"
_MUST, _SHOULD = Level.MUST, Level.SHOULD
RESEND: Final = b"96AZFEF6"
_FLOOD: Final = 26 << 20


def _item(bench: Bench) -> bytes:
    return bench.account.body(ask.item(bench.account.items[0]))


def _still_there(bench: Bench, client: Client) -> None:
    """Want the connection to work as before."""
    want(client.ask(ask.item(bench.account.items[0])).title_identifier, "the connection does not work any more")


@check("wrong password", _MUST, "a wrong password is 940, and the terminal may try again", "93")
def _wrong_password(bench: Bench) -> None:
    client = bench.client()
    want(not client.ask(login(f"{bench.account.login}-kit", "wrong")).ok, "it is accepted")
    client.log_in()


@check("17 before login", _MUST, "before a login a request is refused in its shape, or with 940", "93")
def _before_login(bench: Bench) -> None:
    client = bench.client()
    frame = client.frame(_item(bench))
    client.write(frame + b"\r")
    reply = client.read()
    if not reply.startswith(b"940"):
        found: Any = examine(reply, frame, bench.account.charset)
        want(not found.title_identifier, "it is answered: anyone may ask")


@check("99 before login", _SHOULD, "99 is answered before a login: some ask it first", _FIELD)
def _status_first(bench: Bench) -> None:
    bench.client().ask(ask.status())


@check("97 first", _MUST, "97 as the first bytes is answered 96AZFEF6: nothing was sent yet", _WIRE)
def _resend_first(bench: Bench) -> None:
    client = bench.client()
    client.write(b"97AZFEF5\r")
    reply = client.read()
    want(reply == RESEND, f"the reply is {masked(reply)}")
    client.log_in()


@check("CR LF", _MUST, "requests may end in CR LF", _FIELD)
def _crlf(bench: Bench) -> None:
    _ends_in(bench, b"\r\n")


@check("LF", _SHOULD, "requests may end in LF alone", _FIELD)
def _lf(bench: Bench) -> None:
    _ends_in(bench, b"\n")


def _ends_in(bench: Bench, terminator: bytes) -> None:
    client = bench.terminal()
    for _ in range(2):
        frame = client.frame(_item(bench))
        client.write(frame + terminator)
        examine(client.read(), frame, bench.account.charset)


@check("empty lines", _MUST, "empty lines between messages are ignored in silence", _FIELD)
def _empty(bench: Bench) -> None:
    client = bench.terminal()
    client.write(b"\r\r\n\r")
    want(client.silent(), "something is said to nothing, or the connection is closed")
    _still_there(bench, client)


@check("two at once", _MUST, "two messages in one segment get two replies, in order", _WIRE)
def _two(bench: Bench) -> None:
    client = bench.terminal()
    frames = [client.frame(bench.account.body(ask.item(barcode))) for barcode in bench.account.items[:2]]
    client.write(b"".join(frame + b"\r" for frame in frames))
    for frame, barcode in zip(frames, bench.account.items, strict=False):
        reply: Any = examine(client.read(), frame, bench.account.charset)
        want(reply.item_identifier == barcode, "they come out of order")


@check("byte by byte", _MUST, "a message may come in segments of one byte", _WIRE)
def _bytes(bench: Bench) -> None:
    client = bench.terminal()
    frame = client.frame(_item(bench))
    for byte in frame:
        client.write(bytes([byte]))
    client.write(b"\r")
    examine(client.read(), frame, bench.account.charset)


@check("no last delimiter", _MUST, "the last delimiter before AY may be missing", _FIELD)
def _undelimited(bench: Bench) -> None:
    client = bench.terminal()
    frame = client.frame(_item(bench).removesuffix(b"|"))
    reply = client.send(frame)
    want(reply.item_identifier == bench.account.items[0], f"AB is {reply.item_identifier!r}")


@check("unknown field", _MUST, "fields that the server does not know are ignored", _WIRE)
def _unknown_field(bench: Bench) -> None:
    client = bench.terminal()
    want(client.ask(_item(bench) + b"ZZkit|XQ|").title_identifier, "the item is not found")


@check("field twice", _SHOULD, "of a field that comes twice the first counts", _FIELD)
def _duplicate(bench: Bench) -> None:
    reply = bench.terminal().ask(_item(bench) + b"ABSECOND|")
    want(reply.item_identifier == bench.account.items[0], f"AB is {reply.item_identifier!r}")


@check("no AO", _SHOULD, "a missing institution (AO) is no reason to refuse", _FIELD)
def _no_institution(bench: Bench) -> None:
    want(
        bench.terminal().ask(_item(bench).replace(b"AO" + bench.account.library.encode() + b"|", b"")).title_identifier,
        "the item is not found",
    )


@check("no AC, other order", _MUST, "variable fields may come in any order, AC may be missing", _WIRE)
def _order(bench: Bench) -> None:
    body = _item(bench)
    fields = body[20:].split(b"|")[:-1]
    turned = body[:20] + b"".join(field + b"|" for field in reversed(fields))
    want(bench.terminal().ask(turned).title_identifier, "the item is not found")


@check("stray delimiters", _SHOULD, "delimiters too many are ignored", _FIELD)
def _stray(bench: Bench) -> None:
    want(bench.terminal().ask(_item(bench) + b"|||").title_identifier, "the item is not found")


@check("lower-case AZ", _SHOULD, "the digits of AZ may be lower case", _FIELD)
def _lower(bench: Bench) -> None:
    client = bench.terminal()
    frame = client.frame(_item(bench))
    client.send(frame[:-4] + frame[-4:].lower())


@check("no error detection", _MUST, "a request without AY and AZ is answered without them", _WIRE)
def _plain(bench: Bench) -> None:
    client = bench.terminal()
    client.send(_item(bench))


@check("AZ without AY", _SHOULD, "a trailer may be AZ alone: a repetition after 96", _FIELD)
def _no_sequence(bench: Bench) -> None:
    client = bench.terminal()
    client.send(codec.seal(_item(bench), None, checked=True))


@check("wrong AZ", _MUST, "a wrong checksum is answered 96AZFEF6, and nothing is done", _WIRE)
def _wrong_sum(bench: Bench) -> None:
    client = bench.terminal()
    frame = client.frame(bench.account.body(ask.checkout(bench.account.patron, bench.account.items[0])))
    client.write(frame[:-4] + (b"0000" if frame[-4:] != b"0000" else b"1111") + b"\r")
    reply = client.read()
    want(reply == RESEND, f"the reply is {masked(reply)}")
    found = client.ask(ask.item(bench.account.items[0]))
    want(found.circulation_status != "04", "the item was lent all the same")


@check("97 after a reply", _MUST, "97 gets the last reply again, byte for byte", _WIRE)
def _resend(bench: Bench) -> None:
    client = bench.terminal()
    frame = client.frame(_item(bench))
    client.write(frame + b"\r")
    first = client.read()
    client.write(b"97AZFEF5\r")
    again = client.read()
    want(again == first, f"{masked(again)} is not {masked(first)}")


def _done(reply: bytes) -> None:
    """Want an act to have been done: a refusal that comes twice shows nothing."""
    want(reply[2:3] == b"1", f"it is refused: {masked(reply)}")


def _same_twice(bench: Bench, message: Any) -> None:
    client = bench.terminal()
    frame = client.frame(message)
    client.write(frame + b"\r")
    first = client.read()
    _done(first)
    client.write(frame + b"\r")
    second = client.read()
    want(second == first, f"the second reply is {masked(second)}, the first {masked(first)}: it was done again")


@check("same 11 twice", _MUST, "the same bytes again are a repetition: same reply, nothing done", _WIRE)
def _same_checkout(bench: Bench) -> None:
    _same_twice(bench, ask.checkout(bench.account.patron, bench.account.items[0]))


@check("same 09 twice", _MUST, "the same bytes again are a repetition: same reply, nothing done", _WIRE)
def _same_checkin(bench: Bench) -> None:
    bench.terminal().ask(ask.checkout(bench.account.patron, bench.account.items[0]))
    _same_twice(bench, ask.checkin(bench.account.items[0]))


@check("reply lost", _SHOULD, "a reply that was lost with its connection is given on the next", "exactly once")
def _lost(bench: Bench) -> None:
    body = bench.account.body(ask.checkout(bench.account.patron, bench.account.items[0]))
    first = bench.terminal()
    frame = first.frame(body)
    first.write(frame + b"\r")
    before = codec.unseal(first.read()).body
    _done(before)
    first.close()
    second = bench.terminal()
    frame = second.frame(body)
    second.write(frame + b"\r")
    after = codec.unseal(second.read()).body
    want(after == before, f"the second reply is {masked(after)}, the first {masked(before)}")


@check("unknown command", _MUST, "a command that there is not is answered, and the connection kept", _WIRE)
def _unknown(bench: Bench) -> None:
    client = bench.terminal()
    client.write(codec.seal(b"42kit|", b"9", checked=True) + b"\r")
    reply = client.read()
    want(reply.startswith(b"96"), f"the reply is {masked(reply)}")
    _still_there(bench, client)


@check("truncated", _MUST, "a fixed part cut short is answered in the shape of its reply, or 96", _WIRE)
def _truncated(bench: Bench) -> None:
    client = bench.terminal()
    frame = client.frame(b"11YN2026AB" + bench.account.items[0].encode() + b"|")
    client.write(frame + b"\r")
    reply = client.read()
    want(reply.startswith((b"120", b"96")), f"the reply is {masked(reply)}")
    _still_there(bench, client)


@check("NUL", _SHOULD, "a NUL inside a message is passed over", _WIRE)
def _nul(bench: Bench) -> None:
    client = bench.terminal()
    client.write(_item(bench).replace(b"AB", b"A\0B") + b"\r")
    reply = client.read()
    want(reply.startswith(b"18"), f"the reply is {masked(reply)}")
    _still_there(bench, client)


@check("Latin-1", _MUST, "octets of another character set are answered, not sent back for ever", _FIELD)
def _latin(bench: Bench) -> None:
    client = bench.terminal()
    body = bench.account.body(ask.patron("Ren")).replace(b"AARen|", b"AARen\xe9|")
    frame = client.frame(body)
    client.write(frame + b"\r")
    want(client.read().startswith(b"64"), "it is not answered with 64")


@check("field of 20 kB", _MUST, "a message too long is refused, and the connection kept", _WIRE)
def _long(bench: Bench) -> None:
    client = bench.terminal()
    client.write(client.frame(_item(bench) + b"ZZ" + b"x" * 20_000 + b"|") + b"\r")
    client.read()
    _still_there(bench, client)


@check(
    "no end", _MUST, "megabytes without a terminator are not kept: they are refused, or the connection closed", _WIRE
)
def _endless(bench: Bench) -> None:
    client = bench.terminal()
    try:
        for _ in range(_FLOOD >> 16):
            client.write(b"17" + b"x" * 65_534)
    except Failed:
        return  # It was cut, which is right.
    try:
        want(client.read().startswith(b"96"), "it is answered as if it were a message")
    except Failed as error:
        want("closed" in str(error) or "cut" in str(error), "it is all taken in, and nothing is said")


@check("blank nb due date", _MUST, "blank and odd dates are no reason to refuse: every on-line 11 has one", _FIELD)
def _blank_date(bench: Bench) -> None:
    client = bench.terminal()
    body = bench.account.body(ask.checkout(bench.account.patron, bench.account.items[0]))
    want(client.ask(body[:22] + b" " * 18 + body[40:]).ok, "it is refused")
    body = bench.account.body(ask.checkin(bench.account.items[0]))
    want(client.ask(body[:3] + b"0" * 18 + b"rubbish-in-a-date!" + body[39:]).ok, "09 is refused")


@check("AY that stands still", _MUST, "a terminal may send one AY for ever", _FIELD)
def _still(bench: Bench) -> None:
    client = bench.terminal()
    for barcode in (*bench.account.items[:2], *bench.account.items[:2]):
        client.send(codec.seal(bench.account.body(ask.item(barcode)), b"4", checked=True))


@check("one line of answer", _MUST, "a reply comes whole, with one CR, and no control characters", _WIRE)
def _clean(bench: Bench) -> None:
    client = bench.terminal()
    client.write(client.frame(bench.account.body(ask.item("a\tb"))) + b"\r")
    reply = client.read()
    want(not re.search(rb"[\x00-\x1f]", reply), "there are control characters")


@check("others' bytes", _MUST, "97 on one connection never gets what another one asked for", "privacy")
def _others(bench: Bench) -> None:
    one, other = bench.terminal(), bench.terminal()
    other.write(b"97AZFEF5\r")
    before = other.read()
    one.ask(ask.patron(bench.account.patron))
    other.write(b"97AZFEF5\r")
    want(other.read() == before, "it changed with what another terminal asked")
