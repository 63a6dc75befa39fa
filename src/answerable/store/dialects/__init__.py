"""All that differs between the databases."""

from answerable.store.dialects.dialect import Dialect
from answerable.store.dialects.postgres import Postgres
from answerable.store.dialects.sqlite import SQLite

__all__ = ["Dialect", "Postgres", "SQLite", "dialect_for"]


def dialect_for(url: str) -> Dialect:
    """The dialect that an address names: `sqlite:///…` or `postgresql://…`.

    Raises Invalid for any other address.
    """
    if url.startswith("sqlite:"):
        return SQLite(url)
    if url.startswith(("postgresql:", "postgres:", "postgresql+psycopg:")):
        return Postgres(url)
    from answerable.domain.errors import Invalid

    scheme = url.split(":", 1)[0]
    raise Invalid(
        f"The database address begins with '{scheme}:'; use sqlite:///path/to/file or postgresql://host/name."
    )
