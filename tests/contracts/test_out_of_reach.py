"""A database that cannot be reached or read: one sentence that says what to do, and no password in it."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from answerable.domain.errors import Invalid, Unavailable
from answerable.store import Store

PASSWORD = "r0secomb"
SSL_REQUEST = struct.pack("!I", 80877103)


@contextmanager
def server_that_says(complaint: str) -> Iterator[str]:
    """The address of a PostgreSQL that lets nobody in, and says why."""
    fields = f"SFATAL\0VFATAL\0C28000\0M{complaint}\0\0".encode()
    listening = socket.create_server(("127.0.0.1", 0))

    def refuse_all() -> None:
        while True:
            try:
                caller, _ = listening.accept()
            except OSError:
                return
            with caller:
                if _read(caller).startswith(SSL_REQUEST):
                    caller.sendall(b"N")
                    _read(caller)
                caller.sendall(b"E" + struct.pack("!I", len(fields) + 4) + fields)

    refusing = threading.Thread(target=refuse_all)
    refusing.start()
    try:
        yield f"postgresql://answerable:{PASSWORD}@127.0.0.1:{listening.getsockname()[1]}/support"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        refusing.join()


def _read(caller: socket.socket) -> bytes:
    (length,) = struct.unpack("!I", caller.recv(4, socket.MSG_WAITALL))
    return caller.recv(length - 4, socket.MSG_WAITALL)


def sentence_of(url: str) -> str:
    """What is said instead of a traceback."""
    with pytest.raises((Unavailable, Invalid)) as refused, Store(url) as store:
        store.migrate()
    return str(refused.value)


@pytest.mark.parametrize(
    ("complaint", "says"),
    [
        ('password authentication failed for user "answerable"', "refuses the name or the password"),
        ('role "answerable" does not exist', "refuses the name or the password"),
        ('database "support" does not exist', "has no database of that name. Make it"),
        ('no pg_hba.conf entry for host "10.0.0.7"', "lets nobody in from this machine"),
        ("sorry, too many clients already", "has no connection left"),
        ("the database system is starting up", "does not answer"),
    ],
)
def test_what_the_server_refuses_is_said_in_a_sentence(complaint: str, says: str) -> None:
    with server_that_says(complaint) as url:
        said = sentence_of(url)

    assert says in said
    assert PASSWORD not in said


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (f"postgresql://answerable:{PASSWORD}@127.0.0.1:1/support", "Check that it runs and that the address is right"),
        (f"postgresql://answerable:{PASSWORD}@nowhere.invalid/support", "host is not known"),
        (f"postgresql://answerable:{PASSWORD}@127.0.0.1:1/support?colour=red", "option behind the ?"),
        (f"postgresql://answerable@127.0.0.1:{PASSWORD}/support", "%2F for a /"),
        (f"postgresql:answerable:{PASSWORD}", "cannot be read; write postgresql://"),
    ],
)
def test_an_address_that_leads_nowhere_is_said_in_a_sentence(url: str, says: str) -> None:
    said = sentence_of(url)

    assert says in said
    assert PASSWORD not in said


def test_a_file_that_is_no_database_is_said_in_a_sentence(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear support, " * 200)

    assert "check that it is a file and no folder" in sentence_of(f"sqlite:///{tmp_path}")
    assert "no database at all" in sentence_of(f"sqlite:///{letter}")
    assert f"folder {letter}" in sentence_of(f"sqlite:///{letter}/answerable.sqlite")
