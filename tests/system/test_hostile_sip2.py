"""Terminals that behave as badly as they can, at a real daemon: everything is answered, in order, and nothing is done twice."""

from __future__ import annotations

import random
import socket
import struct
from contextlib import suppress

import pytest
from sqlalchemy import func, select

from protocols.sip2 import codec
from protocols.sip2.tables import Message
from storage import schema
from storage.database import Location
from tests.server.sip2.kiosk import DATE, checkin, checkout, information, item, renew, sealed
from tests.system.running import Daemon, Kiosk, serving

pytestmark = pytest.mark.slow
REPLIES = {code.encode(): kind.REPLY.encode() for code, kind in Message.BY_CODE.items()}
BODIES = [
    item(b"I1"), checkout(b"R1", b"I1"), information(b"R1", more=b"AD1234|"), renew(b"R1", b"I1"), checkin(b"I1"),
    b"23002" + DATE + b"AOLENS|AAR2|AC|AD|", b"9900802.00", b"65" + DATE + b"AOLENS|AAR1|", b"35" + DATE + b"AOLENS|AAR1|",
    b"15+" + DATE + b"AOLENS|AAR3|ABI1|", b"15-" + DATE + b"AOLENS|AAR3|ABI1|", b"19" + DATE + b"AOLENS|ABI2|CHx|",
    b"37" + DATE + b"0100EURBV1|AOLENS|AAR1|", b"01N" + DATE + b"AOLENS|ALx|AANOBODY|AC|", b"25" + DATE + b"AOLENS|AAR1|",
]  # fmt: skip


def all_of(line: socket.socket, replies: int) -> list[bytes]:
    got = b""
    while got.count(b"\r") < replies:
        part = line.recv(65536)
        assert part, "the connection is closed"
        got += part
    return got.split(b"\r")[:-1]


def cut(kiosk: Kiosk) -> None:
    """Reset the connection, with whatever is under way on it."""
    kiosk.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    kiosk.socket.close()


def lend_over_a_broken_line(daemon: Daemon, chance: random.Random, body: bytes) -> bytes:
    """Send *body* until it is answered, cutting the line at any moment; return the last answer."""
    for sequence in b"12345":
        kiosk = Kiosk(daemon)
        kiosk.socket.sendall(sealed(body, bytes([sequence])))
        how = chance.randrange(4)
        if how == 0:  # at once, before anything can have come
            cut(kiosk)
            continue
        if how == 1:  # when the answer is there, unread
            kiosk.socket.recv(1, socket.MSG_PEEK)
            cut(kiosk)
            continue
        (first,) = all_of(kiosk.socket, 1)
        kiosk.socket.sendall(sealed(body, bytes([sequence])))
        assert all_of(kiosk.socket, 1) == [first]
        kiosk.socket.close()
        return first
    with Kiosk(daemon) as kiosk:
        return kiosk.ask(body)


def test_terminals_that_behave_badly_harm_nobody(any_location: Location) -> None:
    chance = random.Random(4)
    with serving(any_location) as daemon, Kiosk(daemon, b"kiosk-lievin") as beside:
        # A thousand messages in one piece.
        with Kiosk(daemon) as hasty:
            bodies = [BODIES[number % len(BODIES)] for number in range(1000)]
            sent = [sealed(body, b"%d" % (number % 10)) for number, body in enumerate(bodies)]
            hasty.socket.sendall(b"".join(sent))
            for number, reply in enumerate(all_of(hasty.socket, 1000)):
                taken = codec.unseal(reply)
                assert reply[:2] == REPLIES[bodies[number][:2]]
                assert (taken.intact, taken.sequence) == (True, b"%d" % (number % 10))
            hasty.ask(checkin(b"I1"))
        # Lines that break at every moment of a loan.
        for number in range(2, 10):
            told = lend_over_a_broken_line(daemon, chance, checkout(b"R%d" % number, b"I%d" % number))
            assert told[:4] == b"121N"
        # Halves of messages, checksums that are wrong, and a message without an end.
        for _ in range(50):
            half = Kiosk(daemon, None)
            half.socket.sendall(sealed(checkin(b"I9"))[: chance.randrange(60)])
            cut(half)
        with Kiosk(daemon) as wrong:
            spoilt = sealed(checkin(b"I9"))
            flipped = [spoilt[:at] + b"#" + spoilt[at + 1 :] for at in range(len(spoilt) - 1)]
            wrong.socket.sendall(sealed(item(b"I9")) + b"".join(flipped))
            assert set(all_of(wrong.socket, len(spoilt))[1:]) == {b"96AZFEF6"}
        with Kiosk(daemon) as endless, suppress(ConnectionError):
            for _ in range(1000):
                endless.socket.sendall(b"x" * 65536)
            raise AssertionError("megabytes without an end are taken")
        assert beside.ask(item(b"I9")).startswith(b"1804")
    with any_location.engine(reads=True).connect() as connection:
        assert connection.scalar(select(func.count()).select_from(schema.loan)) == 8
        lent = select(func.count()).select_from(schema.journal).where(schema.journal.c.act == "checkout")
        assert connection.scalar(lent.where(schema.journal.c.item_id > 1)) == 8
