"""How the process is set up to hold many conversations: a fast event loop, threads that take turns, little memory."""

import asyncio
import ctypes
import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Python's 5 ms are what the writer of the database would wait for the event loop after every single statement.
SWITCH_SECONDS = 0.0005
# glibc gives every thread a heap of its own, and what one of them has let go of no other can use.
HEAPS_MAX = 2
# Memory for what is larger is given back when it is let go of. Left alone, glibc raises this up to 32 MB, and an import
# of sixty articles then takes 635 MB at its height in place of 430.
MAPPED_BYTES_MIN = 128 * 1024
# So many new objects before Python looks for rings among them.
GARBAGE_THRESHOLD = 20_000

_M_ARENA_MAX = -8
_M_MMAP_THRESHOLD = -3


def tune() -> None:
    """Once, before threads are started."""
    sys.setswitchinterval(SWITCH_SECONDS)
    _call("mallopt", _M_ARENA_MAX, HEAPS_MAX)
    _call("mallopt", _M_MMAP_THRESHOLD, MAPPED_BYTES_MIN)


@contextmanager
def importing() -> Iterator[None]:
    """While modules are imported what is made stays: looking for garbage would take a sixth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def settle() -> None:
    """Once everything that stays is there: it is no garbage, and what was needed to get it is given back."""
    gc.collect()
    # Hundreds of thousands of objects of imported modules would be looked through again and again.
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)
    _call("malloc_trim", 0)


def event_loop() -> Callable[[], asyncio.AbstractEventLoop]:
    """What makes the fastest event loop that there is for this system."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def _call(name: str, *numbers: int) -> None:
    """Calls a function of glibc; other systems do without."""
    if sys.platform == "linux":
        function = getattr(ctypes.CDLL(None), name, None)
        if function is not None:
            function(*numbers)
