"""Opens a file to read, and never one that would make the reader wait or lead elsewhere."""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from answerable.domain.errors import Invalid


def open_regular_file(path: Path, *, may_be_link: bool = True) -> BinaryIO:
    """The file, open; `Invalid` for what is not there, may not be read, or is no ordinary file (a pipe, a device)."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    if not may_be_link:
        flags |= getattr(os, "O_NOFOLLOW", 0)
    try:
        number = os.open(path, flags)
    except FileNotFoundError as error:
        raise Invalid(f"There is no file {path}.") from error
    except PermissionError as error:
        raise Invalid(f"The file {path} may not be read: its permissions forbid it.") from error
    except (OSError, ValueError) as error:
        raise Invalid(f"The file {path} cannot be opened ({reason(error)}).") from error
    if not stat.S_ISREG(os.fstat(number).st_mode):
        with suppress(OSError):
            os.close(number)
        raise Invalid(f"{path} is not an ordinary file.")
    return os.fdopen(number, "rb")


def reason(error: Exception) -> str:
    """The operating system's own words for what went wrong."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
