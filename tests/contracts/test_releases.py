"""What a workspace's files say is pinned by releases: shipped once, kept for ever, the same on both databases."""

import asyncio

import pytest

from answerable.domain.clock import now
from answerable.domain.releases import Release
from answerable.releases.pinned import PINNED, pinned_by
from answerable.releases.shipping import ship_files
from answerable.releases.workspace import AssetFile
from answerable.store import Store, assets, releases

REFUND = AssetFile("procedure", "refund", "Refund a charge", "How refunds were made at first.")
REFUND_NOW = AssetFile("procedure", "refund", "Refund a charge", "How refunds are made now.")
PLAN = AssetFile("procedure", "plan", "Change plan", "How plans are changed.")
TONE = AssetFile("instruction", "instructions", "Instructions", "Say you, and never thou.")


async def ship(store: Store, *files: AssetFile) -> Release | None:
    return await ship_files(store, files, kinds=PINNED)


async def pinned(store: Store, release: int) -> set[str]:
    """What a release has, in words."""
    found = await pinned_by(store, release)
    return {each.text for each in (*found.procedures, found.instructions) if each is not None}


async def test_all_that_has_changed_is_one_release_with_a_reason_that_a_rep_reads(store: Store) -> None:
    first = await ship(store, REFUND, PLAN, TONE)
    second = await ship(store, REFUND_NOW)

    assert first is not None
    assert second is not None
    assert (first.number, second.number) == (1, 2)
    assert first.author == "Answerable"
    assert first.reason == (
        "Procedures added in the workspace: Refund a charge, Change plan. Instructions added in the workspace."
    )
    assert second.reason == (
        "Procedures changed in the workspace: Refund a charge. Procedures removed from the workspace: Change plan. "
        "Instructions removed from the workspace."
    )
    assert [each.number for each in await store.read(releases.line, 9)] == [2, 1, 0]


async def test_a_reason_names_ten_and_counts_the_rest(store: Store) -> None:
    shipped = await ship(store, *(AssetFile("procedure", f"p{n}", f"Procedure {n}", "Text.") for n in range(12)))

    assert shipped is not None
    assert shipped.reason.endswith("Procedure 8, Procedure 9, and 2 more.")


async def test_what_has_not_changed_ships_nothing(store: Store) -> None:
    await ship(store, REFUND, TONE)

    assert await ship(store, TONE, REFUND) is None
    assert await store.read(releases.newest) == 1


async def test_an_older_release_has_what_it_had(store: Store) -> None:
    await ship(store, REFUND, TONE)
    await store.write(releases.ship, reason="Import: 3 new.", author="Maya", at=now())
    await ship(store, REFUND_NOW, PLAN)
    await ship(store)

    assert await pinned(store, 0) == set()
    assert await pinned(store, 1) == {REFUND.text, TONE.text}
    assert await pinned(store, 2) == {REFUND.text, TONE.text}, "an import changes nothing of it"
    assert await pinned(store, 3) == {REFUND_NOW.text, PLAN.text}
    assert await pinned(store, 4) == set()


async def test_what_comes_back_is_the_next_revision_of_the_same_asset(store: Store) -> None:
    await ship(store, REFUND)
    await ship(store)
    await ship(store, REFUND)

    (held,) = await store.read(assets.in_release, PINNED, 3)
    kept = await store.read(assets.revisions_of, held.asset.id)
    assert [(each.number, each.from_release, each.to_release) for each in kept] == [(2, 3, None), (1, 1, 2)]
    assert {each.author for each in kept} == {"Answerable"}
    assert kept[0].reason == "Procedures added in the workspace: Refund a charge."


async def test_two_programs_that_start_at_once_ship_one_release(database_url: str) -> None:
    with Store(database_url) as one, Store(database_url) as other:
        shipped = await asyncio.gather(*(ship(each, REFUND, PLAN, TONE) for each in (one, other) * 4))

        assert sum(each is not None for each in shipped) == 1
        assert await one.read(releases.newest) == 1
        assert len(await other.read(assets.in_release, PINNED, 1)) == 3


async def test_a_second_asset_of_one_kind_and_key_is_refused_by_the_database_itself(store: Store) -> None:
    await ship(store, REFUND)
    (held,) = await store.read(assets.in_release, PINNED, 1)

    with pytest.raises(Exception, match=r"(?i)unique"):
        await store.write(assets.add, held.asset)
