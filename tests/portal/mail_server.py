"""A real SMTP server on loopback, which says what it is told to say and keeps what it took."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.test import override_settings

from tests.support.gateway import free_port

PUBLIC_URL = "https://chancery.example.com"


@dataclass(slots=True)
class MailServer:
    """`answers` are given to the next messages, one each; `250` after that. `dies`: the connection is cut instead of
    an answer, when the message has been taken."""

    answers: list[str] = field(default_factory=list)
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)
    dies: bool = False

    def to(self, address: str) -> list[EmailMessage]:
        return [message for recipient, message in self.taken if recipient == address]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer.startswith("250"):
            content: Any = envelope.content
            message = message_from_bytes(content, policy=policy.default)
            self.taken += [(recipient, message) for recipient in envelope.rcpt_tos]
        if self.dies:
            assert server.transport is not None
            server.transport.close()
        return answer


@contextmanager
def running() -> Iterator[MailServer]:
    """Settings lead to it. Its port is free again afterwards."""
    mail = MailServer()
    port = free_port()
    controller = Controller(mail, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        with override_settings(EMAIL_HOST="127.0.0.1", EMAIL_PORT=port, EMAIL_USE_TLS=False, PUBLIC_URL=PUBLIC_URL):
            yield mail
    finally:
        controller.stop()
