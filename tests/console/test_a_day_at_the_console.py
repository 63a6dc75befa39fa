"""What a rep does in a day, at a desk and on a phone, in light and in dark."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.console.conftest import Office, Seat
from tests.walks.company import PASSWORD, Company, Customer, talk_on

LLAMAS = "Which llama breeds may I insure with you?"


async def test_the_first_admin_comes_in_by_the_one_time_link_and_comes_back_with_the_password(
    company: Company, office: Office
) -> None:
    from answerable.people import first_admin_link

    token = await first_admin_link(company.house.store, name="Noor Admin", email="noor@ledgerly.example")
    noor = await office.seat()
    page = noor.page

    await noor.open(f"/link/{token}")
    await expect(page.get_by_text("noor@ledgerly.example")).to_be_visible()
    await page.get_by_label("New password").fill("short")
    await expect(page.get_by_role("button", name="Set password")).to_be_disabled()
    await page.get_by_label("New password").fill(PASSWORD)
    await noor.picture("link")
    await page.get_by_role("button", name="Set password").click()
    await expect(page.get_by_role("heading", name="Needs you")).to_be_visible()

    await page.get_by_role("button", name="Noor Admin").click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.get_by_label("E-mail").fill("noor@ledgerly.example")
    await page.get_by_label("Password").fill("not the password")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).not_to_be_empty()
    await noor.picture("sign-in-refused")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Needs you")).to_be_visible()

    await noor.open(f"/link/{token}")
    await expect(page.get_by_role("heading", name="This link does not work any more")).to_be_visible()


@pytest.mark.parametrize(
    ("width", "height", "theme"), [(1440, 900, "light"), (1440, 900, "dark"), (390, 844, "light"), (390, 844, "dark")]
)
async def test_a_conversation_from_the_question_to_its_end(
    office: Office, ines: Customer, width: int, height: int, theme: str
) -> None:
    maya = await office.maya(width=width, height=height, theme=theme)
    page = maya.page
    await expect(page.get_by_role("heading", name="Nobody waits for a person")).to_be_visible()
    await maya.picture("empty")

    await ines.ask("How do I add my VAT ID?")
    conversation = await _ask_for_a_person(ines)
    row = page.get_by_role("link", name=re.compile("Ines Carvalho"))
    await expect(row).to_be_visible()
    await maya.picture("inbox")
    await row.click()

    thread = page.get_by_role("region", name="Conversation", exact=True)
    await expect(thread.get_by_text("every claim sourced")).to_be_visible()
    await expect(page.get_by_role("region", name="A person is needed")).to_be_visible()
    await maya.picture("conversation")
    await _look_at_source_and_trace(maya)

    await page.get_by_role("region", name="A person is needed").get_by_role("button", name="Take over").click()
    await expect(thread.get_by_text("Maya Okafor took over.")).to_be_visible()
    await page.get_by_role("textbox", name=re.compile("Reply to")).fill("We insure **no llamas**, sorry.")
    await page.get_by_role("button", name="Send").click()
    await expect(thread.get_by_text("no llamas", exact=True)).to_be_visible()
    await expect(thread.locator(".outgoing")).to_have_count(0)
    said = await ines.conversation(conversation)
    assert (said["messages"][-1]["name"], said["messages"][-1]["text"]) == ("Maya", "We insure **no llamas**, sorry.")
    await maya.picture("replied")

    await page.get_by_role("button", name="More").click()
    await page.get_by_role("menuitem", name="Hand back").click()
    await expect(thread.get_by_text("handed it back")).to_be_visible()
    await ines.ask("And how long does a refund take to reach my card?", conversation=conversation)
    await expect(thread.get_by_text("3 to 5 business days")).to_be_visible()

    await page.get_by_role("button", name="More").click()
    await page.get_by_role("menuitem", name="Resolve").click()
    await expect(thread.get_by_text("Resolved", exact=True)).to_be_visible()
    await maya.picture("resolved")


async def _look_at_source_and_trace(maya: Seat) -> None:
    page = maya.page
    await page.get_by_role("button", name=re.compile("Source 1:")).first.click()
    await expect(page.get_by_role("dialog", name=re.compile("Add your VAT ID"))).to_contain_text("Settings")
    await page.keyboard.press("Escape")

    await page.get_by_role("button", name=re.compile("every claim sourced")).click()
    steps = page.locator("details.step")
    await expect(steps).to_have_count(4)
    await page.locator("summary", has_text="passage").first.click()
    await expect(page.locator(".passage.cited")).to_contain_text("Add your VAT ID")
    await maya.picture("trace")
    for tab, words in (
        ("Sources", "Cited in the reply"),
        ("Customer", "not signed in"),
        ("History", "Opened on release"),
    ):
        await page.get_by_role("tab", name=re.compile(tab)).click()
        await expect(page.get_by_role("tabpanel")).to_contain_text(words)
        await maya.picture(tab.lower())
    if maya.is_phone:
        await page.get_by_role("button", name="Close").click()


async def test_everything_can_be_done_from_the_keyboard(office: Office, ines: Customer) -> None:
    maya = await office.maya()
    page = maya.page
    conversation = (await ines.ask(LLAMAS))["conversation_id"]
    await expect(page.get_by_role("link", name=re.compile("Ines Carvalho"))).to_be_visible()

    await page.keyboard.press("j")
    await expect(page).to_have_url(re.compile(conversation))
    await expect(page.get_by_role("region", name="A person is needed")).to_be_visible()
    await page.keyboard.press("t")
    thread = page.get_by_role("region", name="Conversation", exact=True)
    await expect(thread.get_by_text("Maya Okafor took over.")).to_be_visible()
    field = page.get_by_role("textbox", name=re.compile("Reply to"))
    await expect(field).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(field).not_to_be_focused()
    await page.keyboard.press("r")
    await page.keyboard.type("None at all.")
    await page.keyboard.press("Control+Enter")
    await expect(thread.get_by_text("None at all.")).to_be_visible()
    await expect(thread.locator(".outgoing")).to_have_count(0)
    await page.keyboard.press("Escape")
    await page.keyboard.press("e")
    await expect(thread.get_by_text("Maya Okafor resolved it.")).to_be_visible()

    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Take over")
    await maya.picture("keys")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("combobox")).to_be_focused()
    await page.keyboard.type("VAT")
    await expect(page.get_by_role("option", name="Add your VAT ID")).to_be_visible()
    await expect(page.get_by_text("Nothing is called that")).to_have_count(0)
    await maya.picture("palette")
    await page.get_by_role("combobox").fill("qqzz")
    await expect(page.get_by_text("Nothing is called that")).to_be_visible()
    await maya.picture("palette-nothing")
    await page.get_by_role("combobox").fill("VAT")
    await page.get_by_role("option", name="Add your VAT ID").click()
    await expect(page.get_by_role("heading", name="Add your VAT ID", level=1)).to_be_visible()
    await page.keyboard.press("g")
    await page.keyboard.press("c")
    await expect(page.get_by_role("heading", name="All conversations")).to_be_visible()


async def test_knowledge_can_be_read_searched_and_traced_to_its_source(office: Office) -> None:
    maya = await office.maya()
    page = maya.page

    await page.get_by_role("link", name="Knowledge").click()
    await expect(page.get_by_role("heading", name=re.compile("4 articles in force"))).to_be_visible()
    await maya.picture("articles")
    await page.get_by_role("link", name=re.compile("Refunds to your card")).click()
    await expect(page.get_by_text("3 to 5 business days")).to_be_visible()
    await maya.picture("article")
    await page.get_by_role("tab", name="Revisions").click()
    await expect(page.get_by_text("since r1")).to_be_visible()

    await maya.open("/knowledge/search")
    await page.get_by_role("searchbox").fill("money back on my credit card")
    await expect(page.get_by_role("link", name="Refunds to your card")).to_be_visible()
    await expect(page.get_by_text("Confidence")).to_be_visible()
    await maya.picture("try-a-search")

    await maya.open("/knowledge/sources")
    await expect(page.get_by_role("heading", name=re.compile("knowledge"), level=2)).to_be_visible()
    await expect(page.get_by_text("Builders import new sites.")).to_be_visible()
    await expect(page.get_by_role("button", name="Import site")).to_have_count(0)


async def test_a_builder_is_told_why_a_site_cannot_be_imported(office: Office) -> None:
    maya = await office.maya(role="builder")
    await maya.open("/knowledge/sources")
    await maya.page.get_by_label("Address of a help centre").fill("http://127.0.0.1:9/")
    await maya.page.get_by_role("button", name="Import site").click()
    await expect(maya.page.locator("[role=alert]:not(:empty), .report-line .bad")).to_be_visible()
    await maya.picture("sources")


async def test_an_admin_invites_somebody_who_then_comes_in(office: Office) -> None:
    noor = await office.maya(role="admin")
    page = noor.page
    await noor.open("/people")
    await page.get_by_role("button", name="Invite").click()
    await page.get_by_label("Name").fill("Samir Haddad")
    await page.get_by_label("E-mail").fill("samir@ledgerly.example")
    await page.get_by_role("radio", name=re.compile("Builder")).check()
    await noor.picture("invite")
    await page.get_by_role("button", name="Make a one-time link").click()
    link = await page.get_by_label("One-time link").input_value()
    await page.keyboard.press("Escape")
    await expect(page.get_by_label("Role of Samir Haddad")).to_have_value("builder")
    await page.get_by_label("Role of Samir Haddad").select_option("lead")
    await expect(page.get_by_text("Changed Samir Haddad.").first).to_be_attached()
    await noor.picture("people")

    samir = await office.seat()
    await samir.open(f"/link/{link.rsplit('/', 1)[1]}")
    await samir.page.get_by_label("New password").fill(PASSWORD)
    await samir.page.get_by_role("button", name="Set password").click()
    await expect(samir.page.get_by_role("button", name="Samir Haddad")).to_be_visible()

    await page.get_by_role("button", name="New link for Samir Haddad").click()
    await expect(page.get_by_role("dialog", name="A new link for Samir")).to_be_visible()
    assert await page.get_by_label("One-time link").input_value() != link
    await noor.picture("new-link")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_a_long_conversation_shows_its_end_and_what_was_said_earlier_on_demand(
    office: Office, ines: Customer
) -> None:
    name = (await ines.ask("How many seats?"))["conversation_id"]
    await office.company.house.store.write(talk_on, name, 450)
    maya = await office.maya()
    page = maya.page
    await maya.open(f"/inbox/all/{name}")
    await expect(page.get_by_text("Message 450", exact=True)).to_be_visible()

    await page.get_by_role("button", name="Earlier messages").click()
    await expect(page.get_by_text("Message 250", exact=True)).to_be_attached()
    await page.get_by_role("button", name="Earlier messages").click()

    await expect(page.get_by_text("How many seats?").first).to_be_attached()
    await expect(page.get_by_role("button", name="Earlier messages")).to_have_count(0)
    for number in (1, 250, 251, 450):
        await expect(page.get_by_text(f"Message {number}", exact=True)).to_have_count(1)
    await maya.picture("long")


async def _ask_for_a_person(customer: Customer) -> str:
    """In the one conversation that the customer has."""
    response = await customer.http.get("/chat/conversations", headers=customer.headers)
    (row,) = response.json()
    asked = await customer.http.post(f"/chat/conversations/{row['id']}/person", headers=customer.headers)
    assert asked.status_code == 202, asked.text
    conversation: str = row["id"]
    return conversation


async def test_the_queue_begins_with_who_waits_longest_and_says_the_whole_reason(
    company: Company, office: Office, ines: Customer
) -> None:
    maya = await office.maya()
    queue = maya.page.get_by_role("list", name="Conversations").get_by_role("link")
    conversation = (await ines.ask(LLAMAS))["conversation_id"]
    await expect(queue).to_have_count(1)
    await (await company.customer("Tobias Lindqvist")).ask(LLAMAS)
    await expect(queue).to_have_count(2)

    await ines.send("Are you still there?", conversation=conversation)

    await expect(queue.last).to_contain_text("Tobias Lindqvist")
    await expect(queue.first).to_contain_text("Ines Carvalho")
    detail = await (await maya.page.request.get(f"{company.address}/api/conversations/{conversation}")).json()
    words = queue.first.locator(".meta > span").last
    await expect(words).to_have_text(detail["handoffs"][0]["reason"])
    assert await words.evaluate("words => words.scrollWidth <= words.closest('.meta').clientWidth")
    boxes = [await row.bounding_box() for row in await queue.all()]
    assert all(boxes)
    assert boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"] + 1  # type: ignore[index]
    await maya.picture("queue")


LOSES_NOTHING = """() => {
  const focused = document.activeElement;
  if (focused === document.body) return null;
  const around = [focused, focused.parentElement, focused.closest('form') ?? focused];
  const look = ({ boxShadow, outlineStyle, backgroundColor }) => [boxShadow, outlineStyle, backgroundColor].join();
  const looks = () => around.map((element) => look(getComputedStyle(element))).join();
  const before = looks();
  focused.blur();
  const after = looks();
  focused.focus({ focusVisible: true });
  return before === after ? focused.outerHTML.slice(0, 120) : '';
}"""


async def test_whatever_has_the_focus_shows_it(office: Office, ines: Customer) -> None:
    conversation = (await ines.ask(LLAMAS))["conversation_id"]
    maya = await office.maya(role="admin")
    page = maya.page
    for path, sign in (
        (f"/inbox/needs-you/{conversation}", "A person is needed"),
        ("/knowledge/sources", "Import site"),
        ("/people", "maya@ledgerly.example"),
    ):
        await maya.open(path)
        await expect(page.get_by_text(sign).first).to_be_visible()
        unseen: list[str] = []
        while (lost := await _tab(page)) is not None:
            unseen.append(lost)
        assert len(unseen) > 10, "the keyboard has been everywhere"
        assert [lost for lost in unseen if lost] == [], path


async def _tab(page: Page) -> str | None:
    """Goes on with Tab; gives what has the focus without showing it, if it does not, and nothing at the end."""
    await page.keyboard.press("Tab")
    lost: str | None = await page.evaluate(LOSES_NOTHING)
    return lost
