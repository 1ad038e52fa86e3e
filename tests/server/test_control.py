from __future__ import annotations

import json
import socket
import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet import reactor
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.internet.threads import deferToThread
from twisted.logger import capturedLogs

from server import control
from server.control import Client, ControlConnection, ControlFactory, NoDaemon, Refused
from tests.reactor import await_


def frame(**message: Any) -> bytes:
    body = json.dumps(message).encode()
    return struct.pack("!I", len(body)) + body


def ask(command: str, **arguments: Any) -> bytes:
    return frame(version=control.VERSION, command=command, arguments=arguments)


def refuse(code: str) -> None:
    raise Refused(code, "no", ["why"])


def connect(**commands: Callable[..., Any]) -> tuple[ControlConnection, StringTransport]:
    connection = ControlFactory(commands, Clock()).buildProtocol(None)
    transport = StringTransport()
    connection.makeConnection(transport)
    return connection, transport


def answers(transport: StringTransport) -> list[Any]:
    data, found = transport.value(), []
    while data:
        (size,) = struct.unpack("!I", data[:4])
        found.append(json.loads(data[4 : 4 + size]))
        data = data[4 + size :]
    return found


def test_a_command_is_run_with_its_arguments_and_its_result_sent() -> None:
    connection, transport = connect(add=lambda a, b: {"sum": a + b})
    connection.dataReceived(ask("add", a=1, b=2))
    assert answers(transport) == [{"result": {"sum": 3}}]


def test_a_refusal_carries_its_code_text_and_details() -> None:
    connection, transport = connect(refuse=refuse)
    connection.dataReceived(ask("refuse", code="declaration"))
    assert answers(transport) == [{"refused": "declaration", "text": "no", "details": ["why"]}]


def test_commands_are_answered_in_order_one_at_a_time() -> None:
    waiting: Deferred[str] = Deferred()
    connection, transport = connect(slow=lambda: waiting, quick=lambda: "quick")
    connection.dataReceived(ask("slow") + ask("quick"))
    assert answers(transport) == []
    waiting.callback("slow")
    assert answers(transport) == [{"result": "slow"}, {"result": "quick"}]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(version=99, command="status", arguments={}), "version"),
        (frame(version=1, command="dance", arguments={}), "unknown-command"),
        (frame(version=1, command="status", arguments=[]), "unknown-command"),
        (frame(version=1, command="status"), "bad-frame"),
        (frame(), "bad-frame"),
        (struct.pack("!I", 3) + b"\xff{]", "bad-frame"),
    ],
)
def test_what_is_no_command_is_refused_and_the_connection_goes_on(sent: bytes, code: str) -> None:
    connection, transport = connect(status=lambda: "well")
    connection.dataReceived(sent + ask("status"))
    refused, result = answers(transport)
    assert refused["refused"] == code
    assert result == {"result": "well"}


@given(st.binary(max_size=64))
def test_no_frame_brings_a_connection_down(body: bytes) -> None:
    connection, transport = connect()
    connection.dataReceived(struct.pack("!I", len(body)) + body)
    assert "refused" in answers(transport)[0]


def test_a_bug_is_logged_and_told_without_its_message() -> None:
    connection, transport = connect(broken=lambda: dict[str, str]()["R000001"])
    with capturedLogs() as logged:
        connection.dataReceived(ask("broken"))
    assert answers(transport)[0]["refused"] == "failed"
    assert "R000001" not in str(answers(transport))
    assert len(logged) == 1


def test_a_frame_over_the_limit_ends_the_connection() -> None:
    connection, transport = connect()
    connection.dataReceived(struct.pack("!I", control.MAX_FRAME + 1))
    assert transport.disconnecting


def test_draining_answers_what_is_under_way_and_nothing_after_it() -> None:
    waiting: Deferred[str] = Deferred()
    connection, transport = connect(slow=lambda: waiting)
    connection.dataReceived(ask("slow") + ask("slow"))
    draining = connection.factory.drain()
    waiting.callback("slow")
    assert answers(transport) == [{"result": "slow"}]
    assert transport.disconnecting
    assert not draining.called
    connection.connectionLost()
    assert draining.called


def test_who_sends_more_than_may_wait_is_not_read_until_there_is_room() -> None:
    held: list[Deferred[str]] = []

    def slow() -> Deferred[str]:
        held.append(Deferred())
        return held[-1]

    connection, transport = connect(slow=slow)
    for _ in range(control.MAX_WAITING):
        connection.dataReceived(ask("slow"))
    assert transport.producerState == "producing"
    connection.dataReceived(ask("slow"))
    assert transport.producerState == "paused"
    held[0].callback("1")
    assert transport.producerState == "producing"
    for number in range(1, control.MAX_WAITING + 1):
        held[number].callback("more")
    assert len(answers(transport)) == control.MAX_WAITING + 1


def test_a_command_that_does_not_end_is_cut_off_with_the_daemon() -> None:
    clock = Clock()
    factory = ControlFactory({"slow": Deferred}, clock)
    connection = factory.buildProtocol(None)
    connection.makeConnection(transport := StringTransport())
    connection.dataReceived(ask("slow"))
    factory.drain()
    assert factory.buildProtocol(None) is None
    clock.advance(2)
    assert transport.disconnected


def test_draining_an_idle_factory_is_done_at_once() -> None:
    assert ControlFactory({}, Clock()).drain().called


# --- over a real socket --------------------------------------------------------------------------------------------------


@contextmanager
def listening(directory: Path, **commands: Callable[..., Any]) -> Iterator[ControlFactory]:
    factory = ControlFactory(commands, Clock())
    port = control.listen(reactor, directory, factory)
    try:
        yield factory
    finally:
        await_(maybeDeferred(port.stopListening))
        await_(factory.drain())


def call(directory: Path, command: str, **arguments: Any) -> Any:
    """Call from a thread, as another process would."""

    def calling() -> Any:
        with closing(Client(directory)) as client:
            return client.call(command, **arguments)

    return await_(deferToThread(calling))


def test_a_client_gets_results_and_refusals(tmp_path: Path) -> None:
    with listening(tmp_path, echo=lambda text: text, refuse=refuse):
        assert call(tmp_path, "echo", text="é" * 100_000) == "é" * 100_000
        with pytest.raises(Refused) as refused:
            call(tmp_path, "refuse", code="x")
        assert (refused.value.code, str(refused.value), refused.value.details) == ("x", "no", ["why"])


def test_the_socket_is_for_its_owner_alone(tmp_path: Path) -> None:
    with listening(tmp_path):
        assert stat.S_IMODE((tmp_path / control.NAME).stat().st_mode) == 0o600
    assert not (tmp_path / control.NAME).exists()


def test_a_directory_too_deep_for_a_socket_is_told(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    with pytest.raises(Refused, match="too long"):
        control.listen(reactor, deep, ControlFactory({}, Clock()))


def test_what_a_dead_daemon_left_is_taken_over_and_a_living_one_is_not(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / control.NAME))
    with pytest.raises(NoDaemon):
        Client(tmp_path)
    with listening(tmp_path):
        with pytest.raises(Refused) as refused:
            control.listen(reactor, tmp_path, ControlFactory({}, Clock()))
        assert refused.value.code == "unavailable"


def test_a_client_without_a_daemon_is_told(tmp_path: Path) -> None:
    with pytest.raises(NoDaemon, match=control.NAME):
        Client(tmp_path)


def test_a_client_whose_daemon_goes_away_is_told(tmp_path: Path) -> None:
    def die() -> Deferred[None]:
        for connection in factory.connections:
            connection.transport.abortConnection()
        return Deferred()

    with listening(tmp_path, die=die) as factory, pytest.raises(NoDaemon):
        call(tmp_path, "die")
