"""What the player must remember so that playing twice adds nothing: customers' keys, reps' passwords, what is done."""

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(slots=True)
class Memory:
    """Kept in a folder of its own, in files that only their owner can read."""

    folder: Path
    customers: dict[str, str] = field(default_factory=dict)
    """The key of each customer, by their name here."""
    done: set[str] = field(default_factory=set)
    """The scripts that have been played to their end."""

    @classmethod
    def of(cls, folder: Path) -> "Memory":
        """What the folder remembers."""
        folder.mkdir(parents=True, exist_ok=True)
        kept = _read(folder / "memory.json")
        return cls(folder, dict(kept.get("customers", {})), set(kept.get("done", [])))

    def forget(self) -> None:
        """Begin anew: the server does not know what we remember."""
        self.customers.clear()
        self.done.clear()
        self.save()

    def save(self) -> None:
        """Write it down."""
        content = {"customers": self.customers, "done": sorted(self.done)}
        _write(self.folder / "memory.json", content)

    def passwords(self) -> dict[str, str]:
        """The passwords of reps who have signed in before, by e-mail."""
        return {str(email): str(password) for email, password in _read(self.folder / "reps.json").items()}

    def new_password(self, email: str) -> str:
        """A password for a rep, written down before it is used."""
        password = secrets.token_urlsafe(18)
        _write(self.folder / "reps.json", self.passwords() | {email: password})
        return password

    def links(self) -> dict[str, str]:
        """One-time links of invited reps, by e-mail, as whoever started us left them."""
        return {str(email): str(token) for email, token in _read(self.folder / "links.json").items()}

    def add_link(self, email: str, token: str) -> None:
        """Keep a one-time link until it is used."""
        _write(self.folder / "links.json", self.links() | {email: token})

    def forget_links(self) -> None:
        """They are used up."""
        (self.folder / "links.json").unlink(missing_ok=True)


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return content if isinstance(content, dict) else {}


def _write(file: Path, content: dict[str, Any]) -> None:
    """Whole or not at all: a process that is killed meanwhile leaves the old one."""
    part = file.with_suffix(".part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as opened:
        json.dump(content, opened, ensure_ascii=False, indent=1)
    part.replace(file)
