"""The only room that speaks SQL: tables, one file of queries per noun, migrations, and what differs between databases."""

from answerable.store.database import Store
from answerable.store.live import Live, Listener

__all__ = ["Listener", "Live", "Store"]
