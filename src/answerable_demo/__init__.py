"""The demo company, Ledgerly: its workspace, its people, its back office, its site and its past conversations."""

from pathlib import Path

WORKSPACE = Path(__file__).parent / "workspace"
"""The folder that the program loads on a first start."""

SITE = Path(__file__).parent / "site"
"""The pages of the company, with the chat on them."""
