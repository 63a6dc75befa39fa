"""The only room that speaks SQL: tables, one file of queries per noun, migrations, dialects."""

from answerable.store.database import Store
from answerable.store.live import Listener, Live

__all__ = ["Listener", "Live", "Store"]
