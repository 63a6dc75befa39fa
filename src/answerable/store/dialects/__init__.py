"""All that differs between the databases."""

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from answerable.domain.errors import Invalid
from answerable.store.dialects.dialect import Dialect
from answerable.store.dialects.postgres import Postgres
from answerable.store.dialects.sqlite import SQLite

__all__ = ["Dialect", "Postgres", "SQLite", "dialect_for"]


def dialect_for(url: str) -> Dialect:
    """The dialect that an address names: `sqlite:///…` or `postgresql://…`.

    Raises Invalid for any other address, Unavailable if a file's folder cannot be made.
    """
    try:
        make_url(url)
    except (ArgumentError, ValueError) as error:
        # Neither the address nor what is wrong with it is repeated: there may be a password in both.
        raise Invalid(
            "The database address cannot be read; write postgresql://name:password@host:5432/database, with %2F for a "
            "/ and %40 for an @ in the password, or sqlite:///path/to/file."
        ) from error
    if url.startswith("sqlite:"):
        return SQLite(url)
    if url.startswith(("postgresql:", "postgres:", "postgresql+psycopg:")):
        return Postgres(url)
    scheme = url.split(":", 1)[0]
    raise Invalid(
        f"The database address begins with '{scheme}:'; use sqlite:///path/to/file or postgresql://host/name."
    )
