"""A Chainlit app for turns.py, run by Chainlit in its own environment: it keeps its threads and steps in SQLite."""

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import chainlit as cl
from _canned import PIECES, QUERY, search_result
from chainlit.data.sql_alchemy import SQLAlchemyDataLayer

DATABASE = Path.cwd() / "peer.sqlite"

# Chainlit does not make the tables of this data layer, and documents them for PostgreSQL. These are the columns that
# release 2.12 writes; one that is missing would make it log a warning and keep nothing.
COLUMNS = {
    "users": ("identifier", "metadata", "createdAt"),
    "threads": ("createdAt", "name", "userId", "userIdentifier", "tags", "metadata"),
    "steps": (
        *("name", "type", "threadId", "parentId", "streaming", "waitForAnswer", "isError", "metadata", "tags", "input"),
        *("output", "createdAt", "command", "modes", "start", "end", "generation", "showInput", "language", "indent"),
        *("defaultOpen", "autoCollapse"),
    ),
    "elements": (
        *("threadId", "type", "url", "chainlitKey", "name", "display", "objectKey", "size", "page", "language"),
        *("forId", "mime", "props", "autoPlay", "playerConfig"),
    ),
    "feedbacks": ("forId", "threadId", "value", "comment"),
}


@cl.data_layer
def data_layer() -> SQLAlchemyDataLayer:
    """Chainlit's own way to keep conversations."""
    with contextlib.closing(sqlite3.connect(DATABASE)) as db:
        # In Chainlit's favour: it leaves the journal as SQLite has it, and then lost most of the answers of 32 clients,
        # because the database was locked.
        db.execute("PRAGMA journal_mode=WAL")
        for table, columns in COLUMNS.items():
            rest = ", ".join(f'"{column}"' for column in columns)
            db.execute(f'CREATE TABLE IF NOT EXISTS {table} ("id" TEXT PRIMARY KEY, {rest})')
        db.execute('CREATE INDEX IF NOT EXISTS steps_of_thread ON steps ("threadId")')
    return SQLAlchemyDataLayer(f"sqlite+aiosqlite:///{DATABASE}")


@cl.step(type="tool")
async def search_knowledge(query: str) -> str:
    """Search the help centre."""
    return search_result(query)


@cl.on_message
async def turn(message: cl.Message) -> None:
    """Search, then answer. Chainlit has no agent of its own, so that this loop is all there is."""
    items = [*cl.chat_context.to_openai()]
    reply = cl.Message(content="")
    while not reply.content:
        for called, piece in scripted(items):
            if called:
                items.append({"role": "tool", "content": await search_knowledge(**json.loads(called))})
            else:
                await reply.stream_token(piece)
    await reply.send()


def scripted(items: list[dict[str, str]]) -> Iterator[tuple[str, str]]:
    """The next step without thinking: the arguments of a call, or the pieces of an answer."""
    if items[-1]["role"] == "tool":
        yield from (("", piece) for piece in PIECES)
    else:
        yield json.dumps({"query": QUERY}), ""
