"""What tokens cost: `price_of(model)` from a dated list, `cost_micros(usage)` in millionths of a US dollar."""

import re
import tomllib
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib import resources

from agents.usage import Usage


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens, which is also millionths of a dollar for one."""

    input: Decimal
    cached_input: Decimal
    output: Decimal

    def cost_micros(self, usage: Usage) -> int:
        """What a call cost, in millionths of a US dollar."""
        cached = min(usage.input_tokens_details.cached_tokens, usage.input_tokens)
        cost = (
            (usage.input_tokens - cached) * self.input + cached * self.cached_input + usage.output_tokens * self.output
        )
        return int(cost.to_integral_value(ROUND_HALF_UP))


@cache
def price_of(model: str) -> Price | None:
    """The price of a well-known model; none where the list does not have it."""
    for pattern, price in _prices():
        if pattern.fullmatch(model):
            return price
    return None


@cache
def _prices() -> tuple[tuple[re.Pattern[str], Price], ...]:
    content = tomllib.loads((resources.files(__package__) / "prices.toml").read_text("utf-8"))
    return tuple(
        (
            re.compile(each["pattern"]),
            Price(Decimal(each["input"]), Decimal(each["cached_input"]), Decimal(each["output"])),
        )
        for each in content["price"]
    )
