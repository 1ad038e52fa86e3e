"""Checks of what lasts longer than a message: logins, sequence numbers, repetitions, and terminals beside one another."""

from __future__ import annotations

from typing import Any, Final

from conformance.checks import Checks, want
from conformance.results import Level, NotApplicable
from conformance.sip2 import requests as ask
from conformance.sip2.bench import Bench
from conformance.sip2.client import examine, login, masked
from conformance.sip2.requests import NOBODY
from protocols.sip2 import codec
from protocols.sip2.codes import Summary

check = Checks[Bench]()

_RULES: Final = "SIP2 2.00, error detection and sessions"
_FIELD: Final = "what terminals in use send"
_MUST, _SHOULD = Level.MUST, Level.SHOULD
_TRIES: Final = 3
_PIPELINED: Final = 50
_WIDTH: Final = 20


@check("three tries", _SHOULD, "after three wrong logins on a connection it is closed", "login")
def _three(bench: Bench) -> None:
    client = bench.client()
    for count in range(_TRIES):
        reply = client.ask(login(f"{bench.account.login}-kit", "wrong"))
        want(not reply.ok, f"try {count + 1} is accepted")
    want(client.ended(), "passwords may be tried without end")


@check("login again", _MUST, "a terminal may log in again on its connection", "login")
def _again(bench: Bench) -> None:
    bench.terminal().log_in().ask(ask.item(bench.account.items[0]))


@check("blank algorithms", _SHOULD, "a blank algorithm of 93 means in clear", _FIELD)
def _blank(bench: Bench) -> None:
    account = bench.account
    body = account.body(login(account.login, account.password))
    want(bench.client().ask(body[:2] + b"  " + body[4:]).ok, "the login is refused")


@check("AY out of order", _MUST, "AY is copied back, whatever digit comes", _RULES)
def _digits(bench: Bench) -> None:
    terminal = bench.terminal()
    for number, digit in enumerate(b"5590017"):
        barcode = bench.account.items[number % 2]
        terminal.send(codec.seal(bench.account.body(ask.item(barcode)), bytes([digit]), checked=True))


@check("AY of two digits", _SHOULD, "an AY that counted past 9 is copied back as it came", _FIELD)
def _two_digits(bench: Bench) -> None:
    terminal = bench.terminal()
    terminal.send(codec.seal(bench.account.body(ask.item(bench.account.items[0])), b"10", checked=True))


@check("97 twice", _MUST, "97 gets the last reply as often as it comes, with AZ or without", _RULES)
def _resends(bench: Bench) -> None:
    terminal = bench.terminal()
    terminal.write(terminal.frame(ask.item(bench.account.items[0])) + b"\r")
    first = terminal.read()
    for request in (b"97AZFEF5\r", b"97AZFEF5\r", b"97\r"):
        terminal.write(request)
        again = terminal.read()
        want(again == first, f"the answer to {request!r} is another: {masked(again)}")


@check("repeated after 96", _MUST, "what was answered 96 is done when it comes again, whole", _RULES)
def _whole_again(bench: Bench) -> None:
    terminal = bench.terminal()
    frame = terminal.frame(ask.checkout(bench.account.patron, bench.account.items[0]))
    terminal.write(frame[:-4] + (b"0000" if frame[-4:] != b"0000" else b"1111") + b"\r")
    terminal.read()
    reply = terminal.send(frame)
    want(reply.ok and not reply.renewal_ok, "it is not done, or was done before")


@check("same body, new AY", _MUST, "the same body with another AY is another request, and done", _RULES)
def _another(bench: Bench) -> None:
    terminal, account = bench.terminal(), bench.account
    out, back = (
        account.body(each) for each in (ask.checkout(account.patron, account.items[0]), ask.checkin(account.items[0]))
    )
    for body in (out, back, out, back):
        want(terminal.ask(body).ok, f"{body[:2].decode()} is refused")
    want(terminal.ask(ask.item(account.items[0])).circulation_status != "04", "the last 09 was not done")


@check("fifty at once", _MUST, "messages that come faster than they are answered get their replies in order", _RULES)
def _pipeline(bench: Bench) -> None:
    terminal, items = bench.terminal(), bench.account.items
    asked = [items[number % len(items)] for number in range(_PIPELINED)]
    sent = [terminal.frame(ask.item(barcode)) for barcode in asked]
    terminal.write(b"".join(frame + b"\r" for frame in sent))
    for frame, barcode in zip(sent, asked, strict=True):
        reply: Any = examine(terminal.read(), frame, bench.account.charset)
        want(reply.item_identifier == barcode, "a reply is another's")


@check("beside others", _MUST, "terminals that ask at the same time get their own replies", "privacy")
def _beside(bench: Bench) -> None:
    terminals = [bench.terminal() for _ in range(6)]
    for turn in range(3):
        sent = []
        for number, terminal in enumerate(terminals):
            sent.append(terminal.frame(ask.patron(f"{NOBODY}{number}{turn}")))
            terminal.write(sent[-1] + b"\r")
        for number, terminal in enumerate(terminals):
            reply: Any = examine(terminal.read(), sent[number], bench.account.charset)
            want(reply.patron_identifier == f"{NOBODY}{number}{turn}", "a reply is another terminal's")


@check("cut off", _MUST, "a terminal that goes in the middle of a message harms nobody", _FIELD)
def _cut_off(bench: Bench) -> None:
    other, client = bench.terminal(), bench.terminal()
    client.write(client.frame(ask.checkout(bench.account.patron, bench.account.items[0]))[:30])
    client.close()
    reply = other.ask(ask.item(bench.account.items[0]))
    want(reply.circulation_status != "04", "half a message was done")


@check("blanks before", _SHOULD, "blanks and control characters before a message are passed over", _FIELD)
def _before(bench: Bench) -> None:
    terminal = bench.terminal()
    frame = terminal.frame(ask.item(bench.account.items[0]))
    terminal.write(b" \n\x02" + frame + b"\r")
    want(terminal.read().startswith(b"18"), "it is not answered with 18")


@check("odd version", _SHOULD, "a version that there is not (2.0E) is taken for 2.00", _FIELD)
def _version(bench: Bench) -> None:
    want(bench.terminal().ask(b"9900802.0E").protocol_version == "2.00", "98 says another version")


@check("time-out", _MUST, "98 says a time-out in tenths of seconds and a number of retries", "98")
def _time_out(bench: Bench) -> None:
    reply = bench.terminal().ask(ask.status())
    want(reply.timeout_period, "there is no time-out: terminals take the server for off line")
    want(reply.retries_allowed is not None, "there is no number of retries")


@check("print width", _SHOULD, "print lines are no longer than the width that 99 says", "99")
def _width(bench: Bench) -> None:
    terminal, account = bench.terminal(), bench.account
    terminal.ask(b"990%03d2.00" % _WIDTH)
    replies = [
        terminal.ask(ask.checkout(account.patron, account.items[0])),
        terminal.ask(ask.end_session(account.patron)),
    ]
    lines = [line for reply in replies for line in reply.print_line]
    if not lines:
        raise NotApplicable("nothing is sent to be printed")
    want(max(map(len, lines)) <= _WIDTH, f"a line of {max(map(len, lines))} characters comes for a printer of {_WIDTH}")


@check("63 every list", _MUST, "each position of the summary gets its 64, and the same counts", "63")
def _every_list(bench: Bench) -> None:
    terminal, counts = bench.terminal(), set()
    for summary in (None, *Summary):
        reply = terminal.ask(ask.patron(bench.account.patron, summary))
        counts.add(
            (reply.hold_items_count, reply.charged_items_count, reply.fine_items_count, reply.overdue_items_count)
        )
    want(len(counts) == 1, "the counts change with the list that is asked for")


@check("24 and 64 agree", _SHOULD, "a reader's status is the same in 24 and in 64", "patron status")
def _agree(bench: Bench) -> None:
    terminal, account = bench.terminal(), bench.account
    one, other = terminal.ask(ask.patron_status(account.patron, account.pin)), terminal.ask(ask.patron(account.patron))
    want(one.patron_status == other.patron_status, "they differ")


@check("63 without PIN", _SHOULD, "without AD nothing is said of the PIN: no CQ", "CQ")
def _no_pin(bench: Bench) -> None:
    reply = bench.terminal().ask(ask.patron(bench.account.patron))
    want(reply.valid_patron_password is None, "CQ is there")


@check("11 of nobody", _MUST, "an unknown reader borrows nothing, and is told why", "11")
def _nobodys_loan(bench: Bench) -> None:
    reply = bench.terminal().ask(ask.checkout(NOBODY, bench.account.items[0]))
    want(not reply.ok and not reply.desensitize, "it is lent")
    want(reply.screen_message, "nothing says why")


@check("36 of nobody", _SHOULD, "a session ends for whom there is not, too: Y", "35")
def _nobodys_end(bench: Bench) -> None:
    want(bench.terminal().ask(ask.end_session(NOBODY)).end_session, "it is refused")


@check("BK", _SHOULD, "the terminal's number of a payment is echoed", "37")
def _transaction(bench: Bench) -> None:
    want(bench.terminal().ask(ask.fee_paid(NOBODY)).transaction_id == "kit", "BK is not echoed")


@check("09 again", _MUST, "what is not on loan may be returned, and is answered in its shape", "09")
def _not_lent(bench: Bench) -> None:
    terminal = bench.terminal()
    for _ in range(2):
        reply = terminal.ask(ask.checkin(bench.account.items[0]))
        want(reply.item_identifier == bench.account.items[0], "the barcode is not echoed")
