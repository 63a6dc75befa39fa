"""Letters: sent through a mail server, or, where there is none, put into a folder to be read there."""

import smtplib
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Literal, Protocol

from answerable.domain.errors import Unavailable
from answerable.domain.ids import new_id

Security = Literal["starttls", "tls", "none"]
"""STARTTLS: encrypted before anything is said. TLS: from the first byte. None: for a server on the same machine."""

TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Letter:
    """A plain letter to one person."""

    to: str
    subject: str
    text: str


class Mailer(Protocol):
    """Sends letters. It may take its time: call it in a thread."""

    def send(self, letter: Letter) -> None:
        """Hands a letter over. Raises Unavailable if that is not possible."""
        ...


@dataclass(frozen=True, slots=True)
class MailServer:
    """A mail server that takes letters from us (RFC 6409)."""

    host: str
    port: int
    sender: str
    security: Security = "starttls"
    user: str | None = None
    password: str | None = None

    def send(self, letter: Letter) -> None:
        """Hands a letter over. Raises Unavailable."""
        try:
            with self._connected() as server:
                if self.security == "starttls":
                    server.starttls(context=ssl.create_default_context())
                if self.user is not None:
                    server.login(self.user, self.password or "")
                server.send_message(_written(letter, self.sender))
        except (OSError, smtplib.SMTPException, ValueError) as error:
            # What the server says may hold the address, or worse.
            raise Unavailable(f"The mail server did not take a letter: {type(error).__name__}.") from error

    def _connected(self) -> smtplib.SMTP:
        if self.security == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_SECONDS, context=context)
        return smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_SECONDS)


@dataclass(frozen=True, slots=True)
class LetterFolder:
    """Puts letters into a folder, so that the demo can be tried without a mail server."""

    folder: Path

    def send(self, letter: Letter) -> None:
        """Writes a letter into a file of its own that only the owner may read."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = self.folder / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S}-{new_id('let')}.eml"
            file.touch(mode=0o600)
            file.write_bytes(_written(letter, "demo@localhost").as_bytes())
        except (OSError, ValueError) as error:
            raise Unavailable(f"A letter could not be written: {type(error).__name__}.") from error


class NoMailer:
    """There is no mail server."""

    def send(self, letter: Letter) -> None:
        """Raises Unavailable."""
        raise Unavailable("No mail server is set: ANSWERABLE_SMTP_HOST.")


def _written(letter: Letter, sender: str) -> EmailMessage:
    """A letter as mail. Raises ValueError for an address or a subject with a line break in it."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = letter.to
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].strip(">") or None)
    # Nobody's holiday notice should answer it (RFC 3834).
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(letter.text)
    return mail
