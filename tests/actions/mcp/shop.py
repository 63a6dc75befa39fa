"""The shop that the tests of MCP tools act on: its server in a process, and the declarations of the tutorial."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from answerable.actions.asking import Request
from answerable.actions.boundary import Boundary
from answerable.actions.declaring import Action
from answerable.actions.loading import load_actions
from answerable.actions.mcp.pins import Definition, write_pins
from answerable.domain.actions import ActionCall, Check
from answerable.store import Store
from tests.actions.bank import Clock, asker, clause, euros, put_rules
from tests.actions.mcp.shop_server import Shop

SERVER = Path(__file__).with_name("shop_server.py")
TUTORIAL = Path(__file__).resolve().parents[3] / "docs" / "tutorials" / "actions.md"
KEY = "s3cret"
RULES = (
    clause("S-1", "allows", Check("days_since_order", at_most=14), applies_to=("refund_order",)),
    clause("S-2", "needs_approval", applies_to=("refund_order",), above={"EUR": "50.00"}),
)


@dataclass(frozen=True)
class Running:
    """The shop's server over HTTP, and what it has done."""

    shop: Shop
    url: str

    def forget(self) -> None:
        """As on its first day: two customers, an order each."""
        for table in ("orders", "refunds", "heard", "faults", "drifts"):
            self.shop.rows(f"delete from {table}")
        for order in (("ord_1", "ines@example.com"), ("ord_2", "bram@example.com")):
            self.shop.rows("insert into orders values (?, ?, '120.00', 'EUR', 3)", *order)

    def fails(self, tool: str, *kinds: str) -> None:
        """The next calls of a tool go wrong in these ways."""
        for kind in kinds:
            self.shop.rows("insert into faults values (?, ?)", tool, kind)

    def drifts(self, kind: str) -> None:
        """From now on it is another tool."""
        self.shop.rows("insert into drifts values (?)", kind)

    @property
    def refunds(self) -> list[Any]:
        return self.shop.rows("select order_id, email, amount, currency from refunds order by key")

    @property
    def keys(self) -> list[str]:
        return [key for (key,) in self.shop.rows("select key from refunds order by key")]

    def heard(self, tool: str) -> list[Any]:
        return self.shop.rows("select arguments, meta, authorization from heard where tool = ?", tool)


@contextmanager
def running_shop(folder: Path) -> Iterator[Running]:
    """The server over HTTP, in a process of its own."""
    shop = Shop(folder / "shop.db")
    command = [sys.executable, str(SERVER), str(shop.file), "http"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Running(shop, f"http://127.0.0.1:{int(process.stdout.readline())}/mcp")
        finally:
            process.kill()


def examples() -> dict[str, str]:
    """The files that the tutorial shows, by their names."""
    found = {}
    for token in MarkdownIt().parse(TUTORIAL.read_text("utf-8")):
        if token.type == "fence" and token.info == "python":
            name = token.content.partition("\n")[0].removeprefix("# actions/")
            found[name] = token.content
    return found


def declared_in(folder: Path, definitions: list[Definition], **other: str) -> dict[str, Action]:
    """The tutorial's actions of the shop, in a folder; `other` files beside or in place of them."""
    files = {name: text for name, text in examples().items() if name in ("_shop.py", "shop.py")}
    for name, text in {**files, **{f"{name}.py": text for name, text in other.items()}}.items():
        (folder / name).write_text(text, encoding="utf-8")
    write_pins(folder / "shop.tools.json", {each.name: each for each in definitions})
    return load_actions(folder)


class Counter:
    """The boundary, with one customer in front of it who has proved who they are."""

    def __init__(self, store: Store, declared: dict[str, Action], settings: dict[str, str], clock: Clock) -> None:
        self.store, self.declared, self.clock = store, declared, clock
        self.boundary = Boundary(store, declared, settings=settings, clock=clock)

    async def open(self, name: str = "ines") -> None:
        await put_rules(self.store, *RULES)
        self.customer, self.conversation_id = await asker(self.store, name)

    async def ask(self, action: str, arguments: Any, key: str = "t1", *, agreed: str | None = "a test") -> ActionCall:
        request = Request(key, action, arguments, self.customer.id, self.conversation_id, "agent", agreed=agreed)
        return await self.boundary.request(request)

    async def refund(self, amount: str = "20.00", key: str = "t1", order: str = "ord_1", **other: Any) -> ActionCall:
        return await self.ask("refund_order", {"order_id": order, "amount": euros(amount), **other}, key)
