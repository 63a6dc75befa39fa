"""Which release a conversation is answered by from when it opens: `release_for(db, conversation_id)`."""

import hashlib

from sqlalchemy import Connection

from answerable.store import candidates, releases


def release_for(db: Connection, conversation_id: str) -> int:
    """The release that a conversation gets when it opens, or is opened again.

    That of the hold-out, that of the canary, or the newest of the line.
    Which one is told by the hash of its id, so it is the same whenever and wherever it is asked, as long as the shares
    are the same; a share that grows takes nobody out.
    """
    hold_out = candidates.hold_out(db)
    if hold_out is not None and place(hold_out.id, conversation_id) < hold_out.share:
        return hold_out.release
    canary = candidates.on_canary(db)
    if canary is not None and canary.state == "canary" and place(canary.id, conversation_id) < canary.share:
        assert canary.sealed is not None
        return canary.sealed
    return releases.newest(db)


def place(drawn_for: str, conversation_id: str) -> float:
    """Where a conversation stands among all others, from 0 up to 1, evenly and otherwise for each draw."""
    digest = hashlib.sha256(f"{drawn_for}/{conversation_id}".encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48
