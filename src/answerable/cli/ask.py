"""`answerable ask`: one question, through the same reception as any other."""

import asyncio
from typing import Any

import httpx
import msgspec
import rich_click as click
from rich.console import Console
from rich.markdown import Markdown

from answerable.cli.opening import address_of, opened, settings_for, workspace_importers
from answerable.conversations import Arrival, receive
from answerable.domain.conversations import Message
from answerable.domain.errors import AnswerableError, Invalid, Unavailable
from answerable.domain.ids import new_id
from answerable.domain.runs import Span
from answerable.people import introduce
from answerable.settings import Settings
from answerable.store import Store, customers, messages, runs, workers
from answerable.wiring import import_sources

ANSWER_SECONDS_MAX = 120
# Another process writes the reply; PostgreSQL tells of it at once, a SQLite file does not.
LOOK_AGAIN_SECONDS = 0.2
ASKER = "Command line"
NOBODY = ""


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
    with Store(settings.database) as store:
        await asyncio.to_thread(store.migrate)
        if await store.read(workers.others, NOBODY) and (asked := await _ask_over_http(settings, store, question)):
            return await _answer(store, *asked)
    async with opened(settings) as house:
        if house.library.passages == 0:
            await import_sources(house, workspace_importers(house.settings))
        introduced = await introduce(house.store, name=ASKER)
        arrival = Arrival(introduced.customer, "chat", new_id("ask"), question)
        received = await receive(house.store, house.jobs, arrival)
        assert received.message.turn_id is not None
        return await _answer(house.store, received.conversation.id, received.message.turn_id)


def refusal(answer: httpx.Response) -> AnswerableError:
    """What the door refused, which knows itself whether trying again may help."""
    said = answer.json()
    kind = Unavailable if said.get("may_help_to_retry") else Invalid
    return kind(str(said["detail"]))


async def _ask_over_http(settings: Settings, store: Store, question: str) -> tuple[str, str] | None:
    """Asks the program that is running already, which has everything loaded; none if it is not at its address."""
    try:
        async with httpx.AsyncClient(base_url=address_of(settings)) as client:
            key = (await client.post("/chat/customers", json={"name": ASKER})).raise_for_status().json()
            if await store.read(customers.by_id, key["customer_id"]) is None:
                # Another program has the address.
                return None
            headers = {"Authorization": f"Bearer {key['token']}", "Idempotency-Key": new_id("ask")}
            sent = await client.post("/chat/messages", json={"text": question}, headers=headers)
            if sent.is_client_error:
                raise refusal(sent)
            received = sent.raise_for_status().json()
    except httpx.HTTPError:
        return None
    return received["conversation_id"], received["turn_id"]


async def _answer(store: Store, conversation_id: str, turn_id: str) -> tuple[Message, list[Span]]:
    reply = await _reply(store, conversation_id, turn_id)
    return reply, await store.read(runs.steps, reply.run_id) if reply.run_id else []


async def _reply(store: Store, conversation_id: str, turn_id: str) -> Message:
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            with store.live.listen(conversation_id) as listener:
                while (reply := await store.read(messages.reply_to, turn_id)) is None:
                    await listener.wait(LOOK_AGAIN_SECONDS)
                return reply
    except TimeoutError as error:
        raise Unavailable(
            f"There was no reply within {ANSWER_SECONDS_MAX} seconds; it will be in the console."
        ) from error
