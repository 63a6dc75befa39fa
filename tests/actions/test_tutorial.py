"""The action that the tutorial shows does what it says, against the demo company's back office."""

import re
from pathlib import Path

from answerable.actions.boundary import Boundary
from answerable.actions.loading import load_actions
from answerable.actions.policy_reading import policies_in
from answerable.store import Store, clauses
from tests.actions.bank import Clock
from tests.actions.company import Office, ask, someone
from tests.actions.mcp.shop import TUTORIAL, examples


async def test_the_tutorials_function_sends_an_invoice_once_and_only_to_its_own_customer(
    store: Store, office: Office, clock: Clock, tmp_path: Path
) -> None:
    for name in ("actions", "policies"):
        (tmp_path / name).mkdir()
    (tmp_path / "actions" / "invoices.py").write_text(examples()["invoices.py"])
    head = re.search(r"```yaml\n(---.*?---\n)```", TUTORIAL.read_text("utf-8"), re.DOTALL)
    assert head is not None
    (tmp_path / "policies" / "invoices.md").write_text(head[1])
    declared = load_actions(tmp_path / "actions")
    await store.write(clauses.put, policies_in(tmp_path / "policies", declared).clauses, clock())
    desk = Boundary(store, declared, settings=office.settings, clock=clock)
    wanted = {"invoice_number": "INV-2025-0317"}

    ines, tom = await someone(store, "ines"), await someone(store, "tom")
    await office.fails({"kind": "html", "when": "after", "route": "POST /invoices/*/send", "times": 1})
    call = await ask(desk, ines, "resend_invoice", wanted)
    others = await ask(desk, tom, "resend_invoice", wanted, key="t2")
    clock.at = clock.at.replace(minute=5)
    (after,) = await desk.look_after()

    assert (call.state, after.state, others.state) == ("unknown", "done", "refused")
    assert len(await office.at("/mails", customer_id="cus_ines")) == 1
