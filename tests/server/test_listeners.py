from __future__ import annotations

import socket
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL
from twisted.internet import reactor
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactor

from server import listeners
from server.listeners import CannotListen, Listener

# Twisted's own `ssl:` endpoints still hand certificates over as pyOpenSSL objects.
pytestmark = pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning")


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Write a self-signed certificate for *name* and its key, and return their paths."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    key_path, path = folder / "key.pem", folder / "certificate.pem"
    plain = serialization.PrivateFormat.PKCS8
    key_path.write_bytes(key.private_bytes(pem, plain, serialization.NoEncryption()))
    path.write_bytes(certificate.public_bytes(pem))
    return key_path, path


def tls(folder: Path) -> str:
    return f"ssl:0:privateKey={folder / 'key.pem'}:certKey={folder / 'certificate.pem'}:interface=127.0.0.1"


def served_by(listener: Listener) -> str:
    """Return whom a new connection would be told it talks to."""
    client = shaken(listener, SSL.Context(SSL.TLS_CLIENT_METHOD))
    certificate = client.get_peer_certificate(as_cryptography=True)
    assert certificate is not None
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def shaken(listener: Listener, context: SSL.Context) -> SSL.Connection:
    """Return a client with this *context* that has shaken hands with *listener*. Raises SSL.Error."""
    assert listener.certificate is not None
    server, client = SSL.Connection(listener.certificate.getContext(), None), SSL.Connection(context, None)
    server.set_accept_state()
    client.set_connect_state()
    for _ in range(4):
        for one, other in ((client, server), (server, client)):
            with suppress(SSL.WantReadError):
                one.do_handshake()
            with suppress(SSL.WantReadError):
                other.bio_write(one.bio_read(65536))
    return client


@pytest.mark.parametrize(
    "description",
    [
        "tcp:6001",
        "tcp6:6001:interface=\\:\\:1",
        "unix:/run/bibliobus/sip2:mode=660",
        "haproxy:tcp:6001",
        "systemd:domain=INET:index=0",
    ],
)
def test_good_descriptions_are_checked_without_opening_anything(description: str) -> None:
    listeners.check(description)


@pytest.mark.parametrize(
    ("description", "why"),
    [
        ("tcp:kiosk", "cannot be used"),
        ("tcp:6001:interfac=127.0.0.1", "interfac"),
        ("carrier-pigeon:6001", "carrier-pigeon"),
        ("", "cannot be used"),
        ("ssl:6001:privateKey=/nowhere/key.pem", "/nowhere/key.pem: No such file"),
    ],
)
def test_a_bad_description_is_told_with_the_reason(description: str, why: str) -> None:
    with pytest.raises(CannotListen) as caught:
        listeners.check(description)
    assert caught.value.description == description
    assert why in caught.value.why


def test_a_key_that_is_not_the_certificates_is_told(tmp_path: Path) -> None:
    make_certificate(tmp_path, "one")
    certificate = (tmp_path / "certificate.pem").read_bytes()
    make_certificate(tmp_path, "other")
    (tmp_path / "certificate.pem").write_bytes(certificate)
    with pytest.raises(CannotListen, match="keys do not match"):
        listeners.check(tls(tmp_path))


def test_a_port_in_use_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        description = f"tcp:{taken.getsockname()[1]}:interface=127.0.0.1"
        with pytest.raises(CannotListen, match="Address already in use"):
            listeners.listen(reactor, description, Factory())


def test_a_listener_tells_where_it_truly_listens(tmp_path: Path) -> None:
    for description, shown in (("tcp:0:interface=127.0.0.1", "127.0.0.1:"), (f"unix:{tmp_path}/s", f"{tmp_path}/s")):
        listener = listeners.listen(reactor, description, Factory())
        assert listener.address.startswith(shown)
        assert not listener.address.endswith(":0")
        listener.port.stopListening()


def test_the_queue_is_long_enough_for_all_kiosks_at_once() -> None:
    memory = MemoryReactor()
    listeners.listen(memory, "tcp:6001", Factory())
    assert memory.tcpServers[0][2] == listeners.BACKLOG


def test_new_connections_get_a_renewed_certificate(tmp_path: Path) -> None:
    make_certificate(tmp_path, "before")
    listener = listeners.listen(MemoryReactor(), tls(tmp_path), Factory())
    assert served_by(listener) == "before"
    make_certificate(tmp_path, "after")
    assert served_by(listener) == "before"
    listener.renew()
    assert served_by(listener) == "after"


def test_tls_below_1_2_is_refused(tmp_path: Path) -> None:
    make_certificate(tmp_path, "bibliobus")
    for more in ("", ":clients=any"):
        listener = listeners.listen(MemoryReactor(), tls(tmp_path) + more, Factory())
        for newest, wanted in (
            (SSL.TLS1_VERSION, None),
            (SSL.TLS1_1_VERSION, None),
            (SSL.TLS1_2_VERSION, "TLSv1.2"),
            (SSL.TLS1_3_VERSION, "TLSv1.3"),
        ):
            context = SSL.Context(SSL.TLS_CLIENT_METHOD)
            context.set_cipher_list(b"ALL:@SECLEVEL=0")  # else it would offer nothing below 1.2 itself
            context.set_min_proto_version(SSL.TLS1_VERSION)
            context.set_max_proto_version(newest)
            if wanted is None:
                with pytest.raises(SSL.Error, match="unsupported protocol"):
                    shaken(listener, context)
            else:
                assert shaken(listener, context).get_protocol_version_name() == wanted


def test_a_bad_new_certificate_leaves_the_old_one_in_use(tmp_path: Path) -> None:
    make_certificate(tmp_path, "before")
    listener = listeners.listen(MemoryReactor(), tls(tmp_path), Factory())
    (tmp_path / "certificate.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    with pytest.raises(CannotListen):
        listener.renew()
    assert served_by(listener) == "before"


def test_a_plain_listener_has_nothing_to_renew() -> None:
    listeners.listen(MemoryReactor(), "tcp:6001", Factory()).renew()
