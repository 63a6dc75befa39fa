"""Writes past conversations out of the material: the same seed and number give the same script, whatever the count."""

import random
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from answerable_demo import WORKSPACE
from answerable_demo.cast import Customer, Rep, the_cast
from answerable_demo.history.script import AsksForPerson, Ending, Kind, RepHandles, Says, Script, Step

MATERIAL_FILE = Path(__file__).with_name("material.toml")

# How often each kind of conversation happens, of a hundred.
_KINDS: dict[Kind, int] = {
    "question": 59,
    "outside": 10,
    "person": 7,
    "angry": 7,
    "small_talk": 4,
    "not_helped": 9,
    "two_at_once": 4,
}
_VISITORS_SHARE = 0.15
_HANDLED_SHARE = 0.7
"""The part of conversations which come to a person that a rep has dealt with; the rest waits in the inbox."""

_STEPS_IN_SHARE = 0.06
"""The part in which a rep takes over although the agent has answered."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What people ask about one article, in one language."""

    slug: str
    language: str
    page: str
    often: int
    asks: tuple[str, ...]
    needs_rep: frozenset[str]
    """Those of `asks` that `rep` answers."""
    follow_ups: tuple[str, ...]
    rep: str


@cache
def material() -> dict[str, Any]:
    """The raw material."""
    return tomllib.loads(MATERIAL_FILE.read_text(encoding="utf-8"))


@cache
def topics() -> tuple[Topic, ...]:
    """Everything that people ask about."""
    return tuple(
        Topic(
            slug=row["slug"],
            language=row["language"],
            page=row["page"],
            often=row["often"],
            asks=(*row["asks"], *row["needs_rep"]),
            needs_rep=frozenset(row["needs_rep"]),
            follow_ups=tuple(row.get("follow_ups", ())),
            rep=row["rep"],
        )
        for row in material()["topics"]
    )


@cache
def titles() -> dict[str, str]:
    """The title of each article, by its name."""
    files = (WORKSPACE / "knowledge").glob("*.md")
    return {
        file.stem: str(yaml.safe_load(file.read_text(encoding="utf-8").split("---\n")[1])["title"]) for file in files
    }


def write_scripts(count: int, seed: int) -> list[Script]:
    """That many conversations; the ones that everybody knows from the screenshots come last, and so stay on top."""
    known = known_scripts(seed)[:count]
    return [_Writer(seed, number).script() for number in range(count - len(known))] + known


class _Writer:
    """Writes one conversation."""

    def __init__(self, seed: int, number: int) -> None:
        self.id = f"history-{seed}-{number:04d}"
        self.chance = random.Random(self.id)  # noqa: S311 (nothing here is secret)
        self.topic = self.chance.choices(topics(), [topic.often for topic in topics()])[0]
        self.customer = self._customer()
        self.first_ask = self.chance.choice(self.topic.asks)

    def script(self) -> Script:
        kind = self.chance.choices(list(_KINDS), list(_KINDS.values()))[0]
        if self.topic.language != "en" and kind in ("outside", "person", "angry", "small_talk", "not_helped"):
            kind = "question"
        steps = {
            "question": self._question,
            "outside": self._outside,
            "person": self._person,
            "angry": self._angry,
            "small_talk": self._small_talk,
            "not_helped": self._not_helped,
            "two_at_once": self._two_at_once,
        }[kind]()
        is_about_topic = kind in ("question", "angry", "not_helped", "two_at_once")
        return Script(
            id=self.id,
            kind=kind,
            customer_key=self.customer.key if self.customer else None,
            language=self.topic.language,
            topic=self.topic.slug if is_about_topic else None,
            page_title=_title(self.topic.page),
            page_path=_path(self.topic.page),
            steps=tuple(steps),
        )

    def _customer(self) -> Customer | None:
        if self.chance.random() < _VISITORS_SHARE:
            return None
        everybody = the_cast().customers
        speakers = [customer for customer in everybody if customer.language == self.topic.language]
        return self.chance.choice(speakers if self.topic.language != "en" and speakers else everybody)

    def _question(self) -> list[Step]:
        roll = self.chance.random()
        first = Says(self._worded(self._ask()), helpful=self._verdict(likely=0.85))
        steps: list[Step] = [first]
        if self.topic.follow_ups and roll < 0.35:
            steps.append(Says(self._worded(self.chance.choice(self.topic.follow_ups), alone=False)))
        if roll > 0.8 and self.topic.language == "en":
            steps.append(Says(self._pick("thanks")))
        return [*steps, self._handled()]

    def _outside(self) -> list[Step]:
        ask = Says(self._worded(self.chance.choice(material()["outside"]["asks"])), helpful=self._verdict(likely=0.3))
        return [ask, self._handled(material()["outside"]["rep"])]

    def _person(self) -> list[Step]:
        ask = Says(self.chance.choice(material()["person"]["asks"]))
        return [ask, AsksForPerson(), self._handled(material()["person"]["rep"])]

    def _angry(self) -> list[Step]:
        opening = self.chance.choice(material()["angry"]["openings"])
        ask = Says(f"{opening} {self._typos(self._ask())}", helpful=self._verdict(likely=0.4))
        steps: list[Step] = [ask]
        if self.chance.random() < 0.5:
            steps.append(AsksForPerson())
        return [*steps, self._handled(material()["angry"]["rep"])]

    def _small_talk(self) -> list[Step]:
        words = Says(self.chance.choice(material()["small_talk"]["asks"]))
        return [words, self._handled(material()["person"]["rep"])]

    def _not_helped(self) -> list[Step]:
        first = Says(self._worded(self._ask()), helpful=False)
        second = Says(self._pick("not_helped"))
        return [first, second, AsksForPerson(), self._handled()]

    def _two_at_once(self) -> list[Step]:
        first = Says(self._worded(self._ask()), waits=False)
        more = self.chance.choice(self.topic.follow_ups or self.topic.asks)
        return [first, Says(self._filled(more), helpful=self._verdict(likely=0.7)), self._handled()]

    def _handled(self, text: str | None = None) -> RepHandles:
        """What a rep does if it comes to one. Some conversations stay in the inbox; some are resolved for tidiness."""
        rep = self._rep()
        ending: Ending = self.chance.choices(("resolve", "hand_back", "leave"), (70, 10, 20))[0]
        if self.chance.random() > _HANDLED_SHARE:
            text, ending = "", "leave"
        words = self._filled(self._fitting() if text is None else text)
        words = words.replace("{rep}", rep.name.split()[0]).replace("{title}", titles().get(self.topic.slug, ""))
        steps_in = bool(words) and self.chance.random() < _STEPS_IN_SHARE
        return RepHandles(rep.email, words, ending, even_if_answered=steps_in)

    def _rep(self) -> Rep:
        reps = [rep for rep in the_cast().reps if rep.role != "admin"]
        speakers = [rep for rep in reps if self.topic.language in rep.languages]
        return self.chance.choice(speakers or reps)

    def _fitting(self) -> str:
        """The topic's own answer where it fits the question; else the article and an offer."""
        if self.first_ask in self.topic.needs_rep:
            return self.topic.rep
        offer: str = self.chance.choice(material()["general"]["reps"])
        return offer

    def _ask(self) -> str:
        return self._filled(self.first_ask)

    def _verdict(self, *, likely: float) -> bool | None:
        return None if self.chance.random() < 0.55 else self.chance.random() < likely

    def _worded(self, text: str, *, alone: bool = True) -> str:
        """As a person would type it: with or without greeting and thanks, in haste or with care."""
        text = self._typos(self._filled(text))
        if self.topic.language != "en" or not alone:
            return text
        if self.chance.random() < 0.3:
            text = self._pick("openers") + text
        return text + self._filled(self._pick("closers")) if self.chance.random() < 0.25 else text

    def _pick(self, what: str) -> str:
        words: str = self.chance.choice(material()[what]["words"])
        return words

    def _filled(self, text: str) -> str:
        if self.customer:
            name = self.customer.name.split()[0]
        else:
            name = "there" if self.topic.language == "en" else ""
            text = text if name else text.replace(" {name}", "")
        last_invoice = {"de": "die letzte Rechnung", "es": "la última factura"}
        invoice = "INV-2025-0317" if name == "Ines" else last_invoice.get(self.topic.language, "the last invoice")
        cents = self.chance.randint(120_00, 4800_00)
        amount = f"€{cents // 100:,}.{cents % 100:02d}"
        return text.replace("{name}", name).replace("{invoice}", invoice).replace("{amount}", amount)

    def _typos(self, text: str) -> str:
        if self.chance.random() < 0.2:
            text = text.lower()
        if self.chance.random() < 0.2:
            text = text.rstrip("?.!")
        if self.chance.random() < 0.25:
            words = text.split(" ")
            long_ones = [index for index, word in enumerate(words) if len(word) > 4 and word.isalpha()]
            if long_ones:
                index = self.chance.choice(long_ones)
                words[index] = _slip(words[index], self.chance)
            text = " ".join(words)
        return text


def _slip(word: str, chance: random.Random) -> str:
    """One slip of the finger, never on the first letter."""
    at = chance.randrange(1, len(word) - 1)
    return chance.choice(
        [
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
        ]
    )


def known_scripts(seed: int) -> list[Script]:
    """The conversations of the screenshots; nobody has dealt with them yet."""
    return [
        Script(
            id=f"history-{seed}-known-{row['customer']}",
            kind="known",
            customer_key=row["customer"],
            language=row["language"],
            topic=row["slug"],
            page_title=_title(row["page"]),
            page_path=_path(row["page"]),
            steps=(Says(row["text"]),),
        )
        for row in material()["known"]
    ]


def _title(page: str) -> str:
    return page.replace(" / ", " \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} ")


def _path(page: str) -> str:
    return "/app/" + page.lower().replace(" / ", "/").replace(" ", "-")
