"""Loads the guidelines of ABCD's online shop as a workspace: `python benchmarks/abcd_policies.py DATA`.

DATA is the folder `abcd_policies` or the one that holds it: `dev/guidelines.json` and `dev/kb.json` of ABCD
(https://github.com/asappresearch/abcd, MIT). Each guideline becomes an article, each button of it is looked for among
the declared actions, and the rules that can be checked are clauses. The workspace is made in a temporary folder.
"""

import asyncio
import json
import re
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from answerable.cli.opening import opened, settings_for, workspace_importers
from answerable.domain.clock import now
from answerable.store import clauses
from answerable.wiring import import_sources

HERE = Path(__file__).parent / "abcd_world"
TOLD = {"Try Again", "Log Out/In", "Instructions"}
"""What the customer is told to do: words, not an action of ours."""
TALK = {"N/A", "End Conversation"}
SAME = {
    "enter_detail": "enter_details",
    **dict.fromkeys(("boots", "shirt", "jeans", "jacket", "pricing", "membership", "timing", "policy"), "search_faq"),
}
OF_KB = {
    "membership": "membership_privileges",
    "notify-team": "notify_internal_team",
    "select-faq": "select_answer",
}


def action_of(button: str) -> str:
    """The name that the action of a button has."""
    name = re.sub(r"[^a-z]+", "_", button.lower())
    return SAME.get(name, name)


def action_of_kb(name: str) -> str:
    """The same for the names that the list of required actions has."""
    return "search_faq" if name.startswith("search-") else OF_KB.get(name, name.replace("-", "_"))


def article_of(flow: str, name: str, guideline: dict[str, Any]) -> str:
    """A guideline as Markdown."""
    lines = [f"---\ntitle: {json.dumps(name)}\nkeywords: [{json.dumps(flow)}]\n---\n", f"# {name}\n"]
    lines += [f"{each}\n" for each in guideline["instructions"]]
    for step in guideline["actions"]:
        lines += [f"## {step['button'] if step['button'] != 'N/A' else 'Say'}\n", f"{step['text']}\n"]
        lines += [f"- {each}" for each in step["subtext"]]
        lines.append("")
    return "\n".join(lines)


def write_workspace(guidelines: dict[str, Any], folder: Path) -> int:
    """Writes it, and gives how many guidelines there are."""
    for name in ("knowledge", "policies", "actions"):
        (folder / name).mkdir(parents=True)
    count = 0
    for flow, content in guidelines.items():
        for name, guideline in content["subflows"].items():
            file = re.sub(r"[^a-z]+", "-", f"{flow} {name}".lower())
            (folder / "knowledge" / f"{file}.md").write_text(article_of(flow, name, guideline), encoding="utf-8")
            count += 1
    shutil.copy(HERE / "actions" / "buttons.py", folder / "actions" / "buttons.py")
    head = (HERE / "clauses.yaml").read_text(encoding="utf-8")
    (folder / "policies" / "guidelines.md").write_text(f"---\n{head}---\n\n# Guidelines for agents\n", encoding="utf-8")
    (folder / "answerable.toml").write_text(
        '[company]\nname = "ABCD"\nabout = "An online shop."\n\n[[sources]]\npath = "knowledge"\n', encoding="utf-8"
    )
    return count


async def load(guidelines: dict[str, Any]) -> dict[str, Any]:
    """What the program makes of it."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "workspace"
        count = write_workspace(guidelines, folder)
        async with opened(settings_for({"data": Path(temporary) / "data", "workspace": folder})) as house:
            (report,) = await import_sources(house, workspace_importers(house.settings))
            in_force = await house.store.read(clauses.in_force, now())
            return {
                "guidelines": count,
                "articles": report.new,
                "actions": set(house.boundary.declared),
                "clauses": len(in_force),
                "checks": sum(len(each.when) for each in in_force),
            }


def main() -> None:
    """Prints what has loaded, and what the steps map to."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    data = Path(sys.argv[1])
    data = data / "abcd_policies" if (data / "abcd_policies").is_dir() else data
    guidelines = json.loads((data / "dev" / "guidelines.json").read_text(encoding="utf-8"))
    required = json.loads((data / "dev" / "kb.json").read_text(encoding="utf-8"))
    loaded = asyncio.run(load(guidelines))
    print(f"guidelines {loaded['guidelines']}, loaded as articles {loaded['articles']}")
    print(f"actions declared {len(loaded['actions'])}, clauses {loaded['clauses']} with {loaded['checks']} checks")
    steps = [
        step["button"] for flow in guidelines.values() for each in flow["subflows"].values() for step in each["actions"]
    ]
    kinds = Counter(kind_of(button, loaded["actions"]) for button in steps)
    print(f"steps {len(steps)}: {', '.join(f'{kind} {count}' for kind, count in kinds.most_common())}")
    wanted = [name for names in required.values() for name in names]
    found = [name for name in wanted if action_of_kb(name) in loaded["actions"]]
    missing = Counter(name for name in wanted if action_of_kb(name) not in loaded["actions"])
    print(f"required actions {len(wanted)}, declared {len(found)}; not: {dict(missing)}")


def kind_of(button: str, declared: set[str]) -> str:
    """What a step is to us."""
    if action_of(button) in declared:
        return "a declared action"
    if button in TOLD:
        return "told to the customer"
    return "said" if button in TALK else f"not declared ({button})"


if __name__ == "__main__":
    main()
