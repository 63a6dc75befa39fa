"""The record of every step of a run: trace, replay and checkpoint in one."""

from answerable.traces.ledger import Ledger, Step

__all__ = ["Ledger", "Step"]
