"""What rooms rely on in the store, the same on both databases."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, inspect, text

from answerable.domain.conversations import Conversation, Episode, Turn
from answerable.domain.errors import Conflict, Invalid
from answerable.domain.live import Event
from answerable.domain.people import Customer, Rep
from answerable.store import (
    Store,
    actions,
    articles,
    assets,
    conversations,
    customers,
    events,
    releases,
    reps,
    runs,
    turns,
)
from answerable.store.migrations import current, script_directory, upgrade
from answerable.store.tables import action_calls, approvals, metadata
from answerable.traces.recording import read_recording

NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
INES = Customer("cus_1", "Ines Carvalho", "ines@studiomare.example", "known", {"plan": "Team", "名": "é\u202e"}, NOON)
MAYA = Rep("rep_1", "Maya Okafor", "maya@ledgerly.example", "lead", active=True, created_at=NOON)


async def test_what_was_kept_comes_back_as_it_was(store: Store) -> None:
    await store.write(customers.add, INES, token_digest="d1")

    assert await store.read(customers.by_key, "d1") == INES
    assert await store.read(customers.by_key, "d2") is None


async def test_a_transaction_that_raises_keeps_nothing(store: Store) -> None:
    def keep_then_fail(db: Connection) -> None:
        customers.add(db, INES, token_digest="d1")
        raise Invalid("Not this one.")

    with pytest.raises(Invalid):
        await store.write(keep_then_fail)

    assert await store.read(customers.by_id, INES.id) is None


async def test_transactions_that_wait_together_fail_alone(store: Store) -> None:
    def fail(db: Connection) -> None:
        events.append(db, "con_0", "message", {}, NOON, customer_sees=True)
        raise Invalid("Not this one.")

    def keep(db: Connection, number: int) -> int:
        events.append(db, f"con_{number}", "message", {}, NOON, customer_sees=True)
        return number

    outcomes = await asyncio.gather(
        *(store.write(fail) if number % 3 == 0 else store.write(keep, number) for number in range(1, 31)),
        return_exceptions=True,
    )

    kept = await store.read(events.after, 0, conversation_id=None, for_customer=True, limit=100)
    assert [isinstance(each, Invalid) for each in outcomes] == [number % 3 == 0 for number in range(1, 31)]
    assert sorted(event.conversation_id for event in kept) == sorted(
        f"con_{number}" for number in range(1, 31) if number % 3
    )


async def test_an_event_that_became_visible_later_has_a_larger_id(store: Store) -> None:
    """A listener reads on from the last id that it saw; nothing may appear behind its back."""
    seen: list[Event] = []
    stop = asyncio.Event()

    async def listen() -> None:
        while not stop.is_set():
            after = seen[-1].id if seen else 0
            seen.extend(await store.read(events.after, after, conversation_id=None, for_customer=True, limit=1000))

    listening = asyncio.create_task(listen())
    await asyncio.gather(
        *(store.write(events.append, f"con_{n}", "message", {"n": n}, NOON, customer_sees=True) for n in range(200))
    )
    stop.set()
    await listening
    after = seen[-1].id if seen else 0
    seen.extend(await store.read(events.after, after, conversation_id=None, for_customer=True, limit=1000))

    assert sorted(event.content["n"] for event in seen) == list(range(200))


async def test_a_listener_is_woken_by_a_commit_and_by_nothing_else(store: Store) -> None:
    def fail(db: Connection) -> None:
        events.append(db, "con_1", "message", {}, NOON, customer_sees=True)
        raise Invalid("Not this one.")

    with store.live.listen("con_1") as mine, store.live.listen("con_2") as other:
        # A PostgreSQL listener may be woken once by its own connecting: something might have been missed until then.
        await mine.wait(0.5)
        await other.wait(0.5)
        with pytest.raises(Invalid):
            await store.write(fail)
        assert not await mine.wait(0.3)

        await store.write(events.append, "con_1", "message", {}, NOON, customer_sees=True)

        assert await mine.wait(5)
        assert not await other.wait(0.1)


async def test_a_wake_up_crosses_from_one_process_to_another_where_the_database_can(database_url: str) -> None:
    with Store(database_url) as here, Store(database_url) as there:
        if here.database == "sqlite":
            pytest.skip("With SQLite all customers are served by one process.")
        with there.live.listen("con_1") as listener:
            await listener.wait(1)
            await here.write(events.append, "con_1", "message", {}, NOON, customer_sees=True)

            assert await listener.wait(5)


async def test_events_of_a_unit_that_failed_are_not_written_by_the_next(store: Store) -> None:
    def fail(db: Connection) -> None:
        events.append(db, "con_1", "message", {}, NOON, customer_sees=True)
        raise Invalid("Not this one.")

    with pytest.raises(Invalid):
        await store.write(fail)

    assert await store.read(events.last_id) == 0
    assert await store.write(events.last_id) == 0


async def test_the_last_event_counts_those_of_the_same_unit(store: Store) -> None:
    def append_and_look(db: Connection) -> int:
        events.append(db, "con_1", "message", {}, NOON, customer_sees=True)
        return events.last_id(db)

    seen = await store.write(append_and_look)

    (kept,) = await store.read(events.after, 0, conversation_id="con_1", for_customer=True, limit=9)
    assert kept.id == seen


async def test_connections_that_the_server_closed_are_not_noticed(store: Store) -> None:
    if store.database == "sqlite":
        pytest.skip("SQLite has no connections that a server could close.")

    def close_the_others(db: Connection) -> int:
        closed: int = db.execute(
            text(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        ).scalar_one()
        return closed

    await asyncio.gather(
        *(store.write(customers.add, replace(INES, id=f"cus_{n}"), token_digest=f"d{n}") for n in range(20))
    )
    assert await store.read(close_the_others) > 1

    found = await asyncio.gather(*(store.read(customers.by_key, f"d{n}") for n in range(20)))
    await store.read(close_the_others)
    await asyncio.gather(*(store.write(customers.describe, replace(INES, id=f"cus_{n}", name="I.")) for n in range(20)))

    assert [each.id for each in found if each is not None] == [f"cus_{n}" for n in range(20)]


async def test_two_releases_at_once_get_numbers_one_after_the_other(store: Store) -> None:
    shipped = await asyncio.gather(
        *(store.write(releases.ship, reason=f"Change {n}.", author="Maya", at=NOON) for n in range(8))
    )

    assert sorted(each.number for each in shipped) == list(range(1, 9))


async def test_an_address_belongs_to_one_rep(store: Store) -> None:
    await store.write(reps.add, MAYA)

    with pytest.raises(Conflict, match="works here already"):
        await store.write(reps.add, Rep("rep_2", "Another", MAYA.email, "rep", active=True, created_at=NOON))


async def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    with pytest.raises(Exception, match="without a zone"):
        await store.write(events.append, "con_1", "message", {}, datetime(2026, 1, 1), customer_sees=True)  # noqa: DTZ001


async def test_moments_keep_their_microseconds_and_their_order(store: Store) -> None:
    later = NOON + timedelta(microseconds=1)
    for moment in (later, NOON):
        await store.write(events.append, "con_1", "message", {}, moment, customer_sees=True)

    kept = await store.read(events.after, 0, conversation_id="con_1", for_customer=True, limit=9)

    assert [event.at for event in kept] == [later, NOON]


def test_migrating_twice_changes_nothing(new_database_url: str) -> None:
    with Store(new_database_url) as store:
        store.migrate()
        store.migrate()


async def test_a_conversation_of_an_older_program_waits_since_it_last_changed(new_database_url: str) -> None:
    def keep_customer_as_they_were_kept(db: Connection) -> None:
        values = f"'{INES.id}', 'known', '{{}}', '{NOON}'"
        db.execute(text(f"INSERT INTO customers (id, identity, attributes, created_at) VALUES ({values})"))

    def keep_as_it_was_kept(db: Connection) -> None:
        columns = "id, customer_id, surface, subject, status, handled_by, waiting_on, release, message_count, "
        values = (
            f"'con_1', '{INES.id}', 'chat', 'Llamas', 'open', 'rep', 'rep', 1, 0, '', 'customer', '{NOON}', '{NOON}'"
        )
        db.execute(
            text(
                f"INSERT INTO conversations ({columns} last_text, last_author, opened_at, changed_at) VALUES ({values})"
            )
        )

    with Store(new_database_url) as store:
        upgrade(store._dialect, "0001")
        await store.write(keep_customer_as_they_were_kept)
        await store.write(_ship_as_before, 1, reason="The first.", author="Maya")
        await store.write(keep_as_it_was_kept)

        store.migrate()

        kept = await store.read(conversations.listed, "con_1")
        assert kept is not None
        assert kept.waiting_since == NOON


def _ship_as_before(db: Connection, number: int, *, reason: str, author: str) -> None:
    """A release as older programs kept it."""
    columns = "number, reason, author, created_at"
    db.execute(text(f"INSERT INTO releases ({columns}) VALUES ({number}, '{reason}', '{author}', '{NOON}')"))


def _with_a_conversation(db: Connection) -> dict[str, Any]:
    """What every call in it has in its row."""
    customers.add(db, INES, token_digest="d1")
    conversations.add(
        db,
        Conversation(
            *("con_1", INES.id, "chat", "Refund", "open", "agent", "agent", None, 1, None, None, None, NOON, NOON)
        ),
    )
    at = {"conversation_id": "con_1", "customer_id": INES.id, "created_at": NOON, "changed_at": NOON}
    return {**dict.fromkeys(("requested_by", "action", "effect", "likeness", "reason"), ""), **at}


async def test_a_call_of_an_older_program_keeps_its_key_and_was_sent_after_it_was_asked_for(
    new_database_url: str,
) -> None:
    hour = timedelta(hours=1)

    def keep_as_they_were_kept(db: Connection) -> None:
        call = _with_a_conversation(db)
        for state, sent in (("done", NOON + hour), ("undone", NOON - hour), ("refused", None)):
            content = {"arguments": {}, "facts": {}, "verdicts": [], "attempts": 1, "sent_at": sent}
            kept = {**call, **content, "id": f"act_{state}", "key": f"key {state}", "state": state}
            db.execute(insert(action_calls), kept)

    with Store(new_database_url) as store:
        upgrade(store._dialect, "0007")
        await store.write(_ship_as_before, 1, reason="The first.", author="Maya")
        await store.write(keep_as_they_were_kept)

        store.migrate()

        answered = await store.read(actions.by_key, "key done")
        assert answered is not None
        assert (answered.call.id, answered.conversation_id) == ("act_done", "con_1")
        kept = await store.read(actions.of_conversation, "con_1")
        assert {call.state: call.sent_at for call in kept} == {"done": NOON + hour, "undone": NOON, "refused": None}


async def test_a_yes_that_a_rule_forbade_was_kept_as_a_no_and_is_none_any_more(new_database_url: str) -> None:
    def keep_as_they_were_kept(db: Connection) -> None:
        call = _with_a_conversation(db)
        decided = {"clause_id": "R-1", "role": "rep", "needed": 2, "reason": None, "decided_by": "rep_maya"}
        decided |= {"asked_at": NOON, "expires_at": NOON, "decided_at": NOON, "approved_by": ["rep_jonas"]}
        for state in ("refused", "declined"):
            content = {"arguments": {}, "facts": {}, "verdicts": [], "attempts": 0, "sent_at": None}
            db.execute(insert(action_calls), {**call, **content, "id": state, "key": state, "state": state})
            db.execute(insert(approvals), {**decided, "id": state, "call_id": state, "state": "declined"})

    with Store(new_database_url) as store:
        upgrade(store._dialect, "0008")
        await store.write(_ship_as_before, 1, reason="The first.", author="Maya")
        await store.write(keep_as_they_were_kept)

        store.migrate()

        refused, declined = [await store.read(actions.approval_by_id, each) for each in ("refused", "declined")]
        assert refused is not None
        assert declined is not None
        assert (refused.state, refused.approved_by, refused.decided_by) == (
            *("refused", ("rep_jonas", "rep_maya")),
            "boundary",
        )
        assert (declined.state, declined.approved_by, declined.decided_by) == ("declined", ("rep_jonas",), "rep_maya")


async def test_a_run_of_an_older_program_is_kept_and_cannot_be_replayed(new_database_url: str) -> None:
    def keep_as_it_was_kept(db: Connection) -> None:
        _with_a_conversation(db)
        conversations.add_episode(db, Episode("eps_1", "con_1", 1, NOON, None, None))
        turns.add(db, Turn("trn_1", "con_1", "eps_1", 1, "answered", NOON, NOON))
        columns = "id, turn_id, conversation_id, release, model, state, tokens_in, tokens_out, cost_micros, strip"
        values = f"'run_1', 'trn_1', 'con_1', 1, 'embedded', 'finished', 0, 0, 0, '[]', '{NOON}'"
        db.execute(text(f"INSERT INTO runs ({columns}, started_at) VALUES ({values})"))

    with Store(new_database_url) as store:
        upgrade(store._dialect, "0009")
        await store.write(_ship_as_before, 1, reason="The first.", author="Maya")
        await store.write(keep_as_it_was_kept)

        store.migrate()

        assert await store.read(runs.recorded, "run_1") == (None, None)
        with pytest.raises(Invalid, match="older program that kept less"):
            await store.read(read_recording, "run_1")


async def test_a_database_of_a_newer_program_is_left_alone_with_a_sentence(store: Store) -> None:
    def pretend_newer(db: Connection) -> None:
        db.execute(text("UPDATE schema_version SET version_num = '9999'"))

    await store.write(pretend_newer)

    with pytest.raises(Conflict, match="schema 9999, which this version of Answerable does not know"):
        store.migrate()


async def test_the_migrations_make_the_tables_that_the_queries_expect(store: Store) -> None:
    def look(db: Connection) -> tuple[str | None, dict[str, set[str]], dict[str, set[str]]]:
        found = inspect(db)
        tables = [name for name in found.get_table_names() if name in metadata.tables]
        columns = {name: {column["name"] for column in found.get_columns(name)} for name in tables}
        indexes = {name: {str(index["name"]) for index in found.get_indexes(name)} for name in tables}
        return current(db), columns, indexes

    version, columns, indexes = await store.read(look)

    assert version == script_directory().get_current_head()
    assert columns == {name: set(table.columns.keys()) for name, table in metadata.tables.items()}
    for name, table in metadata.tables.items():
        assert {str(index.name) for index in table.indexes} <= indexes[name], name


def test_an_address_of_another_database_gets_a_sentence() -> None:
    with pytest.raises(Invalid, match="use sqlite:///path/to/file or postgresql://host/name"):
        Store("mysql://somewhere/else")


async def test_articles_of_an_older_program_are_assets_with_all_their_revisions_and_passages(
    new_database_url: str,
) -> None:
    def keep_as_they_were_kept(db: Connection) -> None:
        at = f"'{NOON}'"
        db.execute(text(f"INSERT INTO sources VALUES ('src_1', 'folder', 'articles', {at})"))
        db.execute(text(f"INSERT INTO articles VALUES ('art_1', 'src_1', 'refunds.md', 'refunds', {at})"))
        columns = (
            "id, article_id, number, title, text, language, keywords, digest, from_release, to_release, created_at"
        )
        for number, to_release in ((1, "2"), (2, "NULL")):
            values = f"'rev_{number}', 'art_1', {number}, 'Refunds', 'Text {number}', 'en', '[\"money\"]', 'd{number}'"
            values += f", {number}, {to_release}, {at}"
            db.execute(text(f"INSERT INTO revisions ({columns}) VALUES ({values})"))
            values = f"'rev_{number}.0', 'rev_{number}', 'art_1', 0, '[]', 'Text {number}', 0, 6, 'v{number}'"
            db.execute(text(f"INSERT INTO passages VALUES ({values})"))

    with Store(new_database_url) as store:
        upgrade(store._dialect, "0011")
        for number, author in enumerate(("Maya", "Jonas"), start=1):
            await store.write(_ship_as_before, number, reason=f"Import {number}.", author=author)
        await store.write(keep_as_they_were_kept)

        store.migrate()

        first, second = [await store.read(articles.one, "art_1", release) for release in (1, 2)]
        assert first is not None
        assert second is not None
        assert (first.revision_id, second.revision_id) == ("rev_1", "rev_2")
        kept = await store.read(assets.revisions_of, "art_1")
        assert [(each.number, each.author, each.reason) for each in kept] == [
            (2, "Jonas", "Import 2."),
            (1, "Maya", "Import 1."),
        ]
        assert kept[0].keywords == ("money",)
        assert [each.id for each in await store.read(articles.passages_of, "rev_1")] == ["rev_1.0"]
        (held,) = await store.read(assets.in_release, ["article"], 1)
        assert (held.asset.id, held.asset.key, held.revision.id) == ("art_1", "src_1/refunds.md", "rev_1")


async def test_a_database_that_grew_up_has_the_ties_of_a_new_one(new_database_url: str) -> None:
    def ties(db: Connection) -> dict[str, set[tuple[str, ...]]]:
        found = inspect(db)
        return {
            name: {
                (*each["constrained_columns"], "to", each["referred_table"], *each["referred_columns"])
                for each in found.get_foreign_keys(name)
            }
            for name in metadata.tables
        }

    with Store(new_database_url) as store:
        store.migrate()

        assert await store.read(ties) == {
            name: {
                (
                    *(each.name for each in key.columns),
                    "to",
                    key.referred_table.name,
                    *(e.column.name for e in key.elements),
                )
                for key in table.foreign_key_constraints
            }
            for name, table in metadata.tables.items()
        }


async def test_what_an_older_program_imported_counts_as_its_sources(new_database_url: str) -> None:
    """Else the next import would take it for changed by a person."""

    def keep_as_it_was_kept(db: Connection) -> None:
        at = f"'{NOON}'"
        columns = (
            "id, asset_id, number, title, text, author, reason, language, keywords, digest, from_release, to_release,"
            " created_at"
        )
        db.execute(text(f"INSERT INTO assets VALUES ('ast_1', 'procedure', 'refund', {at})"))
        for number, to_release in ((1, "2"), (2, "NULL")):
            said = f"'rev_{number}', 'ast_1', {number}, 'Refund', 'Text', 'Maya', 'Reason.', '', '[]', 'd{number}'"
            db.execute(text(f"INSERT INTO revisions ({columns}) VALUES ({said}, {number}, {to_release}, {at})"))

    with Store(new_database_url) as store:
        upgrade(store._dialect, "0012")
        for number in (1, 2):
            await store.write(_ship_as_before, number, reason="A change.", author="Maya")
        await store.write(keep_as_it_was_kept)

        store.migrate()

        asset = await store.read(assets.by_id, "ast_1")
        assert asset is not None
        assert asset.source_digest == "d2"
        first, second = [await store.read(assets.one_in_release, "ast_1", release) for release in (1, 2)]
        assert first is not None
        assert second is not None
        assert (first.revision.id, second.revision.id) == ("rev_1", "rev_2")
        assert [each.base for each in await store.read(releases.line, 9)] == [None, None, None]
