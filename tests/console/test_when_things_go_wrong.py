"""What the console does when the network, the server, the sign-in or a text is not as it should be."""

import asyncio
import json
import re
from typing import Any

import pytest
from playwright.async_api import Route, expect

from tests.console.conftest import PATIENCE_MS, Office
from tests.walks.company import PASSWORD, Company, Customer
from tests.widget.line import Line

# The promise is three seconds; a machine that runs many tests at once gets two more.
NOTICED_MS = 5_000
# From opening a screen until it says that there is nothing to show; two seconds of it are for the page itself.
SOON_MS = 3_000


async def test_a_reply_without_a_network_is_kept_and_arrives_once(office: Office, ines: Customer) -> None:
    maya = await office.maya()
    page = maya.page
    conversation = (await ines.ask("Which llama breeds may I insure with you?"))["conversation_id"]
    await maya.open(f"/inbox/needs-you/{conversation}")
    await expect(page.get_by_role("region", name="A person is needed")).to_be_visible()

    await page.context.set_offline(True)
    await page.get_by_role("textbox", name=re.compile("Reply to")).fill("No llamas.")
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_text("it is kept here and sent as soon as there is one")).to_be_visible()
    await expect(page.get_by_text("Reconnecting")).to_be_visible()
    await maya.picture("offline")
    await page.context.set_offline(False)

    await expect(page.get_by_text("it is kept here")).to_have_count(0)
    await expect(page.get_by_text("Reconnecting")).to_have_count(0)
    said = await ines.conversation(conversation)
    assert [message["text"] for message in said["messages"] if message["author"] == "rep"] == ["No llamas."]


async def test_what_happened_while_the_stream_was_cut_is_there_afterwards(office: Office, ines: Customer) -> None:
    maya = await office.maya()
    page = maya.page
    await expect(page.get_by_role("heading", name="Nobody waits for a person")).to_be_visible()
    await page.context.set_offline(True)
    await expect(page.get_by_text("Reconnecting")).to_be_visible()
    await ines.ask("Which llama breeds may I insure with you?")
    await page.context.set_offline(False)
    await expect(page.get_by_role("link", name=re.compile("Ines Carvalho"))).to_be_visible()


async def test_a_server_that_is_gone_is_said_at_once_and_no_longer_than_it_lasts(
    company: Company, office: Office, ines: Customer
) -> None:
    line = Line(company.address)
    await line.begin()
    for width, height in ((1440, 900), (390, 844)):
        maya = await office.maya(width=width, height=height)
        page = maya.page
        # The scripts of the other screens come in a quiet moment; from then on an outage keeps nobody from them.
        async with page.expect_event("requestfinished", lambda request: "/People-" in request.url):
            await page.goto(f"{line.address}console/inbox/needs-you")
        await expect(page.get_by_role("heading", name="Needs you")).to_be_visible()

        line.cut()
        await expect(page.get_by_text("Reconnecting…")).to_be_visible(timeout=NOTICED_MS)
        await maya.picture("server-gone")
        await page.evaluate("history.pushState(null, '', '/console/people'); dispatchEvent(new Event('popstate'))")
        await expect(page.get_by_role("heading", name="People", level=1)).to_be_visible()
        await expect(page.get_by_role("alert")).to_contain_text(re.compile("Answerable can(not)? be reached"))
        await maya.picture("people-server-gone")

        line.mend()
        await expect(page.get_by_text("Reconnecting…")).to_have_count(0, timeout=NOTICED_MS)
        await expect(page.get_by_text("maya@ledgerly.example")).to_be_visible()
    await line.end()


@pytest.mark.parametrize(
    ("path", "route", "filled"),
    [
        ("/actions", "/api/actions\\?", "Nothing has been asked for yet"),
        ("/approvals", "/api/approvals\\?", "Nothing waits for a person"),
        ("/approvals/decided", "/api/approvals\\?", "Nothing has been decided yet"),
    ],
)
async def test_a_list_that_cannot_be_reached_says_so_soon_and_fills_by_itself(
    office: Office, path: str, route: str, filled: str
) -> None:
    maya = await office.maya()
    page = maya.page
    await page.route(re.compile(route), lambda request: request.fulfill(status=503, body="gone"))

    await maya.open(path)
    await expect(page.get_by_role("alert")).to_contain_text("tried again by itself", timeout=SOON_MS)
    await expect(page.locator(".skeleton")).to_have_count(0)
    await maya.picture(f"unreached{path.replace('/', '-')}")
    await page.unroute(re.compile(route))

    await expect(page.get_by_role("heading", name=filled)).to_be_visible(timeout=NOTICED_MS)


async def test_a_screen_whose_script_does_not_come_says_so_and_comes_when_tried_again(office: Office) -> None:
    maya = await office.seat()
    page = maya.page
    script = re.compile(r"/assets/(People|Palette)-[^/]*\.js")
    await page.route(script, lambda route: route.abort())
    await office.sign_in(maya)

    await page.get_by_role("link", name="People").click()
    await expect(page.get_by_role("alert")).to_contain_text("could not be loaded")
    await expect(page.get_by_role("link", name="Knowledge")).to_be_visible()
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("region", name="Notices")).to_contain_text("could not be loaded")
    await maya.picture("script-missing")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("alert")).to_contain_text("could not be loaded")

    await page.unroute(script)
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_text("maya@ledgerly.example")).to_be_visible()
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("combobox")).to_be_focused()


async def test_what_is_typed_for_a_palette_that_is_still_on_its_way_is_no_command(
    office: Office, ines: Customer
) -> None:
    conversation = (await ines.ask("Which llama breeds may I insure with you?"))["conversation_id"]
    maya = await office.seat()
    page = maya.page
    may_come = asyncio.Event()

    async def wait(route: Route) -> None:
        await may_come.wait()
        await route.continue_()

    await page.route(re.compile(r"/assets/Palette-[^/]*\.js"), wait)
    await office.sign_in(maya)
    await maya.open(f"/inbox/needs-you/{conversation}")
    await expect(page.get_by_role("region", name="A person is needed")).to_be_visible()

    await page.keyboard.press("Control+k")
    await page.keyboard.press("e")
    await page.keyboard.press("t")
    may_come.set()

    await expect(page.get_by_role("combobox")).to_be_focused()
    shown = await ines.conversation(conversation)
    assert (shown["status"], shown["rep_name"]) == ("open", None), "neither resolved nor taken"


async def test_a_conversation_that_is_not_there_leaves_nothing_loading(office: Office) -> None:
    maya = await office.maya()
    await maya.open("/inbox/all/con_nowhere")
    await expect(maya.page.get_by_role("alert")).to_contain_text("This conversation is not here")
    await expect(maya.page.locator("[aria-busy=true]")).to_have_count(0)
    await maya.picture("no-such-conversation")


async def test_what_could_not_be_loaded_is_not_shown_as_loading(office: Office) -> None:
    maya = await office.maya()
    page = maya.page

    async def refuse(route: Route) -> None:
        await route.fulfill(status=422, json={"status": 422, "title": "No", "detail": "The database does not answer."})

    await page.route(re.compile("/api/(reps|status)"), refuse)
    await maya.open("/people")

    await expect(page.get_by_role("alert")).to_contain_text("The database does not answer.")
    await expect(page.get_by_text("Status unknown")).to_be_visible()
    await expect(page.locator(".skeleton")).to_have_count(0)
    await maya.picture("people-failed")


async def test_a_lost_sign_in_leads_to_the_sign_in_and_back(office: Office) -> None:
    maya = await office.maya()
    page = maya.page
    await page.context.clear_cookies(name="answerable_sign_in")
    await maya.open("/people?from=here")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.get_by_label("E-mail").fill("maya@ledgerly.example")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page).to_have_url(re.compile("/console/people\\?from=here"))


async def test_an_address_of_another_site_is_not_followed_after_the_sign_in(office: Office) -> None:
    maya = await office.maya()
    await maya.open("/sign-in?next=//evil.example/console")
    await expect(maya.page).to_have_url(re.compile("/console/inbox/needs-you"))


async def test_a_list_that_fails_says_so_and_can_be_tried_again(office: Office) -> None:
    maya = await office.maya()
    page = maya.page
    is_down = True

    async def refuse(route: Route) -> None:
        if is_down:
            body = {
                "status": 503,
                "title": "Unavailable",
                "detail": "The database does not answer.",
                "may_help_to_retry": False,
            }
            await route.fulfill(status=422, content_type="application/problem+json", body=json.dumps(body))
        else:
            await route.continue_()

    await page.route(re.compile("/api/inbox\\?"), refuse)
    await maya.open("/inbox/all")
    await expect(page.get_by_role("alert")).to_contain_text("The database does not answer.")
    await maya.picture("failed")
    is_down = False
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("heading", name="No conversations yet")).to_be_visible()


async def test_ten_thousand_conversations_are_one_smooth_list(office: Office, ines: Customer) -> None:
    maya = await office.maya()
    page = maya.page
    await ines.ask("How many seats?")
    (row,) = (await (await page.request.get(f"{office.company.address}/api/inbox?view=all")).json())["items"]
    rows = [_numbered(row, number) for number in range(10_000)]

    async def give(route: Route) -> None:
        begin = int(re.search(r"cursor=(\d+)", route.request.url + "&cursor=0")[1])  # type: ignore[index]
        following = str(begin + 100) if begin + 100 < len(rows) else None
        await route.fulfill(json={"items": rows[begin : begin + 100], "next": following})

    await page.route(re.compile("/api/inbox\\?"), give)
    await maya.open("/inbox/all")
    await expect(page.get_by_role("link", name=re.compile("Customer 00000"))).to_be_visible()
    # The list asks for more as its end comes near; a rep who holds the key down goes through all of it.
    last = page.get_by_role("link", name=re.compile("Customer 09999"))
    async with asyncio.timeout(PATIENCE_MS / 1000 * 3):
        while not await last.count():
            await page.locator(".list-col .scroll").evaluate("list => { list.scrollTop = list.scrollHeight; }")
    await expect(last).to_be_visible()
    assert await page.locator(".conv").count() < 60
    await maya.picture("ten-thousand")


def _numbered(row: dict[str, Any], number: int) -> dict[str, Any]:
    names = {0: "الاسم الطويل", 1: "Wolfeschlegelsteinhausenbergerdorff " * 3}
    name = f"Customer {number:05d} {names.get(number % 7, '')}"
    return {
        **row,
        "id": f"{row['id']}{number}",
        "customer": {**row["customer"], "name": name},
        "subject": f"About {number} " * 9,
    }


async def test_markup_in_a_message_is_only_text(office: Office, ines: Customer) -> None:
    maya = await office.maya()
    page = maya.page
    hostile = "<img src=x onerror=\"document.title='taken'\"> [press](javascript:document.title='taken') **llamas**?"
    conversation = (await ines.ask(hostile))["conversation_id"]
    await maya.open(f"/inbox/all/{conversation}")
    thread = page.get_by_role("region", name="Conversation", exact=True)
    await expect(thread.locator(".plain").first).to_contain_text("<img src=x onerror=")

    await page.get_by_role("textbox", name=re.compile("Reply to")).fill(hostile)
    await page.get_by_role("button", name="Send").click()
    await expect(thread.locator(".body strong", has_text="llamas")).to_be_visible()
    assert await thread.locator("img, a[href^=javascript]").count() == 0
    assert await page.title() != "taken"
