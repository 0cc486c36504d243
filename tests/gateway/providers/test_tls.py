"""TLS to the upstream: the certificate is checked against the name in the register."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.providers.base import FailureClass
from gateway.providers.openai_compatible import OpenAICompatible
from tests.gateway.providers.upstreams import ANSWER, LOOPBACK, VerbatimServer, call_to, failure_of_call, whole


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "upstream")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "upstream.pem"
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + secret)
    return path


@pytest.fixture
async def secure(certificate: Path) -> AsyncIterator[VerbatimServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = VerbatimServer()
    await server.start(context)
    server.answer_with("HTTP/1.1 200 OK\ncontent-type: application/json", ANSWER)
    server.answer_with("HTTP/1.1 200 OK\ncontent-type: text/event-stream", b"data: {}\n\ndata: [DONE]\n\n")
    yield server
    await server.stop()


async def test_calls_share_an_encrypted_connection(secure: VerbatimServer, certificate: Path) -> None:
    provider = OpenAICompatible(LOOPBACK, tls=ssl.create_default_context(cafile=str(certificate)))
    assert await whole(provider, call_to(secure.url)) == [ANSWER]
    assert await whole(provider, call_to(secure.url, stream=True)) == [b"{}"]
    assert secure.connections == 1
    await provider.close()


async def test_a_certificate_nobody_vouches_for_is_refused(secure: VerbatimServer) -> None:
    failure = await failure_of_call(OpenAICompatible(LOOPBACK), call_to(secure.url))
    assert failure.failure_class is FailureClass.CONNECT_FAILED
    assert not failure.sent
    assert secure.requests == []


async def test_a_certificate_for_another_host_is_refused(secure: VerbatimServer, certificate: Path) -> None:
    provider = OpenAICompatible(LOOPBACK, tls=ssl.create_default_context(cafile=str(certificate)))
    failure = await failure_of_call(provider, call_to(secure.url.replace("127.0.0.1", "localhost")))
    assert failure.failure_class is FailureClass.CONNECT_FAILED
    assert secure.requests == []
