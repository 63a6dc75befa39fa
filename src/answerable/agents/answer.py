"""Answering one turn: the Agents SDK's runner, our tools, and the guards that decide what may be sent."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agents import (
    Agent,
    FunctionTool,
    FunctionToolResult,
    Model,
    ModelSettings,
    RunConfig,
    RunContextWrapper,
    Runner,
)
from agents.agent import ToolsToFinalOutputFunction, ToolsToFinalOutputResult
from agents.exceptions import AgentsException, MaxTurnsExceeded
from agents.items import TResponseInputItem
from agents.tool_context import ToolContext
from openai.types.responses import ResponseTextDeltaEvent

from answerable.actions.declaring import Declaration
from answerable.agents import agreeing
from answerable.agents.acting import Acting
from answerable.agents.asked import Asked, Say
from answerable.agents.citing import SourceNumbers
from answerable.agents.embedded import EMBEDDED_MODEL
from answerable.agents.found import found_to_json
from answerable.agents.guards import GuardedSentence, SentenceGuard, may_be_offered, passing
from answerable.agents.identifying import Identifying
from answerable.agents.instructions import (
    FIND_PROCEDURE,
    PROCEDURE_TOOLS,
    TERMINAL_TOOLS,
    TOOLS,
    ToolDeclaration,
    instructions_for,
)
from answerable.agents.phrases import language, language_of
from answerable.agents.procedures.handbooks import Handbook
from answerable.agents.procedures.running import Following, read_under_way
from answerable.agents.recording import CallsInLedger
from answerable.agents.searching import HISTORY_MESSAGES_MAX, Searches, Searching
from answerable.agents.turns import PROCEDURE_ROLE, QUERY_LETTERS_MAX, chosen_option
from answerable.agents.world import World
from answerable.domain.actions import CallState
from answerable.domain.conversations import Citation, Decision, DecisionKind, Message, Reply
from answerable.domain.errors import Unavailable
from answerable.inference.models.prices import Price
from answerable.inference.models.provider import keep_traces_at_home
from answerable.inference.models.recording import RecordedModel
from answerable.traces import Steps

MESSAGES_SHOWN_MAX = 20
"""So many of the messages before this turn a model sees."""
MODEL_CALLS_MAX = 8
SUMMARY_CHARACTERS_MAX = 600
# Of a reply that comes all at once, so much is judged before others have their turn on the event loop.
PART_LETTERS = 500


@dataclass(slots=True)
class _Ending:
    """How the model ended the turn, if it called a tool for that."""

    tool: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """What the tools of one run work on."""

    searching: Searching
    acting: Acting
    following: Following
    ending: _Ending

    @property
    def own_question(self) -> str | None:
        """What the program itself asks at the end of this turn, in place of whatever the model wrote.

        A yes to it does something: nobody may read other words before it than those that say what.
        """
        if self.ending.tool in ("hand_off", "refuse"):
            return None
        if self.acting.question is not None:
            return self.acting.question
        answers_first = self.following.is_aside and self.ending.tool != "ask_customer"
        if self.following.asks is None or answers_first:
            return None
        return "\n\n".join(filter(None, (self.following.told, self.following.asks)))

    def unless_asking(self, say: Say) -> Say:
        """Says sentences ahead only as long as the turn does not end in a question of the program's."""
        return lambda index, text: say(index, text) if self.own_question is None else None


class SupportAgent:
    """Answers turns on one model, from one library, in whatever world it is asked to."""

    def __init__(
        self,
        model: Model,
        library: Searches,
        handbook: Handbook,
        declared: Mapping[str, Declaration],
        *,
        model_name: str,
        company: str,
        threshold: float,
        price: Price | None = None,
    ) -> None:
        """`declared`: the actions that there are.

        `threshold`: below this confidence nothing is answered, unless the handbook has one of its own.
        """
        # Our own ledger is the trace; nothing is exported anywhere.
        keep_traces_at_home()
        self._price = price
        self._model = model
        self._library = library
        self._declared = declared
        self._handbook = handbook
        self._model_name = model_name
        self._threshold = threshold if handbook.thresholds.answer is None else handbook.thresholds.answer
        # Made once: its tools' schemas are checked and copied each time that one is made.
        self._agent = Agent[_UnderWay](
            name="support",
            instructions=instructions_for(company, has_procedures=bool(handbook.procedures), own=handbook.instructions),
            model_settings=ModelSettings(temperature=handbook.model.temperature),
            tools=[
                *map(_tool, TOOLS),
                *map(_procedure_tool, PROCEDURE_TOOLS if handbook.procedures else ()),
                *map(_action_tool, declared.values()),
            ],
            tool_use_behavior=_ends_after(frozenset(declared)),
        )
        # The embedded model has its whole reply at once: there is nothing to wait for word by word.
        self._streams = model_name != EMBEDDED_MODEL

    @property
    def model_name(self) -> str:
        """Which model it runs on."""
        return self._model_name

    async def answer(self, asked: Asked, ledger: Steps, say: Say, world: World) -> Reply:
        """The reply to a turn. Raises AnswerableError if the model cannot be had."""
        searching = Searching(
            library=self._library,
            ledger=ledger,
            release=asked.conversation.release,
            history=tuple(message.text for message in asked.before[-HISTORY_MESSAGES_MAX:]),
            threshold=self._threshold,
            hits={},
            chosen_title=_chosen_title(asked),
        )
        identifying = Identifying(
            world.ways,
            ledger,
            asked.conversation.id,
            _spoken(asked),
            said_before=tuple(message.text for message in asked.before if message.author == "customer"),
        )
        acting = Acting(world.acts, self._declared, ledger, asked, searching, identifying)
        following = Following(
            handbook=self._handbook,
            ledger=ledger,
            searching=searching,
            acting=acting,
            identifying=identifying,
            spoken=language(_spoken(asked)),
            text="\n".join(message.text for message in asked.said),
            # A release without procedures offers no tool to go on with one that was begun before releases had them.
            under_way=read_under_way(asked.conversation.procedure) if self._handbook.procedures else None,
        )
        # What answers the question whether something shall be done answers no procedure's, which nobody has read.
        following.is_heard = agreeing.was_asked(asked, but=following.awaits_agreement_to)
        under_way = _UnderWay(searching, acting, following, _Ending())
        speaker = Speaker(searching, under_way.unless_asking(say), own_addresses=asked.own_addresses)
        text = await self._run(asked, ledger, under_way, speaker)
        reply = await self._reply(asked, ledger, under_way, speaker, text)
        reply = _with_procedure(reply, following, asks_itself=acting.question is None)
        return replace(reply, told=_told(acting, reply, following))

    async def _reply(self, asked: Asked, ledger: Steps, under_way: _UnderWay, speaker: "Speaker", text: str) -> Reply:
        searching, acting = under_way.searching, under_way.acting
        if (question := under_way.own_question) is not None:
            reason = acting.in_words or "It asks back."
            return Reply(question, Decision("ask", searching.confidence, reason))
        if under_way.ending.tool is not None:
            return _with_outcomes(_ended_by_tool(asked, ledger, searching, under_way.ending), under_way)
        with ledger.step("guard", "Verify answer", {"text": text}) as step:
            sentences = await speaker.finish(text)
            step.output = [_shown(each, speaker.numbers) for each in sentences]
            step.summary = _verdict(sentences)
        return _with_outcomes(_judged(asked, ledger, searching, acting, sentences, speaker.numbers), under_way)

    @staticmethod
    def apology(asked: Asked, reason: str) -> Reply:
        """What is said when no reply could be had: the conversation goes to a person."""
        return _handed_off(asked, reason, summary=reason, tried=())

    async def _run(self, asked: Asked, ledger: Steps, under_way: _UnderWay, speaker: "Speaker") -> str:
        model = RecordedModel(self._model, CallsInLedger(ledger), name=self._model_name, price=self._price)
        config = RunConfig(tracing_disabled=True, model=model)
        items = [*_items(asked, under_way.following), *await _answered(under_way.acting)]
        try:
            if not self._streams:
                result = await Runner.run(
                    self._agent, items, context=under_way, run_config=config, max_turns=MODEL_CALLS_MAX
                )
                return str(result.final_output or "")
            streamed = Runner.run_streamed(
                self._agent, items, context=under_way, run_config=config, max_turns=MODEL_CALLS_MAX
            )
            async for event in streamed.stream_events():
                if event.type == "raw_response_event" and isinstance(event.data, ResponseTextDeltaEvent):
                    await speaker.hear(event.data.delta)
        except MaxTurnsExceeded as error:
            raise Unavailable(f"The model did not come to an end within {MODEL_CALLS_MAX} calls.") from error
        except AgentsException as error:
            # Its words may be the model's, and those the customer's: neither the log nor a reason repeats them.
            raise Unavailable(f"The model's answer could not be used ({type(error).__name__}).") from error
        return str(streamed.final_output or "")


class Speaker:
    """Guards a reply as it is written, and says each sentence that passes at once, up to the first that does not.

    Sources are numbered anew, in the order in which the sentences that pass name them.
    """

    def __init__(self, searching: Searching, say: Say, *, own_addresses: Sequence[str] = ()) -> None:
        """`own_addresses`: the customer's, which may be named to them."""
        self._searching = searching
        self._own_addresses = own_addresses
        self._say = say
        self._guard: SentenceGuard | None = None
        self.numbers = SourceNumbers(())
        self._heard = ""
        self._sentences: list[GuardedSentence] = []
        self._stopped = False

    async def hear(self, text: str) -> None:
        """Takes a piece of the reply, however long it is; between its parts others have their turn."""
        guard = self._guard or self._begin()
        self._heard += text
        for start in range(0, len(text), PART_LETTERS):
            if start:
                await asyncio.sleep(0)
            self._take(guard.feed(text[start : start + PART_LETTERS]))

    async def finish(self, text: str) -> list[GuardedSentence]:
        """All sentences of the reply with their verdicts. What was heard counts only if it is the reply."""
        if self._guard is None or self._heard != text:
            self._begin()
            await self.hear(text)
        assert self._guard is not None
        self._take(self._guard.finish())
        for sentence in self._sentences:
            for number in sentence.passages if sentence.verdict == "supported" else ():
                self.numbers.of(number)
        return self._sentences

    def _begin(self) -> SentenceGuard:
        hits = tuple(self._searching.hits.values())
        self._guard = SentenceGuard(hits, own_addresses=self._own_addresses)
        self._sentences, self._heard = [], ""
        self.numbers = SourceNumbers(hit.number for hit in hits if not hit.is_outcome)
        return self._guard

    def _take(self, sentences: Sequence[GuardedSentence]) -> None:
        for judged in sentences:
            passes = judged.may_be_sent
            sentence = replace(judged, text=self.numbers.take(judged.text)) if passes else judged
            self._sentences.append(sentence)
            guessed = sentence.kind == "claim" and bool(sentence.passages) and self._searching.is_unsure
            self._stopped = self._stopped or not passes or guessed
            if not self._stopped:
                self._say(len(self._sentences) - 1, sentence.text)


def _chosen_title(asked: Asked) -> str | None:
    """The article that the customer chose, if the last thing said was an offer of several."""
    last = asked.before[-1] if asked.before else None
    if last is None or last.decision is None or last.decision.kind != "ask":
        return None
    return chosen_option("\n".join(message.text for message in asked.said), last.text)


def _items(asked: Asked, following: Following) -> list[TResponseInputItem]:
    told = [*asked.before[-MESSAGES_SHOWN_MAX:], *asked.said]
    items = [_item(message) for message in told]
    if following.under_way is None:
        return items
    state = {"procedure_under_way": following.title, "waits_for": following.under_way.awaits}
    leading: TResponseInputItem = {"role": PROCEDURE_ROLE, "content": json.dumps(state, ensure_ascii=False)}
    return [leading, *items]


async def _answered(acting: Acting) -> list[TResponseInputItem]:
    """What the customer has just said yes or no to, as calls that were made."""
    items: list[TResponseInputItem] = []
    for answered, told in await acting.take_answer():
        outcome = answered.outcome
        arguments = json.dumps(answered.arguments, ensure_ascii=False)
        items += [
            {"type": "function_call", "call_id": outcome.call_id, "name": outcome.action, "arguments": arguments},
            {"type": "function_call_output", "call_id": outcome.call_id, "output": told},
        ]
    return items


def _item(message: Message) -> TResponseInputItem:
    if message.author == "customer":
        return {"role": "user", "content": message.text}
    return {"role": "assistant", "content": message.text}


def _ends_after(actions: frozenset[str]) -> ToolsToFinalOutputFunction[_UnderWay]:
    """Whether the turn is over: the model ended it, or what it asked for waits for the customer's own yes.

    Whatever it wrote beside that question nobody would read, and what else it wants done it asks for after the yes.
    """

    def ends(context: RunContextWrapper[_UnderWay], results: list[FunctionToolResult]) -> ToolsToFinalOutputResult:
        used = {each.tool.name for each in results}
        waits = context.context.acting.question is not None and not used.isdisjoint(actions)
        return ToolsToFinalOutputResult(waits or not used.isdisjoint(TERMINAL_TOOLS), "")

    return ends


def _tool(declared: ToolDeclaration) -> FunctionTool:
    async def invoke(context: ToolContext[_UnderWay], arguments: str) -> str:
        ending = context.context.ending
        try:
            given = json.loads(arguments or "{}")
        except ValueError:
            given = None
        if not isinstance(given, dict):
            return json.dumps({"error": "The arguments must be a JSON object."})
        if declared.name in TERMINAL_TOOLS:
            if ending.tool is None:
                ending.tool, ending.arguments = declared.name, given
            return "ok"
        query = given.get("query")
        if not isinstance(query, str) or not query.strip():
            return json.dumps({"error": "Give a query: one complete question."})
        return found_to_json(await context.context.searching.search(query[:QUERY_LETTERS_MAX]))

    return FunctionTool(
        name=declared.name,
        description=declared.description,
        params_json_schema=declared.parameters,
        on_invoke_tool=invoke,
        strict_json_schema=True,
    )


def _action_tool(declared: Declaration) -> FunctionTool:
    async def invoke(context: ToolContext[_UnderWay], arguments: str) -> str:
        return await context.context.acting.call(declared.name, arguments)

    return FunctionTool(
        name=declared.name,
        description=declared.description,
        params_json_schema=declared.parameters,
        on_invoke_tool=invoke,
        strict_json_schema=True,
    )


def _procedure_tool(declared: ToolDeclaration) -> FunctionTool:
    async def invoke(context: ToolContext[_UnderWay], arguments: str) -> str:
        following = context.context.following
        try:
            given = json.loads(arguments or "{}")
        except ValueError:
            given = None
        if not isinstance(given, dict):
            return json.dumps({"error": "The arguments must be a JSON object."})
        if declared is FIND_PROCEDURE:
            return await following.find(str(given.get("query") or "")[:QUERY_LETTERS_MAX])
        return await following.follow(str(given.get("procedure") or ""))

    return FunctionTool(
        name=declared.name,
        description=declared.description,
        params_json_schema=declared.parameters,
        on_invoke_tool=invoke,
        strict_json_schema=True,
    )


def _told(acting: Acting, reply: Reply, following: Following) -> dict[str, CallState]:
    """How far each call has come as the reply tells it: what was done and is not told here is told afterwards."""
    if reply.decision.kind == "act" or following.told:
        return acting.told
    untold: CallState = "unknown"
    return {
        call_id: untold if state == "done" and acting.outcomes[call_id].summary not in reply.text else state
        for call_id, state in acting.told.items()
    }


def _with_outcomes(reply: Reply, under_way: _UnderWay) -> Reply:
    """The reply, after what was done or is on its way if it does not say so itself; a procedure has its own words."""
    if not reply.text and under_way.following.told:
        return replace(reply, text=under_way.following.told)
    told = () if under_way.following.told else under_way.acting.to_tell
    missing = [each for each in told if each not in reply.text]
    return replace(reply, text="\n\n".join(filter(None, [*missing, reply.text])))


def _with_procedure(reply: Reply, following: Following, *, asks_itself: bool) -> Reply:
    """The reply with what a procedure said before a person takes over, and with where it is from now on.

    `asks_itself`: its question may stand in the reply, since no other one is asked of the customer.
    """
    if reply.decision.kind in ("hand_off", "refuse"):
        # Whoever takes over reads in the summary how far it has come.
        text = f"{following.told}\n\n{reply.text}" if following.told else reply.text
        return replace(reply, text=text)
    if reply.decision.kind == "ask" and following.asked_for is not None:
        reason = f"“{following.title}” needs to know: {following.asked_for.replace('_', ' ')}."
        reply = replace(reply, decision=replace(reply.decision, reason=reason))
    if asks_itself and following.is_aside and following.asks is not None:
        # The answer to it counts as the answer to exactly this.
        text = reply.text if reply.text.endswith(following.asks) else f"{reply.text}\n\n{following.asks}"
        reply = replace(reply, text=text, decision=replace(reply.decision, asks_behind=True))
    return replace(reply, procedure=following.state)


def _ended_by_tool(asked: Asked, ledger: Steps, searching: Searching, ending: _Ending) -> Reply:
    """The reply that a terminal tool stands for."""
    # A language model may write here what it likes; the customer reads it as a reply.
    hits, own = tuple(searching.hits.values()), asked.own_addresses
    given = {name: value for name, value in ending.arguments.items() if isinstance(value, str)}
    match ending.tool:
        case "ask_customer":
            offered = map(str, ending.arguments.get("options") or [])
            options = [each for each in offered if may_be_offered(each, hits, own)]
            question = passing(given.get("question") or "", hits, own) or language(_spoken(asked)).frame("ask_unclear")
            text = "\n".join([question, "", *(f"- {each}" for each in options)]).strip()
            return Reply(text, Decision("ask", searching.confidence, "It is not clear yet what is meant."))
        case "refuse":
            text = passing(given.get("message") or "", hits, own) or language(_spoken(asked)).frame("refused")
            return Reply(
                text, Decision("refuse", searching.confidence, given.get("reason") or "It must not be helped with.")
            )
        case _:
            reason = given.get("reason") or "The agent asked for a person."
            return _hand_off(asked, ledger, searching, reason, summary=given.get("summary"))


def _judged(
    asked: Asked,
    ledger: Steps,
    searching: Searching,
    acting: Acting,
    sentences: list[GuardedSentence],
    numbers: SourceNumbers,
) -> Reply:
    """Answer, ask or hand off, by what the guards found."""
    passed = [each for each in sentences if each.may_be_sent]
    held = [each for each in sentences if not each.may_be_sent]
    claims = [each for each in passed if each.verdict == "supported"]
    if held and (not claims or len(held) >= len(claims)):
        if acting.to_tell and not acting.came_to_nothing:
            # What came of it is told whatever the model made of it: no reason to bring in a person.
            reason = f"{acting.in_words} The agent's own words for it were held back."
            return Reply("", Decision("act", searching.confidence, reason))
        return _hand_off(asked, ledger, searching, "What the agent wrote is not supported by what is published.")
    if searching.is_unsure and any(each.passages for each in claims):
        return _hand_off(asked, ledger, searching, f"Not sure enough, {searching.confidence:.2f}")
    if not passed:
        return _hand_off(asked, ledger, searching, "The agent had nothing to say.")
    text, citations = _joined(sentences), _citations(searching, claims, numbers)
    kind: DecisionKind = "answer"
    if acting.told:
        kind, reason = "act", acting.in_words
    elif not claims:
        kind = "ask" if any(each.kind == "question" for each in passed) else "answer"
        reason = "It asks back." if kind == "ask" else "Courtesy; nothing is claimed."
    else:
        titles = dict.fromkeys(each.title for each in citations)
        reason = f"Answered from {', '.join(titles) or 'what was looked up'}."
    if held:
        reason = f"{reason.rstrip('.')}; {len(held)} sentences were held back."
    return Reply(text, Decision(kind, searching.confidence, reason), citations)


def _joined(sentences: list[GuardedSentence]) -> str:
    """What may be sent of a reply; a line ends where it ended, also where its last sentence is left out."""
    text = ""
    for each in sentences:
        if each.may_be_sent:
            text += each.text
        elif text and not text.endswith("\n"):
            text += each.written[len(each.written.rstrip()) :] if "\n" in each.written else ""
    return text.strip()


def _hand_off(asked: Asked, ledger: Steps, searching: Searching, reason: str, *, summary: str | None = None) -> Reply:
    """Gives the conversation to a person, as a step of the run."""
    with ledger.step("handoff", "Hand off", {"reason": reason}) as step:
        step.summary = reason
    tried, confidence = _tried(searching), searching.confidence
    return _handed_off(asked, reason, summary=summary or reason, tried=tried, confidence=confidence)


def _handed_off(
    asked: Asked, reason: str, *, summary: str, tried: tuple[str, ...], confidence: float | None = None
) -> Reply:
    text = language(_spoken(asked)).frame("handed_off")
    decision = Decision("hand_off", confidence, reason)
    return Reply(text, decision, handoff_summary=summary[:SUMMARY_CHARACTERS_MAX], tried=tried)


def _citations(searching: Searching, claims: list[GuardedSentence], numbers: SourceNumbers) -> tuple[Citation, ...]:
    found: dict[int, Citation] = {}
    for sentence in claims:
        for place, number in enumerate(sentence.passages):
            citation = searching.citation(number, sentence.quote if place == 0 else None)
            if citation is not None:
                found.setdefault(numbers.of(number), replace(citation, number=numbers.of(number)))
    return tuple(found[number] for number in sorted(found))


def _tried(searching: Searching) -> tuple[str, ...]:
    titles = dict.fromkeys(hit.title for hit in searching.hits.values() if not hit.is_outcome)
    return tuple(f"Looked in {title}" for title in list(titles)[:3])


def _spoken(asked: Asked) -> str:
    before = language_of("\n".join(each.text for each in asked.before if each.author == "customer"))
    is_settled = asked.conversation.procedure is not None
    return language_of("\n".join(each.text for each in asked.said), default=before, is_settled=is_settled)


def _verdict(sentences: list[GuardedSentence]) -> str:
    claims = [each for each in sentences if each.kind == "claim"]
    sourced = sum(each.verdict == "supported" for each in claims)
    return f"{sourced} of {len(claims)} sourced" if claims else "nothing claimed"


def _shown(sentence: GuardedSentence, numbers: SourceNumbers) -> dict[str, Any]:
    """A sentence and its verdict as the trace has them, with the numbers that the reply shows."""
    return {
        "text": numbers.put(sentence.written),
        "kind": sentence.kind,
        "verdict": sentence.verdict,
        "passages": [numbers.of(number) for number in sentence.passages],
        "coverage": round(sentence.coverage, 3),
        "missing": list(sentence.missing),
        "reason": sentence.reason,
    }
