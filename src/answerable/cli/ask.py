"""`answerable ask`: one question, through the same reception as any other."""

import asyncio
from typing import Any

import msgspec
import rich_click as click
from rich.console import Console
from rich.markdown import Markdown

from answerable.cli.opening import opened, settings_for, workspace_importers
from answerable.conversations import Arrival, receive
from answerable.domain.conversations import Message
from answerable.domain.errors import Unavailable
from answerable.domain.ids import new_id
from answerable.domain.runs import Span
from answerable.people import introduce
from answerable.settings import Settings
from answerable.store import messages, runs
from answerable.wiring import House, import_sources

ANSWER_SECONDS_MAX = 120


def ask_question(given: dict[str, Any], question: str, *, as_json: bool, steps: bool) -> None:
    """Prints the reply. Raises Unavailable if none came in time."""
    reply, spans = asyncio.run(_ask(settings_for(given), question))
    if as_json:
        content = {"reply": msgspec.to_builtins(reply), "steps": msgspec.to_builtins(spans)}
        click.echo(msgspec.json.encode(content))
        return
    console = Console()
    console.print(Markdown(reply.text))
    for citation in reply.citations:
        console.print(f"[{citation.number}] {citation.title}  {citation.url or ''}", style="dim", markup=False)
    if reply.decision is not None:
        sure = "" if reply.decision.confidence is None else f", confidence {reply.decision.confidence:.2f}"
        console.print(f"{reply.decision.kind}{sure}: {reply.decision.reason}", style="dim", markup=False)
    for span in spans if steps else ():
        console.print(f"{span.number}. {span.name}: {span.summary} ({span.duration_us / 1000:.1f} ms)", markup=False)


async def _ask(settings: Settings, question: str) -> tuple[Message, list[Span]]:
    async with opened(settings) as house:
        if house.library.passages == 0:
            await import_sources(house, workspace_importers(house.settings))
        introduced = await introduce(house.store, name="Command line")
        arrival = Arrival(introduced.customer, "chat", new_id("ask"), question)
        received = await receive(house.store, house.jobs, arrival)
        assert received.message.turn_id is not None
        reply = await _reply(house, received.conversation.id, received.message.turn_id)
        spans = await house.store.read(runs.steps, reply.run_id) if reply.run_id else []
        return reply, spans


async def _reply(house: House, conversation_id: str, turn_id: str) -> Message:
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            with house.store.live.listen(conversation_id) as listener:
                while (reply := await house.store.read(messages.reply_to, turn_id)) is None:
                    await listener.wait(1.0)
                return reply
    except TimeoutError as error:
        raise Unavailable(
            f"There was no reply within {ANSWER_SECONDS_MAX} seconds; it will be in the console."
        ) from error
