"""A company with three articles, its server, and a page of its own on another origin that lets nothing else run."""

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize

from tests.walks.company import skip_unless_built
from tests.widget.line import Line

ARTEFACTS = Path("test-artefacts/widget")
START_SECONDS = 60

WORKSPACE = """
[company]
name = "Ledgerly"

[chat]
greeting = "Hello, what can Ledgerly do for you?"
ai_notice = "You are talking to an AI. People help when needed."
origins = ["*"]

[[chat.suggestions]]
path = "/billing"
questions = ["Why was I charged twice?", "How long do refunds take?"]

[[chat.suggestions]]
questions = ["How do I invite my team?"]

[people]
notice = "People are here on weekdays."

[[sources]]
path = "knowledge"
"""

KNOWLEDGE = {
    "refunds.md": """# Refund times

A refund reaches your card within **3 to 5 business days** after it was approved.
""",
    "charged-twice.md": """# Charged twice

If you were charged twice for one invoice, the second charge is refunded within a day.
""",
    "invite.md": """# Invite your team

1. Open **Settings**, then **People**.
2. Press *Invite*.
3. Choose a role.
""",
}


@dataclass(frozen=True)
class Service:
    """The running program."""

    address: str
    sign_in_token: str


@dataclass(frozen=True)
class Host:
    """A customer's own site, on an origin of its own."""

    address: str


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The whole program on the embedded model, in a process of its own."""
    skip_unless_built("widget")
    folder = tmp_path_factory.mktemp("widget")
    knowledge = folder / "workspace" / "knowledge"
    knowledge.mkdir(parents=True)
    (folder / "workspace" / "answerable.toml").write_text(WORKSPACE)
    for name, text in KNOWLEDGE.items():
        (knowledge / name).write_text(text)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("ANSWERABLE_", "OPENAI_"))}
    environ |= {
        "ANSWERABLE_DATA": str(folder / "data"),
        "ANSWERABLE_WORKSPACE": str(folder / "workspace"),
        "ANSWERABLE_PORT": str(port),
        "ANSWERABLE_MODEL": "embedded",
        "ANSWERABLE_MESSAGES_A_MINUTE_MAX": "0",
        "ANSWERABLE_CUSTOMERS_A_MINUTE_MAX": "0",
    }
    log = folder / "log.txt"
    command = [sys.executable, "-c", "from answerable.cli import main; main()", "start", "--no-history"]
    with log.open("w") as output:
        process = subprocess.Popen(command, env=environ, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_until_alive(address, process, log)
        link = re.search(r"/console/link/(\S+)", log.read_text())
        assert link, log.read_text()
        yield Service(address=address, sign_in_token=link[1])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _wait_until_alive(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(START_SECONDS * 5):
        assert process.poll() is None, log.read_text()
        try:
            if httpx.get(f"{address}/healthz").is_success and "/console/link/" in log.read_text():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise AssertionError(log.read_text())


@dataclass(frozen=True)
class Rep:
    """A rep at her door."""

    client: httpx.AsyncClient

    async def take_over(self, conversation_id: str) -> str:
        """Takes a conversation, and gives her first name."""
        taken = await self._post(conversation_id, "take-over")
        return str(taken["row"]["assignee_name"]).split()[0]

    async def reply(self, conversation_id: str, text: str) -> None:
        """Says something."""
        await self._post(conversation_id, "reply", {"text": text})

    async def resolve(self, conversation_id: str) -> None:
        """Ends the episode."""
        await self._post(conversation_id, "resolve")

    async def _post(self, conversation_id: str, verb: str, content: dict[str, str] | None = None) -> dict[str, Any]:
        headers = {"Idempotency-Key": secrets.token_hex(8)}
        path = f"/api/conversations/{conversation_id}/{verb}"
        response = await self.client.post(path, json=content, headers=headers)
        assert response.is_success, response.text
        answer: dict[str, Any] = response.json()
        return answer


@pytest.fixture(scope="session")
def signed_in(service: Service) -> httpx.Cookies:
    """The cookies of the first admin, whose link works once."""
    with httpx.Client(base_url=service.address) as client:
        client.get("/api/me")
        token = {"x-csrftoken": client.cookies.get("csrftoken") or ""}
        asked = {"token": service.sign_in_token, "password": "correct horse battery"}
        answer = client.post("/api/sign-in/link", json=asked, headers=token)
        assert answer.is_success, answer.text
        return client.cookies


@pytest.fixture
async def rep(service: Service, signed_in: httpx.Cookies) -> AsyncIterator[Rep]:
    """A rep who is signed in."""
    headers = {"x-csrftoken": signed_in.get("csrftoken") or ""}
    async with httpx.AsyncClient(base_url=service.address, cookies=signed_in, headers=headers) as client:
        yield Rep(client)


@pytest.fixture(scope="session")
def host(service: Service) -> Iterator[Host]:
    """Serves any path; `?line=` names the address at which its widget reaches the server."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            line = next((part[5:] for part in query.split("&") if part.startswith("line=")), service.address)
            css, js = path == "/page.css", path == "/page.js"
            kind = "text/css" if css else "text/javascript" if js else "text/html; charset=utf-8"
            content = (PAGE_CSS if css else PAGE_JS if js else _page(service.address, line)).encode()
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Security-Policy", _policy(service.address, line))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Host(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()
    thread.join()


def _policy(server: str, line: str) -> str:
    return (
        f"default-src 'none'; img-src 'self'; script-src 'self' {server}; connect-src {line}; style-src 'self'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _page(server: str, line: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<title>Invoice INV-2025-0317</title>
<link rel="stylesheet" href="/page.css">
<script src="/page.js"></script>
<script src="{server}/widget/answerable.js" async></script>
</head>
<body>
<main>
<h1>Invoice INV-2025-0317</h1>
<p>Paid on 3 March 2025, Visa ending 4242.</p>
<button type="button" data-answerable-ask="Why was I charged twice?">Explain this charge</button>
</main>
<answerable-chat server="{line}" locale="en"></answerable-chat>
</body>
</html>"""


PAGE_CSS = """
:root { color-scheme: light dark; font: 16px/1.6 system-ui, sans-serif; background: light-dark(#f3f4f6, #111) }
body { margin: 0 }
main { max-width: 480px; margin: 56px; padding: 32px; border: 1px solid light-dark(#d6d9de, #333); border-radius: 12px;
  background: light-dark(#fff, #181818) }
@media (max-width: 640px) { main { margin: 16px; padding: 16px } }
"""

PAGE_JS = """
window.heard = [];
window.Answerable = window.Answerable || [];
for (const name of ["open", "close", "message", "unread"])
  window.Answerable.push(["on", name, (detail) => window.heard.push([name, detail])]);
"""


@pytest.fixture
async def line(service: Service) -> AsyncIterator[Line]:
    """A connection to the server that can be cut."""
    line = Line(service.address)
    await line.begin()
    yield line
    await line.end()


Visit = Callable[..., Awaitable[Page]]

DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture
async def visit(browser: Browser, host: Host) -> AsyncIterator[Visit]:
    """Opens the host's page in a fresh browser; afterwards nothing may have gone wrong in any page."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        # A cut connection is written to the console by the browser itself.
        if message.type == "error" and "net::ERR" not in message.text:
            wrong.append(message.text)

    async def open_page(
        path: str = "/billing/invoices", *, size: ViewportSize = DESKTOP, dark: bool = False, line: Line | None = None
    ) -> Page:
        context = await browser.new_context(
            viewport=size, color_scheme="dark" if dark else "light", device_scale_factor=2, has_touch=size is PHONE
        )
        contexts.append(context)
        page = await context.new_page()
        page.on("console", hear)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        await page.goto(f"{host.address}{path}" + (f"?line={line.address}" if line else ""))
        return page

    yield open_page
    for context in contexts:
        await context.close()
    assert not wrong
