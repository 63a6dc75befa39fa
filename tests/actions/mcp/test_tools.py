"""One tool by itself: what is believed of its answers, which declarations do not load, and what a schema allows."""

import json
import logging
import sys
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from answerable.actions.arguments import read_arguments
from answerable.actions.declaring import Action, Doing, Limits, NotDone
from answerable.actions.mcp.declaring import MoneyArguments, mcp_action
from answerable.actions.mcp.pins import Definition, differences, read_pins, write_pins
from answerable.actions.mcp.schemas import Judge
from answerable.actions.mcp.servers import Server
from answerable.actions.mcp.tools import REFUSED, UNFIT, Answer, CustomerArgument, Refused, Tool
from answerable.actions.mcp.ways import Unreadable
from answerable.domain.errors import Invalid
from answerable.domain.money import money
from answerable.domain.people import Customer
from answerable.store import Store
from tests.actions.bank import NOON, Clock, euros
from tests.actions.mcp.shop import KEY, SERVER, Counter, Running, declared_in, examples

INES = Customer("cus_1", "Ines", "ines@example.com", "verified", {}, NOON, outside_id="u_7")
NAMELESS = Customer("cus_2", None, None, "anonymous", {}, NOON)
WHO = CustomerArgument("customer_email")


class Told(msgspec.Struct, frozen=True):
    reference: str
    summary: str


def told(wanted: Any, answer: Answer) -> Told:
    return Told("x", json.dumps(answer))


def server_of(definitions: list[Definition], folder: Path, **other: Any) -> Server:
    file = folder / "shop.tools.json"
    write_pins(file, {each.name: each for each in definitions})
    return Server("shop", file, **(other or {"url": "{shop_url}"}))


def defined(properties: dict[str, Any], *required: str, output: dict[str, Any] | None = None) -> list[Definition]:
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return [Definition(name="act", description="Acts.", input_schema=schema, output_schema=output)]


@pytest.fixture
def doing(shop: Running) -> Doing:
    return Doing("act_1", INES, {"shop_url": shop.url, "shop_key": KEY})


@pytest.mark.parametrize("kind", ["image", "link", "huge", "zero"])
async def test_only_text_of_a_sensible_length_is_read(
    shop: Running, definitions: list[Definition], doing: Doing, tmp_path: Path, kind: str
) -> None:
    hours = server_of(definitions, tmp_path).tool("opening_hours", fixed={"day": "today"})
    assert await hours.ask(doing) == {"text": "From 9 to 17 today."}
    shop.fails("opening_hours", kind)

    with pytest.raises(Unreadable):
        await hours.ask(doing)


async def test_a_tool_that_asks_back_has_failed(
    shop: Running, definitions: list[Definition], doing: Doing, tmp_path: Path
) -> None:
    hours = server_of(definitions, tmp_path).tool("opening_hours", fixed={"day": "today"})
    shop.fails("opening_hours", "ask_back")

    with pytest.raises(Refused):
        await hours.ask(doing)


async def test_the_key_may_go_into_meta_and_text_may_be_json(
    shop: Running, definitions: list[Definition], doing: Doing, tmp_path: Path
) -> None:
    server = server_of(definitions, tmp_path)
    note = server.tool("write_note", key_in_meta="shop.example/key", text_is_json=True)
    no_json = server.tool("opening_hours", fixed={"day": "today"}, text_is_json=True)

    assert await note.ask(doing, {"text": "hello"}) == {"note_id": "n1", "text": "hello"}
    assert [json.loads(meta) for _, meta, _ in shop.heard("write_note")] == [{"shop.example/key": "act_1"}]
    with pytest.raises(Unreadable):
        await no_json.ask(doing)


async def test_what_a_tool_says_when_it_fails_is_told_in_our_words_only(
    shop: Running, definitions: list[Definition], doing: Doing, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = server_of(definitions, tmp_path)
    sent = {"order_id": "ord_1", "amount": "1.00", "currency": "EUR"}
    filled: dict[str, Any] = {"customer": WHO, "key": "idempotency_key"}
    plain = server.tool("create_refund", **filled)
    telling = server.tool("create_refund", refusal=lambda said: "Expired." if "expired" in said else "No.", **filled)
    shop.fails("create_refund", "refuse", "refuse")

    with pytest.raises(Refused) as first:
        await plain.ask(doing, sent)
    with pytest.raises(Refused) as second:
        await telling.ask(doing, sent)

    assert (str(first.value), str(second.value)) == (REFUSED, "Expired.")
    assert "\x1b" not in caplog.text
    assert "expired" not in caplog.text, "it may be about a customer"


@pytest.mark.parametrize("argument", ["who", "key", "plan", "order"])
async def test_what_does_not_fit_is_said_without_what_the_boundary_filled_in(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, argument: str
) -> None:
    caplog.set_level(logging.INFO)
    takes = {name: {"type": "string"} for name in ("who", "key", "plan", "order")}
    server = server_of(defined({**takes, argument: {"type": "string", "pattern": "^[0-9]+$"}}, "who"), tmp_path)
    tool = server.tool("act", customer=CustomerArgument("who"), key="key", fixed={"plan": "secret-plan"})

    with pytest.raises(NotDone) as refused:
        tool.arguments(Doing("act_1", INES), {"order": "order-of-ines"})

    assert str(refused.value) == (f"{UNFIT[:-1]}: order: pattern." if argument == "order" else UNFIT)
    assert f"{argument}: pattern" in caplog.text
    for value in ("ines@example.com", "act_1", "secret-plan", "order-of-ines"):
        assert value not in str(refused.value) + caplog.text


async def test_a_whole_that_does_not_fit_is_not_quoted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    (act,) = defined({"who": TEXT, "order": TEXT}, "who")
    strict = msgspec.structs.replace(act, input_schema={**act.input_schema, "maxProperties": 1})
    tool = server_of([strict], tmp_path).tool("act", customer=CustomerArgument("who"))
    assert tool.arguments(Doing("act_1", INES), {})

    with pytest.raises(NotDone) as refused:
        tool.arguments(Doing("act_1", INES), {"order": "order-of-ines"})

    assert str(refused.value) == UNFIT
    assert "maxProperties" in caplog.text
    assert "ines" not in caplog.text


def test_what_is_wrong_with_an_answer_is_said_without_what_is_in_it(tmp_path: Path) -> None:
    emails = {"type": "object", "additionalProperties": {"type": "integer"}}
    gives = Judge({"type": "object", "properties": {"paid": emails}})

    fault = gives.fault({"paid": {"ines@example.com": "4242"}})

    assert fault is not None
    assert (fault.argument, fault.place) == ("paid", "paid: type")


async def test_nobody_who_asks_sets_what_is_filled_in(
    definitions: list[Definition], doing: Doing, tmp_path: Path
) -> None:
    orders = server_of(definitions, tmp_path).tool("find_orders", customer=WHO)
    nameless = Doing("act_1", NAMELESS, doing.settings)

    assert orders.arguments(doing, {}) == {"customer_email": "ines@example.com"}
    with pytest.raises(NotDone):
        orders.arguments(doing, {"customer_email": "bram@example.com"})
    with pytest.raises(NotDone):
        orders.arguments(nameless, {})


def test_a_customer_may_be_named_in_three_ways(tmp_path: Path, doing: Doing) -> None:
    server = server_of(defined({"who": {"type": "string"}}, "who"), tmp_path)
    ways: list[Literal["email", "outside_id", "id"]] = ["email", "outside_id", "id"]

    named = [server.tool("act", customer=CustomerArgument("who", by=by)).arguments(doing, {})["who"] for by in ways]

    assert named == ["ines@example.com", "u_7", "cus_1"]


def test_a_dry_run_is_told_to_the_tool_or_not_made(tmp_path: Path) -> None:
    server = server_of(defined({"key": {"type": "string"}, "try": {"type": "boolean"}}, "key"), tmp_path)
    trying = Doing("act_1", INES, dry_run=True)

    assert server.tool("act", key="key", dry_run="try").arguments(trying, {})["try"] is True
    with pytest.raises(NotDone):
        server.tool("act", key="key").arguments(trying, {})


# -- over stdin and stdout -------------------------------------------------------------------------------------------

STDIO = """
import sys
from pathlib import Path

from answerable.actions.mcp.servers import Server

shop = Server(
    "shop",
    pins=Path(__file__).with_name("shop.tools.json"),
    command=({python!r}, {server!r}, {database!r}),
    environment={{"SHOP_KEY": "{{shop_key}}"}},
    era="handshake",
    reached_within=15.0,
)
"""


@pytest.mark.parametrize("kind", ["none", "die_after"])
async def test_a_program_that_is_started_for_each_call_keeps_the_same_promises(
    once: Store, shop: Running, definitions: list[Definition], clock: Clock, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "actions").mkdir()
    address = STDIO.format(python=sys.executable, server=str(SERVER), database=str(shop.shop.file))
    text = examples()["shop.py"]
    for effect in ("reads", "moves_money"):
        text = text.replace(f'effect="{effect}",\n', f'effect="{effect}",\n    timeout_seconds=60.0,\n')
    declared = declared_in(tmp_path / "actions", definitions, _shop=address, shop=text)
    counter = Counter(once, declared, {"shop_key": KEY}, clock)
    await counter.open()
    shop.fails("create_refund", kind)

    call = await counter.refund()

    assert (call.state, len(shop.refunds)) == ("done" if kind == "none" else "unknown", 1), call.reason
    assert {key for _, _, key in shop.heard("create_refund")} == {KEY}


async def test_what_a_program_writes_to_stderr_reaches_no_terminal(
    definitions: list[Definition], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    chatty = (sys.executable, "-c", r"import sys; sys.stderr.write('\x1b[2J ines@example.com'); sys.stderr.flush()")
    hours = server_of(definitions, tmp_path, command=chatty).tool("opening_hours", fixed={"day": "today"})

    with pytest.raises(NotDone):
        await hours.ask(Doing("act_1", INES))

    assert "ines" not in "".join(capfd.readouterr())


async def test_a_program_that_is_not_there_was_sent_nothing(definitions: list[Definition], tmp_path: Path) -> None:
    for command in [("/nowhere/shop",), (sys.executable, "-c", "print('<html>')")]:
        hours = server_of(definitions, tmp_path, command=command).tool("opening_hours", fixed={"day": "today"})
        with pytest.raises(NotDone):
            await hours.ask(Doing("act_1", INES))


async def test_a_program_that_does_not_answer_in_time_was_sent_nothing(
    definitions: list[Definition], tmp_path: Path
) -> None:
    reads_only = (sys.executable, "-c", "import sys; sys.stdin.read()")
    silent = server_of(definitions, tmp_path, command=reads_only, reached_within=0.2)

    with pytest.raises(NotDone):
        await silent.tool("opening_hours", fixed={"day": "today"}).ask(Doing("act_1", INES))


# -- declarations that leave something open ----------------------------------------------------------------------------

TEXT = {"type": "string"}
PAID = defined({"order": TEXT, "amount": TEXT, "currency": TEXT, "who": TEXT, "key": TEXT}, "order", "who", "key")


def told_by_one(answer: Any) -> Told:
    """It is called with more than it takes."""
    raise NotImplementedError


async def waits_for_one(wanted: Any) -> Told:
    """It is called with more than it takes."""
    raise NotImplementedError


async def waits_for_two(wanted: Any, answer: Any) -> Told:
    """What it gives would have to be waited for."""
    raise NotImplementedError


def declare(tool: Tool, **other: Any) -> Action:
    async def facts(doing: Doing, wanted: Any) -> dict[str, Any]:
        return {}

    async def look_up(doing: Doing, wanted: Any) -> Told | None:
        return None

    values: dict[str, Any] = {
        "name": "act",
        "says": "Acts.",
        "arguments": {"order": "Which."},
        "effect": "moves_money",
        "identity": "verified",
        "money": MoneyArguments("amount", currency="currency"),
        "limits": Limits(per_call={"EUR": "1.00"}, per_customer_a_day={"EUR": "1.00"}, per_day={"EUR": "1.00"}),
        "facts": facts,
        "look_up": look_up,
        "simulate": lambda doing, wanted: Told("x", "x"),
    }
    return mcp_action(tool, **{"told": told, **values, **other})


@pytest.mark.parametrize(
    ("says", "bound", "other"),
    [
        ("idempotency key", {"key": None, "fixed": {"key": "always"}}, {}),
        ("customer", {"customer": None, "fixed": {"who": "me"}}, {"facts": None}),
        ("must be verified", {}, {"effect": "reads", "identity": "known"}),
        ("how much", {}, {"money": None}),
        ("limit per call", {}, {"limits": None}),
        ("look_up", {}, {"look_up": None}),
        ("simulate", {}, {"simulate": None}),
        ("docstring", {}, {"says": ""}),
        ("'order' comes from", {}, {"arguments": {}}),
        ("no argument 'colour'", {}, {"arguments": {"order": "Which.", "colour": "Which."}}),
        ("'who', which is filled in", {}, {"arguments": {"order": "Which.", "who": "Whose."}}),
        ("filled in twice", {"fixed": {"who": "me"}}, {}),
        ("time-out", {}, {"timeout_seconds": 5.0}),
        ("currency", {}, {"money": MoneyArguments("amount")}),
        ("type that `told` returns", {}, {"told": lambda wanted, answer: None}),
        ("undo", {}, {"undo": lambda doing, wanted, made: None}),
        ("`told` that takes, by their places: what is wanted, what the tool", {}, {"told": told_by_one}),
        ("`told` declared with `def`", {}, {"told": waits_for_two}),
        ("`facts` that takes, by their places: the Doing, what is wanted", {}, {"facts": waits_for_one}),
        ("`facts` declared with `async def`", {}, {"facts": told}),
        ("`look_up` that takes, by their places: the Doing, what is wanted", {}, {"look_up": waits_for_one}),
        ("a number of seconds, more than 0 and at most 120; it has '15'", {}, {"timeout_seconds": "15"}),
        ("needs `arguments` by name", {}, {"arguments": ["order"]}),
        ("needs `money` to be MoneyArguments", {}, {"money": {"amount": "amount"}}),
    ],
)
def test_a_declaration_of_a_tool_that_leaves_something_open_does_not_load(
    tmp_path: Path, says: str, bound: dict[str, Any], other: dict[str, Any]
) -> None:
    server = server_of(PAID, tmp_path)
    filled: dict[str, Any] = {"customer": CustomerArgument("who"), "key": "key"}
    assert declare(server.tool("act", **filled)).effect == "moves_money"

    with pytest.raises(Invalid, match=says):
        declare(server.tool("act", **{**filled, **bound}), **other)


def test_a_tool_that_nobody_has_pinned_cannot_be_declared(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="answerable tools shop refund"):
        server_of([], tmp_path).tool("refund")


def test_pins_that_were_changed_by_hand_are_none(tmp_path: Path) -> None:
    server = server_of(PAID, tmp_path)
    assert read_pins(server.pins)["act"] == PAID[0]
    server.pins.write_text(server.pins.read_text().replace("Acts.", "Acts as it likes."))

    with pytest.raises(Invalid, match="by hand"):
        server.tool("act")


def test_a_pin_tells_true_from_one(tmp_path: Path) -> None:
    before, after = defined({"a": {"const": True}}), defined({"a": {"const": 1}})

    assert differences(before[0], after[0]) == ["its arguments"]
    assert differences(before[0], before[0]) == []


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object"},
        {"type": "array"},
        {"enum": [1.5]},
        {"type": "string", "pattern": "("},
        {"$ref": "#/properties/order"},
        {"anyOf": [{"type": "object", "properties": {"a": TEXT}}, {"type": "object", "properties": {"b": TEXT}}]},
    ],
)
def test_what_cannot_be_offered_to_a_model_is_refused_in_words(tmp_path: Path, schema: dict[str, Any]) -> None:
    server = server_of(defined({"order": schema}, "order"), tmp_path)

    with pytest.raises(Invalid, match=r"cannot be offered|cannot be used"):
        mcp_action(
            server.tool("act"),
            told,
            name="act",
            says="Acts.",
            arguments={"order": "Which."},
            effect="reads",
            identity="anonymous",
        )


def test_a_schema_that_leads_out_of_itself_is_refused() -> None:
    for schema in ({"$ref": "https://evil.example/x"}, {"type": 7}, {"properties": {"a": {"$ref": "x.json"}}}):
        with pytest.raises(Invalid):
            Judge(schema)


@pytest.mark.parametrize(("written_as", "sent"), [("decimal", "84.00"), ("number", 84.0), ("units", 8400)])
def test_money_is_written_as_the_tool_takes_it(written_as: Any, sent: object) -> None:
    arguments = MoneyArguments("amount", only="EUR", written_as=written_as)

    assert arguments.arguments(money("84.00", "EUR")) == {"amount": sent}
    with pytest.raises(ValueError, match="Only EUR"):
        arguments.arguments(money("84.00", "USD"))


# -- whatever a schema allows ------------------------------------------------------------------------------------------

SCALARS = st.sampled_from(
    [
        TEXT,
        {"type": "string", "maxLength": 3},
        {"type": "string", "pattern": "^[a-c]+$"},
        {"type": "string", "enum": ["a", "b"]},
        {"type": "integer"},
        {"type": "integer", "minimum": 2, "exclusiveMaximum": 5},
        {"type": "number", "maximum": 10},
        {"type": "boolean"},
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        {"type": ["string", "null"]},
        {"type": "array", "items": {"type": "integer"}, "maxItems": 2},
        {"type": "object", "properties": {"x": {"type": "integer"}, "y": TEXT}, "required": ["x"]},
    ]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 2**70)
    | st.floats()
    | st.sampled_from(["a", "b", "abc", "", "€", "x" * 9, "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["x", "y", "z"]), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None, max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(schemas=st.lists(SCALARS, min_size=1, max_size=3), data=st.data())
def test_whatever_is_asked_for_only_what_the_schema_allows_is_sent(
    tmp_path: Path, schemas: list[dict[str, Any]], data: st.DataObject
) -> None:
    names = ["a", "from", "c-d"][: len(schemas)]
    needed = data.draw(st.sets(st.sampled_from(names)))
    tool = server_of(defined(dict(zip(names, schemas, strict=True)), *sorted(needed)), tmp_path).tool("act")
    declared = mcp_action(
        tool,
        told,
        name="act",
        says="Acts.",
        arguments=dict.fromkeys(names, "Which."),
        effect="reads",
        identity="anonymous",
    )
    asked = data.draw(st.dictionaries(st.sampled_from([*names, "e"]), VALUES, max_size=4))
    try:
        wanted = read_arguments(declared, asked)
    except Invalid:
        return
    plain = msgspec.to_builtins(wanted)
    # What is null was left open, unless it must be there.
    sent = tool.arguments(
        Doing("k", INES), {name: plain[name] for name in plain if plain[name] is not None or name in needed}
    )

    assert Judge(tool.pinned.input_schema).fault(sent) is None
    assert set(sent) <= set(names)


async def test_an_amount_is_one_argument_with_its_currency(tmp_path: Path) -> None:
    tool = server_of(PAID, tmp_path).tool("act", customer=CustomerArgument("who"), key="key")
    declared = declare(tool)

    wanted = read_arguments(declared, {"order": "o", "amount": euros("1.00")})

    assert declared.money is not None
    assert declared.money(wanted) == money("1.00", "EUR")
    for wrong in ({"amount": "1.00", "currency": "EURO"}, {"amount": "1,00", "currency": "EUR"}, "1.00", None):
        with pytest.raises(Invalid):
            read_arguments(declared, {"order": "o", "amount": wrong})
