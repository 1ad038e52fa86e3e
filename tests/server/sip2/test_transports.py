"""Ways to reach the SIP2 server: a prompt as telnet has it, a serial line, a proxy before it, TLS with the client's certificate."""

from __future__ import annotations

import os
import pty
import socket
import ssl
import tty
from pathlib import Path
from typing import Any

import pytest
from OpenSSL import crypto
from twisted.internet import reactor as installed_reactor
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from server.listeners import CannotListen, Listener, check, listen
from server.serial_lines import AGAIN_SECONDS, parse
from server.sip2.factory import SIP2Factory
from server.sip2.prompt import LONGEST
from tests.server.sip2.kiosk import Kiosk, Service, SIP2TestCase, Wire, item, known, login, sealed
from tests.server.test_listeners import make_certificate

reactor: Any = installed_reactor
# Twisted's own `ssl:` endpoints still hand certificates over as pyOpenSSL objects.
pytestmark = pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning")


class PromptTests(SIP2TestCase):
    """A login at a prompt."""

    def prompted(self, service: Service) -> Kiosk:
        kiosk = Kiosk(service.factory)
        kiosk.lose()
        kiosk.protocol = service.factory.prompting().buildProtocol(None)
        kiosk.wire = Wire()
        kiosk.protocol.makeConnection(kiosk.wire)
        return kiosk

    def test_two_prompts_and_then_sip2_on_the_same_line(self) -> None:
        kiosk = self.prompted(self.service)
        assert kiosk.got() == b"login: "
        kiosk.send(b"\xff\xfb\x01kiosk-lens\r\n")
        assert kiosk.got() == b"password: "
        kiosk.send(b"demo\r", b"\0")
        assert kiosk.got() == b"Login OK.  Initiating SIP\r\n"
        kiosk.send(item(b"I1") + b"\r")
        assert kiosk.got().startswith(b"1803")

    def test_what_comes_in_one_segment_is_taken_in_order(self) -> None:
        kiosk = self.prompted(self.service)
        kiosk.send(b"kiosk-lens\ndemo\n" + item(b"I1") + b"\r")
        assert b"Initiating SIP\r\n1803" in kiosk.got()

    def test_three_wrong_answers_close(self) -> None:
        kiosk = self.prompted(self.service)
        for number in range(3):
            assert not kiosk.wire.disconnecting
            kiosk.send(b"kiosk-lens\r\nwrong%d\r\n" % number)
            assert b"Login incorrect\r\n" in kiosk.got()
        assert kiosk.wire.disconnecting

    def test_nobody_types_a_kilobyte(self) -> None:
        kiosk = self.prompted(self.service)
        kiosk.send(b"x" * (LONGEST + 1))
        assert kiosk.wire.disconnecting


class Line(Protocol):
    """A client on a real socket or line, that waits for so many carriage returns."""

    def __init__(self) -> None:
        self.data = b""
        self.lost = False

    def dataReceived(self, data: bytes) -> None:
        self.data += data

    def connectionLost(self, reason: Any = None) -> None:
        self.lost = True


async def until(condition: Any) -> None:
    for _ in range(3000):
        if condition():
            return
        await deferLater(reactor, 0.01)
    raise AssertionError("it does not come to that")


class RealTests(SIP2TestCase):
    """Over what the system has."""

    def setUp(self) -> None:
        super().setUp()
        self.factory = SIP2Factory(self.store, reactor, known)
        self.addCleanup(self.factory.drain)

    def listen(self, description: str) -> Listener:
        found = listen(reactor, description, self.factory)
        self.addCleanup(found.port.stopListening)
        return found

    async def connect(self, found: Listener) -> Line:
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", int(found.address.rpartition(":")[2]))
        client: Line = await connectProtocol(endpoint, Line())

        def leave() -> None:
            if client.transport is not None:
                client.transport.loseConnection()

        self.addCleanup(leave)
        return client

    async def asked(self, client: Line, *frames: bytes) -> bytes:
        client.data = b""
        client.transport.write(b"".join(frames))  # type: ignore[union-attr]  # it is connected
        await until(lambda: client.data.count(b"\r") >= len(frames) or client.lost)
        return client.data

    async def test_several_listeners_serve_at_once(self) -> None:
        plain, prompting = self.listen("tcp:0:interface=127.0.0.1"), self.listen("telnet:tcp:0:interface=127.0.0.1")
        one, other = await self.connect(plain), await self.connect(prompting)
        assert (await self.asked(one, login() + b"\r")) == b"941\r"
        assert (await self.asked(other, b"kiosk-lens\rdemo\r")).endswith(b"Initiating SIP\r\n")
        assert len(self.factory.connections) == 2

    async def test_a_proxy_tells_who_comes_and_devices_may_be_bound_to_addresses(self) -> None:
        await self.profile(addresses="192.0.2.0/24 2001:db8::/32")
        found = self.listen("haproxy:tcp:0:interface=127.0.0.1")
        second = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c"
        for header, reply in (
            (b"PROXY TCP4 192.0.2.7 127.0.0.1 40000 6001\r\n", b"941\r"),
            (b"PROXY TCP4 198.51.100.7 127.0.0.1 40000 6001\r\n", b"940\r"),
            (b"PROXY TCP6 2001:db8::7 ::1 40000 6001\r\n", b"941\r"),
            (second + bytes([192, 0, 2, 9, 127, 0, 0, 1, 156, 64, 23, 113]), b"941\r"),
            (second + bytes([198, 51, 100, 9, 127, 0, 0, 1, 156, 64, 23, 113]), b"940\r"),
        ):
            client = await self.connect(found)
            assert await self.asked(client, header + login() + b"\r") == reply

    async def test_what_is_no_proxy_header_is_cut_off_and_nobody_else(self) -> None:
        found = self.listen("haproxy:tcp:0:interface=127.0.0.1")
        bad, good = await self.connect(found), await self.connect(found)
        await self.asked(bad, b"9300CNkiosk-lens|COdemo|\r\n" * 20)
        assert bad.lost
        assert await self.asked(good, b"PROXY TCP4 192.0.2.7 127.0.0.1 1 6001\r\n" + login() + b"\r") == b"941\r"

    async def test_a_device_may_be_bound_to_its_certificate(self) -> None:
        folder = self.location.directory
        (folder / "server").mkdir()
        (folder / "kiosk").mkdir()
        key, certificate = make_certificate(folder / "server", "bibliobus")
        own_key, own = make_certificate(folder / "kiosk", "kiosk-lens")
        shown = crypto.load_certificate(crypto.FILETYPE_PEM, own.read_bytes()).digest("sha256").decode()
        await self.profile(certificate=shown.replace(":", ""))
        found = self.listen(f"ssl:0:privateKey={key}:certKey={certificate}:interface=127.0.0.1:clients=any")
        port = int(found.address.rpartition(":")[2])

        def visit(mine: tuple[Path, Path] | None, user: bytes) -> bytes:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            if mine is not None:
                context.load_cert_chain(*mine)
            with socket.create_connection(("127.0.0.1", port), timeout=10) as raw, context.wrap_socket(raw) as line:
                line.sendall(login(user) + b"\r")
                return line.recv(100)

        assert await deferToThread(visit, (own, own_key), b"kiosk-lens") == b"941\r"
        assert await deferToThread(visit, (certificate, key), b"kiosk-lens") == b"940\r"
        assert await deferToThread(visit, None, b"kiosk-lens") == b"940\r"
        assert await deferToThread(visit, None, b"kiosk-lievin") == b"941\r"

    async def test_a_serial_line_is_a_device_that_needs_no_login(self) -> None:
        master, slave = pty.openpty()
        self.addCleanup(os.close, slave)
        tty.setraw(slave)
        self.listen(f"serial:{os.ttyname(slave)}:baudrate=19200:device=kiosk-lens")
        got = b""
        os.set_blocking(master, False)
        for frame in (sealed(b"9900802.00"), sealed(item(b"I1"), b"2"), b"97AZFEF5\r"):
            os.write(master, frame)

        def read() -> bool:
            nonlocal got
            try:
                got += os.read(master, 4096)
            except BlockingIOError:
                return False
            return got.count(b"\r") == 3

        await until(read)
        status, first, again = got.split(b"\r")[:3]
        assert status.startswith(b"98Y")
        assert b"AOLENS" in status
        assert first.startswith(b"1803")
        assert again == first
        os.close(master)
        await until(lambda: not self.factory.connections)

    async def test_a_line_of_a_device_that_is_not_declared_waits_for_a_login(self) -> None:
        kiosk = Kiosk(self.service.factory)
        kiosk.protocol.trusts = "nobody"
        kiosk.protocol._trust()
        kiosk.send(item(b"I1") + b"\r" + login() + b"\r")
        assert kiosk.got().startswith(b"18010001")


@pytest.mark.parametrize(
    "description",
    [
        "serial:",
        "serial:/dev/ttyS0:baudrate=fast",
        "serial:/dev/ttyS0:parity=mark",
        "serial:/dev/ttyS0:colour=red",
        "telnet:nothing:1",
        "tcp:6001:clients=any",
    ],
)
def test_a_description_that_makes_no_sense_is_told(description: str) -> None:
    with pytest.raises(CannotListen):
        check(description)


def test_good_descriptions_are_taken() -> None:
    check("telnet:tcp:6023")
    assert parse("serial:/dev/ttyS0:baudrate=4800:parity=even:device=k") == ("/dev/ttyS0", 4800, "even", 1, 8, "k")
    assert AGAIN_SECONDS > 1


def test_only_sip2_has_prompts_and_lines() -> None:
    for description in ("telnet:tcp:0", "serial:/dev/null"):
        with pytest.raises(CannotListen):
            listen(reactor, description, object())


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    key, certificate = make_certificate(tmp_path, "x")
    with pytest.raises(CannotListen):
        check(f"ssl:0:privateKey={key}:certKey={certificate}:clients={tmp_path / 'none.pem'}")
    with pytest.raises(CannotListen):
        listen(reactor, f"serial:{tmp_path / 'tty'}", SIP2Factory(None, reactor, known))  # type: ignore[arg-type]
    check(f"ssl:0:privateKey={key}:certKey={certificate}:clients={certificate}")
