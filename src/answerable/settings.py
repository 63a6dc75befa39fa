"""The one place that reads the environment and `answerable.toml`."""

import contextlib
import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import unquote

import msgspec
from msgspec import Meta, Struct
from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from answerable.domain.errors import Fault, Faulty, Invalid, Unavailable
from answerable.domain.page_heads import Path as Place
from answerable.domain.page_heads import in_words
from answerable.domain.webhooks import WebhookKind
from answerable.people.letters import Security

WORKSPACE_FILE = "answerable.toml"
DEFAULT_MODEL = "gpt-5-mini"
"""Used when a key is given and no model is named."""

_WEB_ADDRESS = r"^https?://[^\s/?#@]+([/?][^\s#]*)?$"
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_LINE_OF_TOML = re.compile(r"\(at line (\d+)")
_TABLE = re.compile(r"[ \t]*(\[\[?)[ \t]*([^\]\n]+?)[ \t]*\]")
_KEY = re.compile(r"[ \t]*[\"']?([\w-]+)[\"']?[ \t]*=")


class Environment(BaseSettings):
    """What the environment says. Every name begins with ANSWERABLE_, but for the ones that the field has agreed on."""

    model_config = SettingsConfigDict(env_prefix="ANSWERABLE_", env_file=".env", extra="ignore", populate_by_name=True)

    data: Path = Path(".answerable")
    """The folder of the embedded database and of what the program keeps."""
    workspace: Path | None = None
    """The folder of the company's workspace; the demo company's if there is none."""
    database: str | None = None
    """`postgresql://…`; a SQLite file in the data folder if there is none."""
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=1, le=65535)
    address: str | None = None
    """Where people reach the program, if not at host and port: `https://support.example.com`."""
    secret: SecretStr | None = None
    """Signs CSRF cookies and codes; kept in the data folder if there is none. Give the same to every machine."""
    admin_email: str = "admin@localhost"
    admin_name: str = "Admin"
    model: str | None = None
    """`embedded`, or the name of a language model."""
    embedder: str = "minilm"
    """`minilm` (English, built in), `multilingual` (an extra), or the name of a model at the endpoint."""
    model_wire: Literal["auto", "responses", "chat_completions"] = "auto"
    identity_keys: Path | None = None
    """A file with the keys by which the host page's server signs who is in front of it: a JWK Set (RFC 7517)."""
    smtp_host: str | None = None
    """The mail server that takes our letters; without one none are sent."""
    smtp_port: int | None = Field(None, ge=1, le=65535)
    smtp_security: Security = "starttls"
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_from: str | None = None
    """Who the letters come from: `Ledgerly <help@ledgerly.example>`."""
    codes_an_hour_max: int = Field(200, ge=0)
    """One-time codes to all customers together."""
    messages_a_minute_max: int = Field(60, ge=0)
    customers_a_minute_max: int = Field(600, ge=0)
    actions: dict[str, SecretStr] = {}
    """What the workspace's actions need to know, such as keys, as a JSON object; over `[actions]` of the workspace."""
    allow_private_sites: bool = False
    """Whether imports may read addresses of the own network: for help centres on an intranet only."""
    webhook_secret: SecretStr | None = None
    """Signs webhooks: `whsec_` and 24 to 64 bytes in base64. Only needed where the workspace names addresses."""
    otlp_headers: SecretStr | None = None
    """Headers for the collector of traces, such as a key: `name=value,name=value`, with `%20` for a space."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    openai_api_key: SecretStr | None = Field(
        None, validation_alias=AliasChoices("openai_api_key", "ANSWERABLE_OPENAI_API_KEY", "OPENAI_API_KEY")
    )
    openai_base_url: str | None = Field(
        None, validation_alias=AliasChoices("openai_base_url", "ANSWERABLE_OPENAI_BASE_URL", "OPENAI_BASE_URL")
    )

    @property
    def sqlite_file(self) -> Path:
        """Where the embedded database is, or would be."""
        return (self.data / "answerable.sqlite").resolve()

    @property
    def database_address(self) -> str:
        """The address of the database."""
        return self.database or f"sqlite:///{self.sqlite_file}"


class Company(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who answers."""

    name: Annotated[str, Meta(min_length=1)]
    about: str = ""
    website: str | None = None


class SuggestionSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Questions to start with, on the pages whose path begins so; everywhere without a path."""

    path: str | None = None
    questions: list[str] = []


class ChatSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the widget shows before anything is said."""

    greeting: str = "How can we help?"
    ai_notice: str = (
        "You are talking to an AI agent. It answers from our help centre and names its sources. "
        "You can ask for a person at any time."
    )
    origins: list[str] = []
    """Sites, besides our own, whose pages may speak to the chat door; `*` for all."""
    suggestions: list[SuggestionSettings] = []


class PeopleSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When people are there, in a sentence."""

    notice: str = "A person answers as soon as one is free."


class IdentitySettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the identity tokens of the host page must say; nothing of the kind if it is left out."""

    audience: str | None = None
    """`aud`: who they are meant for."""
    issuer: str | None = None
    """`iss`: who made them."""


class SourceSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where articles come from, when the program starts: a folder, a .zip, a .jsonl file, or a site's address."""

    path: Annotated[str, Meta(min_length=1)]
    url: str | None = None
    """Where the articles stand outside; the help centre's own pages if there is none."""


class WebhookSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address that hears of what happens to actions."""

    url: Annotated[str, Meta(pattern=_WEB_ADDRESS, max_length=2000)]
    events: Annotated[tuple[WebhookKind, ...], Meta(min_length=1)] = get_args(WebhookKind)
    """Which of them; all if nothing is said."""
    private: bool = False
    """Whether the address may be in our own network, where anything may listen."""


class TraceSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where ended runs go as OpenTelemetry traces."""

    otlp: Annotated[str, Meta(pattern=_WEB_ADDRESS, max_length=2000)] | None = None
    """The collector's address, such as `https://otel.example.com/v1/traces`; they go nowhere if there is none."""
    content: bool = False
    """Whether it gets what customers wrote and were told, and what models and actions were asked and gave."""
    private: bool = False
    """Whether the address may be in our own network, where anything may listen."""


class ModelSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which model answers."""

    name: str | None = None
    temperature: float | None = None
    price_in: float | None = None
    """US dollars for a million tokens read; from the list of known prices if there is none."""
    price_out: float | None = None


class Workspace(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `answerable.toml` says. A word that is not known is refused, since it is most likely a slip."""

    company: Company
    chat: ChatSettings = ChatSettings()
    people: PeopleSettings = PeopleSettings()
    identity: IdentitySettings = IdentitySettings()
    model: ModelSettings = ModelSettings()
    sources: list[SourceSettings] = []
    webhooks: list[WebhookSettings] = []
    traces: TraceSettings = TraceSettings()
    actions: dict[str, str] = {}
    """What the actions of `actions/*.py` need to know, such as an address. Keys are better kept in the environment."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set, checked."""

    environment: Environment
    workspace: Workspace
    folder: Path
    """The workspace's folder."""
    actions: Mapping[str, str]
    """What the workspace's actions are given."""

    @property
    def database(self) -> str:
        """The address of the database."""
        return self.environment.database_address

    @property
    def jobs_database(self) -> str:
        """The address of the jobs' own records: beside the rows in PostgreSQL, in a file of their own with SQLite."""
        return self.environment.database or f"sqlite:///{(self.environment.data / 'jobs.sqlite').resolve()}"

    @property
    def address(self) -> str:
        """Where people reach the program."""
        shown = "127.0.0.1" if self.environment.host in ("0.0.0.0", "::") else self.environment.host  # noqa: S104
        return (self.environment.address or f"http://{shown}:{self.environment.port}").rstrip("/")

    @property
    def secure(self) -> bool:
        """Whether browsers come by HTTPS."""
        return self.address.startswith("https://")

    @property
    def model(self) -> str:
        """`embedded`, or the name of a language model: a key or an endpoint is enough to ask for one."""
        named = self.environment.model or self.workspace.model.name
        if named:
            return named
        return DEFAULT_MODEL if self.environment.openai_api_key or self.environment.openai_base_url else "embedded"

    @property
    def otlp_headers(self) -> dict[str, str]:
        """Headers for the collector of traces. Raises Invalid without telling what is in them."""
        given = self.environment.otlp_headers
        pairs = [each.partition("=") for each in given.get_secret_value().split(",") if each.strip()] if given else []
        headers = {name.strip().lower(): unquote(value.strip()) for name, _, value in pairs}
        if not all(
            _HEADER_NAME.fullmatch(name) and value and value.isascii() and value.isprintable()
            for name, value in headers.items()
        ):
            raise Invalid(
                "ANSWERABLE_OTLP_HEADERS cannot be used. Write name=value, with a comma between two of them, and %20"
                " for a space: authorization=Bearer%20abc."
            )
        return headers

    @property
    def is_demo(self) -> bool:
        """Whether it is the demo company that answers."""
        return self.environment.workspace is None

    @property
    def writes_letters(self) -> bool:
        """Whether letters go into a folder, so that the demo can be tried without a mail server."""
        return self.is_demo and self.environment.smtp_host is None

    @property
    def letters(self) -> Path:
        """Where the demo puts the letters that no mail server takes."""
        return self.environment.data / "outbox"

    @property
    def demo_keys(self) -> Path:
        """Where the demo keeps the key that its own pages sign with."""
        return self.environment.data / "demo_identity.json"

    @property
    def identity_keys(self) -> Path | None:
        """The file with the JWK Set of the host's keys; the demo's own if none is named."""
        own = self.demo_keys if self.is_demo and self.demo_keys.exists() else None
        return self.environment.identity_keys or own

    def secret(self) -> str:
        """What signs CSRF cookies; made once and kept."""
        if self.environment.secret:
            return self.environment.secret.get_secret_value()
        kept = self.environment.data / "secret"
        if not kept.exists():
            # Whole or not there: an empty secret would sign everything.
            fresh = kept.with_name(f"secret.{os.getpid()}")
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_hex(32))
            with contextlib.suppress(FileExistsError):
                os.link(fresh, kept)
            fresh.unlink()
        secret = kept.read_text().strip()
        if not secret:
            raise Invalid(f"The file {kept} is empty. Delete it; a new one is made at the next start.")
        return secret


def read_settings(demo_workspace: Path, **given: Any) -> Settings:
    """Everything that can be set: from the command line, the environment, `.env` and the workspace, in that order.

    Raises Invalid with a sentence that names what is wrong, Unavailable if the data folder cannot be made.
    """
    environment = read_environment(**given)
    folder = environment.workspace or demo_workspace
    try:
        environment.data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"The data folder {environment.data} cannot be made: {error.strerror}. Set ANSWERABLE_DATA to another one."
        ) from error
    workspace = read_workspace(folder)
    keys = {name: value.get_secret_value() for name, value in environment.actions.items()}
    return Settings(environment, workspace, folder, actions={**workspace.actions, **keys})


def read_environment(**given: Any) -> Environment:
    """What the command line, the environment and `.env` say. Raises Invalid with what is wrong."""
    try:
        return Environment(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        wrong = error.errors()[0]
        name = "_".join(str(part) for part in wrong["loc"])
        raise Invalid(f"The setting ANSWERABLE_{name.upper()} cannot be used: {wrong['msg']}.") from error


def read_workspace(folder: Path) -> Workspace:
    """What the workspace says. Raises Faulty with file and line, or Invalid if there is none."""
    file = folder / WORKSPACE_FILE
    try:
        text = file.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except FileNotFoundError as error:
        raise Invalid(
            f"There is no {WORKSPACE_FILE} in {folder}. Make one, or leave ANSWERABLE_WORKSPACE out."
        ) from error
    except tomllib.TOMLDecodeError as error:
        at = _LINE_OF_TOML.search(str(error))
        raise Faulty(
            Fault(str(file), int(at[1]) if at else len(text.splitlines()), f"This is not valid TOML: {error}.")
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise Faulty(Fault(str(file), 1, f"It cannot be read: {error}.")) from error
    try:
        return msgspec.convert(content, Workspace, strict=True)
    except msgspec.ValidationError as error:
        says, place = in_words(error, Workspace)
        unknown = re.search("“(.+)”", says) if "unknown field" in says else None
        line = _line_in_toml(text, (*place, unknown[1]) if unknown else place)
        raise Faulty(Fault(str(file), line, says)) from error


def _line_in_toml(text: str, place: Place) -> int:
    """The line of a value, or of the nearest table around it."""
    counted: dict[str, int] = {}
    table: Place = ()
    best, line = 0, 1
    for number, written in enumerate(text.splitlines(), 1):
        if head := _TABLE.match(written):
            table = tuple(part.strip(" \"'") for part in head[2].split("."))
            if head[1] == "[[":
                counted[head[2]] = counted.get(head[2], -1) + 1
                table = (*table, counted[head[2]])
            here = table
        elif key := _KEY.match(written):
            here = (*table, key[1])
        else:
            continue
        if len(here) > best and place[: len(here)] == here:
            best, line = len(here), number
    return line
