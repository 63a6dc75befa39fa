"""How our values are kept in columns, the same in both databases."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import DateTime, Dialect, Text, TypeDecorator
from sqlalchemy.types import TypeEngine

ISO_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


class Instant(TypeDecorator[datetime]):
    """A moment in UTC: `timestamptz` in PostgreSQL, RFC 3339 text with microseconds (which sorts) in SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Chooses the column's type."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuses a time that does not say its zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"A time without a zone cannot be kept: {value!r}.")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.strftime(ISO_FORMAT)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Gives the moment back in UTC."""
        if value is None or isinstance(value, datetime):
            return value.astimezone(UTC) if value else None
        return datetime.fromisoformat(value)


def encode_json(value: Any) -> str:
    """JSON as the JSON columns keep it. Both databases keep text, and text cannot hold U+0000 in PostgreSQL."""
    return msgspec.json.encode(value).decode().replace("\\u0000", "\\ufffd")


decode_json = msgspec.json.decode
