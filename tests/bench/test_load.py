"""The load generator counts what it sent, sees every wrong reply, and tells the latencies of each step apart."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import slow_load
from bench.load import (
    Connection,
    Frame,
    Framing,
    Generator,
    GeneratorFailed,
    Result,
    Script,
    compiled,
    interpreted,
    play,
)
from tests.bench.fakes import Answer, Fake, serving, sip2

GENERATORS = ["C", "Python"]


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Generator]:
    """Both generators; where there is no C compiler, the one in Python plays both parts."""
    python = interpreted()
    return {"C": compiled(tmp_path_factory.mktemp("load")) or python, "Python": python}


@pytest.fixture(params=GENERATORS)
def generator(both: dict[str, Generator], request: pytest.FixtureRequest) -> Generator:
    return both[request.param]


def frames(patron: int, cycle: int = 4) -> list[Frame]:
    """Return requests of a patron, with AY counting up from 1."""
    body = b"63000AOLENS|AAR%06d|" % patron
    return [
        Frame("63", sip2(body, b"%d" % (number % 10)), b"64", (b"AAR%06d|" % patron,)) for number in range(1, cycle + 1)
    ]


LOGIN = Frame("93", sip2(b"9300CNkiosk|COsecret|", b"0"), b"941")


def right(message: bytes) -> bytes:
    """Answer as a SIP2 server does."""
    sequence = message[-8:-7]
    if message.startswith(b"93"):
        return sip2(b"941", sequence)
    return sip2(b"64" + message[message.index(b"AA") : message.index(b"AY")], sequence)


def run_against(
    generator: Generator,
    folder: Path,
    answer: Answer,
    connections: list[Connection],
    *,
    framing: Framing = Framing.CR,
    split: Callable[[bytes], int] = slow_load.cr_size,
    seconds: float = 0,
    spin: bool = False,
) -> tuple[Result, Fake]:
    with serving(split, answer) as fake:
        result = play(generator, Script(framing, connections), folder, fake.port, seconds=seconds, spin=spin)
    return result, fake


def test_one_cycle_counts_every_message_once_and_no_login(generator: Generator, tmp_path: Path) -> None:
    connections = [Connection([LOGIN], frames(patron)) for patron in range(40)]
    result, fake = run_against(generator, tmp_path, right, connections)
    assert result.errors == 0
    assert result.connections == 40
    assert result.all.count == result.steps["63"].count == 160
    assert result.steps["93"].count == 0
    assert len(fake.received) == 200


@pytest.mark.parametrize("spin", [False, True])
def test_a_timed_run_ends_each_cycle_that_it_began(generator: Generator, tmp_path: Path, spin: bool) -> None:
    connections = [Connection([LOGIN], frames(patron)) for patron in range(4)]
    result, fake = run_against(generator, tmp_path, right, connections, seconds=0.1, spin=spin)
    assert result.errors == 0
    assert 0 < result.all.count <= len(fake.received) - 4
    assert (len(fake.received) - 4) % 4 == 0
    assert result.seconds >= 0.1


@pytest.mark.parametrize(
    ("break_", "kind"),
    [
        (lambda reply: b"96" + reply[2:], "wrong reply"),
        (lambda reply: sip2(b"64AAR999999|", reply[-8:-7]), "wrong reply"),
        (lambda reply: sip2(reply[:-10], b"9"), "wrong sequence number"),
        (lambda reply: reply[:-10] + b"\r", "wrong sequence number"),
        (lambda reply: reply.replace(b"AAR", b"AAS", 1)[:-10] + b"|AAR000000|" + reply[-10:], "wrong checksum"),
        (lambda reply: reply[:-5] + b"ZZZZ\r", "wrong checksum"),
        (lambda reply: reply + reply, "more than one reply"),
        (lambda _: None, "connection closed"),
    ],
)
def test_a_wrong_reply_is_an_error_with_a_sample(
    generator: Generator, tmp_path: Path, break_: Callable[[bytes], bytes | None], kind: str
) -> None:
    def wrong_at_three(message: bytes) -> bytes | None:
        reply = right(message)
        return break_(reply) if message[-8:-7] == b"3" else reply

    result, _ = run_against(generator, tmp_path, wrong_at_three, [Connection([LOGIN], frames(0))])
    assert kind in result.kinds
    assert result.kinds[kind] == 1
    assert result.samples[0]["kind"] == kind
    assert result.samples[0]["request"].startswith("63000AOLENS|AAR000000|AY3AZ")


def test_a_refused_login_is_an_error(generator: Generator, tmp_path: Path) -> None:
    def refuse(message: bytes) -> bytes:
        return right(message).replace(b"941AY0AZFDFD", b"940AY0AZFDFE")

    result, _ = run_against(generator, tmp_path, refuse, [Connection([LOGIN], frames(0))])
    assert result.kinds == {"wrong reply": 1}


@pytest.mark.parametrize("seconds", [0, 0.1])
def test_a_server_that_closes_every_connection_ends_the_run(
    generator: Generator, tmp_path: Path, seconds: float
) -> None:
    connections = [Connection([LOGIN], frames(0)), Connection([], frames(1))]
    result, _ = run_against(generator, tmp_path, lambda _: None, connections, seconds=seconds)
    assert (result.kinds, result.all.count) == ({"connection closed": 2}, 0)


def test_without_trailer_in_the_request_the_reply_has_none(generator: Generator, tmp_path: Path) -> None:
    plain = [Frame("99", b"9900802.00\r", b"98")]
    result, _ = run_against(generator, tmp_path, lambda _: b"98YYYY|\r", [Connection([], plain)])
    assert (result.errors, result.all.count) == (0, 1)
    result, _ = run_against(generator, tmp_path, lambda _: sip2(b"98YYYY|", b"0"), [Connection([], plain)])
    assert result.kinds == {"wrong sequence number": 1}


def test_a_slow_step_shows_in_its_own_latencies_only(generator: Generator, tmp_path: Path) -> None:
    def slow_at_17(message: bytes) -> bytes:
        if message.startswith(b"17"):
            time.sleep(0.03)
        return message

    steps = [Frame(step, step.encode() + b"x\r", step.encode()) for step in ("17", "23")]
    result, _ = run_against(generator, tmp_path, slow_at_17, [Connection([], steps * 5)])
    assert result.errors == 0
    slow, quick = result.steps["17"], result.steps["23"]
    assert slow.count == quick.count == 5
    assert slow.p50_us > 29_500  # a class of the histogram is 1.6 % wide
    assert quick.p50_us < slow.p50_us
    for latency in (slow, quick, result.all):
        assert latency.p50_us <= latency.p95_us <= latency.p99_us <= latency.p999_us <= latency.max_us


@pytest.mark.parametrize("size", [2, 127, 128, 255, 70_000, 200_000])
def test_ber_replies_of_any_size_are_delimited(generator: Generator, tmp_path: Path, size: int) -> None:
    length = bytes([size]) if size < 128 else bytes([0x83]) + size.to_bytes(3)
    reply = b"\xbf\x30" + length + b"k" * size
    frame = Frame("present", b"\xb8\x02ab", b"\xbf\x30", (b"kk",))
    result, fake = run_against(
        generator,
        tmp_path,
        lambda _: reply,
        [Connection([], [frame] * 3)],
        framing=Framing.BER,
        split=slow_load.ber_size,
    )
    assert (result.errors, result.all.count, len(fake.received)) == (0, 3, 3)


def test_ber_replies_of_indefinite_lengths_end_with_their_end_of_contents(generator: Generator, tmp_path: Path) -> None:
    record = b"\x30\x80\x28\x80\x81\x82\x01\x04" + b"\0" * 260 + b"\0\0\0\0"
    reply = b"\xb9\x80\x98\x01\x02\xbf\x1c\x80" + 2 * record + b"\x30\x00" + b"\0\0\0\0"
    frame = Frame("present", b"\xb8\x02ab", b"\xb9\x80", (b"\x98\x01\x02",))
    result, fake = run_against(
        generator,
        tmp_path,
        lambda _: reply,
        [Connection([], [frame] * 3)],
        framing=Framing.BER,
        split=slow_load.ber_size,
    )
    assert (result.errors, result.all.count, len(fake.received)) == (0, 3, 3)


def test_a_length_that_is_no_length_is_malformed(generator: Generator, tmp_path: Path) -> None:
    frame, reply = Frame("search", b"\xb6\x02ab", b"\xb7"), b"\xb7\x85\x01\x01\x01\x01\x01"
    result, _ = run_against(
        generator, tmp_path, lambda _: reply, [Connection([], [frame])], framing=Framing.BER, split=slow_load.ber_size
    )
    assert result.kinds == {"malformed reply": 1}


def test_http_replies_are_delimited_by_their_length(generator: Generator, tmp_path: Path) -> None:
    request = b"POST /ncip HTTP/1.1\r\ncontent-Length: 4\r\n\r\nabcd"
    reply = b"HTTP/1.1 200 OK\r\nServer: x\r\nCONTENT-LENGTH: 9\r\n\r\n<a>ok</a>"
    frame = Frame("LookupUser", request, b"HTTP/1.1 200", (b"ok",))
    result, fake = run_against(
        generator,
        tmp_path,
        lambda _: reply,
        [Connection([], [frame] * 5)],
        framing=Framing.HTTP,
        split=slow_load.http_size,
    )
    assert (result.errors, result.all.count, fake.received) == (0, 5, [request] * 5)
    result, _ = run_against(
        generator,
        tmp_path,
        lambda _: b"HTTP/1.1 200 OK\r\n\r\n",
        [Connection([], [frame])],
        framing=Framing.HTTP,
        split=slow_load.http_size,
    )
    assert result.kinds == {"malformed reply": 1}


def test_connections_without_a_cycle_stay_open_beside_the_others(generator: Generator, tmp_path: Path) -> None:
    idle = [Connection([LOGIN]) for _ in range(5)]
    result, fake = run_against(generator, tmp_path, right, [*idle, Connection([LOGIN], frames(1))])
    assert (result.errors, result.connections, result.all.count, len(fake.received)) == (0, 6, 4, 10)


def test_only_idle_connections_are_held_until_told(generator: Generator, tmp_path: Path) -> None:
    with serving(slow_load.cr_size, right) as fake:
        run = generator.start(Script(Framing.CR, [Connection([LOGIN])] * 50), tmp_path, fake.port)
        run.wait_for("ready")
        assert len(fake.received) == 50
        result = run.finish()
    assert (result.connections, result.errors, result.all.count) == (50, 0, 0)


def test_a_bad_script_or_no_server_is_said(
    generator: Generator, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(slow_load.cr_size, right) as fake:
        port = fake.port
    run = generator.start(Script(Framing.CR, [Connection([LOGIN])]), tmp_path, port)
    with pytest.raises(GeneratorFailed, match="ready"):
        run.wait_for("ready")
    assert "refused" in capfd.readouterr().err
