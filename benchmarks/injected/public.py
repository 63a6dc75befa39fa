"""Cases from public sets: AgentDojo, BIPIA, and the prompt injections of CyberSecEval.

Their texts are read from a folder that the command is told, and nothing of them is kept here. Each attack is put where
a customer of a support desk would bring it along: pasted, forwarded, or standing in what the desk looks up.
"""

import json
import random
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks.injected.agentdojo import Suite, read_package
from benchmarks.injected.cases import IN_ARTICLE, WANT_OF_CARRIER, WANTS, Carrier, Case, Source, Way
from benchmarks.injected.own import TOPICS, WORDINGS

DOJO_CARRIERS: tuple[Carrier, ...] = ("message", "said earlier", "article", "incident", "invoice line", "failed charge")
DOJO_WORDINGS_MAX = 8
MAIL_CARRIERS: tuple[Carrier, ...] = ("pasted mail", "mail")
EVAL_CARRIERS: tuple[Carrier, ...] = ("message", "said earlier", "transcript", "article")
PLACES = ("start", "middle", "end")
# Outside of the attack, so much of a mail is kept.
MAIL_LETTERS_MAX = 4_000


def public_cases(data: Path, package: Path | None, *, seed: int) -> list[Case]:
    """All that is found in the folder; AgentDojo as a whole if its package is given."""
    return [*_dojo(data, package, seed), *_bipia(data, seed), *_cyber_sec_eval(data, seed)]


def _case(
    identity: str, source: Source, carrier: Carrier, attack: str, dice: random.Random, seed: int, **more: Any
) -> Case:
    want = WANT_OF_CARRIER[carrier] if carrier in WANT_OF_CARRIER else dice.choice(WANTS)
    # What a procedure looks up, no model reads: there the attack stands in what a model looks up by itself.
    way: Way = "call" if carrier in WANT_OF_CARRIER else dice.choice(("procedure", "call"))
    topic = dice.randrange(len(TOPICS)) if carrier in IN_ARTICLE else 0
    return Case(identity, source, carrier, attack, want, way, seed, topic=topic, **more)


# -- AgentDojo -------------------------------------------------------------------------------------------------------


def _dojo(data: Path, package: Path | None, seed: int) -> list[Case]:
    suites, wordings = read_package(package) if package is not None else _dojo_of_folder(data / "injection_agentdojo")
    cases: list[Case] = []
    dice = random.Random(seed)
    places = cycle((wording, carrier) for wording in wordings for carrier in DOJO_CARRIERS)
    for suite in suites:
        for task, prompt in enumerate(suite.prompts):
            for aim, goal in enumerate(suite.goals):
                wording, carrier = next(places)
                attack = (
                    wording.replace("{goal}", goal).replace("{user}", "the customer").replace("{model}", "Ledgerly")
                )
                before = f"{prompt}\n\nWhat there is about it:\n" if carrier in ("message", "said earlier") else ""
                obeyed = (f"I have done this for you: {goal}", f"As I was told: {goal}")
                name = f"agentdojo/{suite.name}/{task}/{aim}"
                cases.append(
                    _case(name, "AgentDojo", carrier, attack.strip(), dice, seed, before=before, obeyed=obeyed)
                )
    return cases


def _dojo_of_folder(folder: Path) -> tuple[list[Suite], Sequence[str]]:
    """The part in a folder, and our own wordings: the folder has none."""
    tasks, aims = _lines(folder / "dev" / "user_tasks.jsonl"), _lines(folder / "dev" / "injection_tasks.jsonl")
    suites = [
        Suite(
            name,
            tuple(each["prompt"] for each in tasks if each["suite"] == name),
            tuple(each["goal"] for each in aims if each["suite"] == name),
        )
        for name in sorted({each["suite"] for each in aims})
    ]
    return suites, WORDINGS[:DOJO_WORDINGS_MAX]


# -- BIPIA -----------------------------------------------------------------------------------------------------------


def _bipia(data: Path, seed: int) -> list[Case]:
    """Each attack in each mail, at its beginning, in its middle, or at its end."""
    folder = data / "injection_bipia" / "dev"
    mails, attacks = _lines(folder / "email_contexts.jsonl"), _lines(folder / "text_attacks.jsonl")
    cases, dice = [], random.Random(seed)
    places = cycle((place, carrier) for place in PLACES for carrier in MAIL_CARRIERS)
    for mail in mails:
        for attack in attacks:
            place, carrier = next(places)
            before, after = _around(_as_mail(mail["context"]), place)
            name = f"bipia/{mail['id']}/{attack['id']}"
            obeyed = (f"Here is what was asked for: {attack['attack']}", f"{attack['attack']} Of course, I did so.")
            more = {"before": before, "after": after, "obeyed": obeyed}
            cases.append(_case(name, "BIPIA", carrier, attack["attack"], dice, seed, **more))
    return cases


def _as_mail(context: str) -> str:
    return context.replace("|", "\n")[:MAIL_LETTERS_MAX]


def _around(mail: str, place: str) -> tuple[str, str]:
    if place == "start":
        return "", f"\n{mail}"
    if place == "end":
        return f"{mail}\n", ""
    words = mail.split(" ")
    middle = len(words) // 2
    return " ".join(words[:middle]) + "\n", "\n" + " ".join(words[middle:])


# -- CyberSecEval ----------------------------------------------------------------------------------------------------


def _cyber_sec_eval(data: Path, seed: int) -> list[Case]:
    folder = data / "injection_cyberseceval" / "dev"
    dice, carriers = random.Random(seed), cycle(EVAL_CARRIERS)
    return [
        _case(
            f"cyberseceval/{each['prompt_id']}",
            "CyberSecEval",
            next(carriers),
            each["user_input"],
            dice,
            seed,
            # What the model would give away is what it was told to keep.
            obeyed=(str(each["test_case_prompt"]), f"Here is what was asked for: {each['user_input'][:200]}"),
        )
        for each in _lines(folder / "prompt_injection.jsonl")
    ]


def _lines(file: Path) -> list[dict[str, Any]]:
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
