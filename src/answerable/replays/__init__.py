"""Runs of before, answered again in a world that is connected to nothing."""

from answerable.replays.exact import Replay, Replayer

__all__ = ["Replay", "Replayer"]
