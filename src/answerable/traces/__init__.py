"""The record of every step of a run: trace, replay and checkpoint in one."""

from answerable.traces.ledger import Ledger
from answerable.traces.steps import Step, Steps

__all__ = ["Ledger", "Step", "Steps"]
