"""Takes the pictures of the console in docs/pictures, in a demo of its own. Runs inside `.venv`: `./dev pictures`."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import httpx
from playwright.sync_api import Browser, Page, StorageState, sync_playwright

from answerable_demo.cast import the_cast
from answerable_demo.history.__main__ import DEFAULT_COUNT
from answerable_demo.history.keeping import Memory

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
# Debian's, as in the tests; never one that a tool downloaded.
CHROMIUM = "/usr/bin/chromium"
SECONDS_MAX = 180
POLL_SECONDS = 0.5
DESK, PHONE = (1440, 900), (390, 844)

Theme = Literal["light", "dark"]


@dataclass
class Chat:
    """A customer of the cast in front of the demo company's page."""

    http: httpx.Client
    key: str
    is_signed_in: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = the_cast().customer(self.key)
        attributes = {"company": known.company, "plan": known.plan.capitalize()}
        body = {"name": known.name, "email": known.email, "attributes": attributes}
        token = _json(self.http.post("/chat/customers", json=body))["token"]
        self.headers["Authorization"] = f"Bearer {token}"
        if self.is_signed_in:
            identity = _json(self.http.post(f"/demo-identity/{self.key}"))["token"]
            self.headers["Answerable-Identity"] = identity

    def says(self, *texts: str, page: tuple[str, str] = ("Ledgerly", "/app")) -> str:
        """Says one after the other in a new conversation, and reads each answer. Gives the conversation's id."""
        conversation: str | None = None
        for text in texts:
            content = {"text": text, "conversation_id": conversation, "page": {"title": page[0], "path": page[1]}}
            headers = self.headers | {"Idempotency-Key": uuid4().hex}
            received = _json(self.http.post("/chat/messages", json=content, headers=headers))
            conversation = str(received["conversation_id"])
            _until(partial(self._is_answered, conversation), f"the agent answers “{text}”")
        return str(conversation)

    def asks_for_a_person(self, conversation: str) -> None:
        """Presses the button."""
        _json(self.http.post(f"/chat/conversations/{conversation}/person", headers=self.headers))

    def _is_answered(self, conversation: str) -> bool:
        shown = _json(self.http.get(f"/chat/conversations/{conversation}", headers=self.headers))
        return not shown["agent_is_writing"] and shown["messages"][-1]["author"] != "customer"


@dataclass
class Desk:
    """Where reps of the demo sit down."""

    browser: Browser
    server: str
    passwords: dict[str, str]
    sessions: dict[str, StorageState] = field(default_factory=dict)

    def sits(self, name: str, *, size: tuple[int, int] = DESK, theme: Theme = "light") -> Page:
        """A window in which that rep is signed in."""
        window = self.browser.new_context(
            base_url=self.server,
            storage_state=self._session(name),
            viewport={"width": size[0], "height": size[1]},
            color_scheme=theme,
            reduced_motion="reduce",
            locale="en-GB",
        )
        return window.new_page()

    def _session(self, name: str) -> StorageState:
        """Signs in once for all windows; that cannot be done often in a minute, and the history just did."""
        if name not in self.sessions:
            window = self.browser.new_context(base_url=self.server)
            email = f"{name}@ledgerly.example"
            said = {"email": email, "password": self.passwords[email]}
            # Any safe request sets the cookie whose value every unsafe one must repeat.
            window.request.get("/api/me")
            headers = {"x-csrftoken": window.cookies()[0]["value"]}
            _until(lambda: window.request.post("/api/sign-in", data=said, headers=headers).ok, f"{name} is signed in")
            self.sessions[name] = window.storage_state()
            window.close()
        return self.sessions[name]


def main() -> int:
    """Starts a demo, brings it into what the pictures show, and takes all of them."""
    if not Path(CHROMIUM).exists():
        print(f"Pictures are taken with {CHROMIUM}, which is not installed (Debian: `apt install chromium`).")
        return 1
    with tempfile.TemporaryDirectory() as folder, _demo(Path(folder)) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        take_all(browser, server, Path(folder))
        browser.close()
    return 0


def take_all(browser: Browser, server: str, data: Path) -> None:
    """Takes every picture; each step leaves what the next one shows."""
    desk = Desk(browser, server, json.loads((data / "history" / "reps.json").read_text()))
    with httpx.Client(base_url=server, timeout=30) as http:
        _answered(desk, http)
        _handed_over(desk, http)
        _search(desk)
        _asked_by_a_rep(desk, http)
        _waiting_for_approval(desk, http)


def _answered(desk: Desk, http: httpx.Client) -> None:
    asked = Chat(http, "ines").says("How long do refunds take?", page=("Invoice INV-2025-0317", "/invoice"))
    for theme in ("light", "dark"):
        page = desk.sits("maya", theme=theme)
        page.goto(f"/console/inbox/waiting/{asked}")
        _shown(page, "every claim sourced", "Answered from Refunds to your card.")
        _take(page, f"console-{theme}")


def _handed_over(desk: Desk, http: httpx.Client) -> None:
    ines = Chat(http, "ines")
    asked = ines.says("How do I correct an invoice that I have already finalised?", page=("Invoices", "/app/invoices"))
    ines.asks_for_a_person(asked)
    page = desk.sits("maya")
    page.goto("/console/inbox/needs-you")
    # One that has waited for long, of the past conversations.
    page.get_by_role("region", name="Conversations").get_by_role("link").nth(1).click()
    _shown(page, "A person is needed", "Decision")
    _take(page, "console-inbox")
    page.goto(f"/console/inbox/all/{asked}")
    page.locator("summary", has_text="Retrieve").click()
    _shown(page, "A person is needed", "Lexical")
    _take(page, "console-trace")
    phone = desk.sits("maya", size=PHONE)
    phone.goto(f"/console/inbox/needs-you/{asked}")
    _shown(phone, "A person is needed", "Reply")
    _take(phone, "console-phone")


def _search(desk: Desk) -> None:
    page = desk.sits("maya")
    page.goto("/console/knowledge/search")
    page.get_by_role("searchbox").fill("my card was charged twice")
    _shown(page, "Confidence", "Why was I charged twice?")
    _take(page, "console-search")


def _asked_by_a_rep(desk: Desk, http: httpx.Client) -> None:
    """Tried only: the refund itself is asked for by its customer afterwards."""
    asked = Chat(http, "ines", is_signed_in=True).says(
        "My card was charged twice for INV-2025-0317", "I want to talk to a person"
    )
    for theme in ("light", "dark"):
        page = desk.sits("maya", theme=theme)
        page.goto(f"/console/inbox/all/{asked}?panel=act")
        panel = page.get_by_role("tabpanel", name="Act")
        if theme == "light":
            panel.get_by_role("button", name="Take over").click()
        panel.get_by_label("What shall be done?").select_option(label="Refund charge")
        panel.get_by_label("Charge id").fill("ch_fNq")
        panel.get_by_role("textbox", name="Amount").fill("84")
        panel.get_by_role("button", name="What would happen?").click()
        _shown(page, "Nothing has been done yet.")
        width, height = DESK
        _take(page, f"console-act-{theme}", clip={"x": 520, "y": 0, "width": width - 520, "height": height})


def _waiting_for_approval(desk: Desk, http: httpx.Client) -> None:
    Chat(http, "felix", is_signed_in=True).says("I signed up last week and want to withdraw", "yes")
    Chat(http, "ines", is_signed_in=True).says("I was charged twice, please give it back", "yes")
    # Only leads decide about as much as this.
    Chat(http, "declan", is_signed_in=True).says(
        "My yearly plan was renewed by mistake. Please give me the money back", "all of it", "yes"
    )
    page = desk.sits("jonas")
    page.goto("/console/approvals")
    _shown(page, "3 requests wait; 2 of them for you.", "€84.00")
    _take(page, "console-approvals")


def _shown(page: Page, *texts: str) -> None:
    for text in texts:
        page.get_by_text(text).locator("visible=true").first.wait_for()


def _take(page: Page, name: str, **options: Any) -> None:
    # Nothing is still on its way, and nothing has the focus, whose ring would be all that one sees.
    page.wait_for_function("() => !document.querySelector('.skeleton')")
    page.evaluate("() => { document.activeElement?.blur(); return document.fonts.ready; }")
    page.mouse.move(0, 0)
    page.screenshot(path=PICTURES / f"{name}.png", **options)
    print(f"docs/pictures/{name}.png", flush=True)


@contextmanager
def _demo(data: Path) -> Iterator[str]:
    """A demo that nobody else uses, with its past conversations; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = f"http://127.0.0.1:{port}"
    answerable = shutil.which("answerable", path=str(Path(sys.executable).parent)) or "answerable"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ANSWERABLE_")}
    command = [answerable, "--data", str(data), "start", "--port", str(port)]
    with subprocess.Popen(command, stdout=sys.stderr, env=environ) as process:
        try:
            _until((data / "history" / "reps.json").exists, "the demo starts")
            _until(
                lambda: len(Memory.of(data / "history").done) >= DEFAULT_COUNT, "the past conversations are replayed"
            )
            yield server
        finally:
            process.terminate()


def _until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SECONDS_MAX
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {SECONDS_MAX} s until {what}.")
        time.sleep(POLL_SECONDS)


def _json(response: httpx.Response) -> dict[str, Any]:
    response.raise_for_status()
    content: dict[str, Any] = response.json() if response.content else {}
    return content


if __name__ == "__main__":
    sys.exit(main())
