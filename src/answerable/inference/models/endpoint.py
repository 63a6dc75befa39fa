"""Where a language model is and how it is called: `Endpoint`, a frozen record that settings fill in."""

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from answerable.inference.models.prices import Price, price_of

EMBEDDED = "embedded"
"""The name of the model that needs no endpoint."""

OPENAI_URL = "https://api.openai.com/v1"

Wire = Literal["responses", "chat_completions", "auto"]
"""How the endpoint is spoken to. Auto: Responses, and chat completions where the endpoint does not know Responses."""


class Secret:
    """A text that never shows itself: not in repr, str, format, errors or logs."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself, for the one call that needs it."""
        return self._value

    def hide_in(self, text: str) -> str:
        """The text with the secret cut out of it, should it be there."""
        return text.replace(self._value, "***") if self._value else text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call may take and how often it is tried."""

    connect_seconds: float = 5
    first_token_seconds: float = 60
    """Until the first word, and between two pieces of an answer."""
    total_seconds: float = 180
    """For a call with all its tries and the waits between them."""
    tries: int = 4
    wait_seconds: float = 0.5
    """Before the second try; it doubles each time, less up to a half by chance."""
    wait_seconds_max: float = 20
    """No wait is longer, unless the endpoint names one (`Retry-After`) that still fits into the total."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model behind an OpenAI-compatible address, or the embedded one."""

    name: str = EMBEDDED
    """`embedded`, `openai/<model>`, or the model's own name, which may have slashes in it."""
    base_url: str = OPENAI_URL
    key: Secret | None = None
    wire: Wire = "auto"
    patience: Patience = field(default_factory=Patience)
    calls_at_once: int = 8
    """More calls wait for their turn."""
    temperature: float | None = None
    tokens_out_max: int | None = None
    own_price: Price | None = None
    """Overrides the list of prices."""

    @property
    def is_embedded(self) -> bool:
        """Whether no endpoint is called at all."""
        return self.name == EMBEDDED

    @property
    def model(self) -> str:
        """The model's name as the endpoint knows it."""
        return self.name.removeprefix("openai/")

    @property
    def host(self) -> str:
        """The endpoint's host and port, as people read it."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2] or self.base_url

    @property
    def is_openai(self) -> bool:
        """Whether it is OpenAI's own endpoint."""
        return urlsplit(self.base_url).hostname == urlsplit(OPENAI_URL).hostname

    @property
    def price(self) -> Price | None:
        """What its tokens cost; none where that is not known."""
        return self.own_price or (price_of(self.model) if self.is_openai else None)
