"""Turns what an installer printed into one sentence that says what to do."""

import re
from pathlib import Path

WRONG_USE = 2
VENV_MISSING = 11
REGISTRY_UNREACHABLE = 12
HASH_MISMATCH = 13
DISK_FULL = 14
WHEEL_MISSING = 15
FRONT_END_FAILED = 16
NOT_WRITABLE = 17
OTHER = 1

_DISK_FULL = re.compile(r"no space left on device|\bENOSPC\b|disk quota exceeded|not enough space", re.IGNORECASE)
_NOT_WRITABLE = re.compile(r"permission denied|read-only file system|\bEACCES\b|\bEROFS\b", re.IGNORECASE)
_HASH_MISMATCH = re.compile(r"hash mismatch|do not match the hashes|\bEINTEGRITY\b", re.IGNORECASE)
_UNREACHABLE = re.compile(
    r"dns error|name resolution|name or service not known|failed to lookup address|connection refused|connection reset"
    r"|network is unreachable|no route to host|timed? ?out|could not connect|error sending request"
    r"|client error \(connect\)|failed to fetch|network was disabled"
    r"|newconnectionerror|max retries exceeded|retrying \(retry|proxyerror|sslerror|certificate|network connectivity"
    r"|\bENOTFOUND\b|\bECONNREFUSED\b|\bECONNRESET\b|\bEAI_AGAIN\b|\bETIMEDOUT\b|\bERR_SOCKET_TIMEOUT\b",
    re.IGNORECASE,
)
_NO_WHEEL = re.compile(
    r"no matching distribution found for (?P<pip>\S+)"
    r"|(?P<uv>[A-Za-z0-9._-]+)==\S+ has no (?:usable )?wheels"
    r"|distribution `(?P<built>[^`]+)` .*(?:wheel|platform)"
    r"|building source distributions? (?:for|of) `?(?P<source>[A-Za-z0-9._-]+)`? is disabled",
    re.IGNORECASE,
)


class Trouble(Exception):
    """Something that only the person at the keyboard can put right.

    `output` is what the program that failed printed; its last lines are shown below the sentence.
    """

    def __init__(self, sentence: str, exit_code: int = OTHER, output: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.exit_code = exit_code
        self.output = output

    def __str__(self) -> str:
        tail = "\n".join(f"    {line}" for line in self.output.strip().splitlines()[-25:])
        return f"{self.sentence}\n{tail}" if tail else self.sentence


def explain(output: str, *, doing: str, folder: Path) -> Trouble:
    """Say in one sentence why a step of the installation failed, judged by what its program printed."""
    if _DISK_FULL.search(output):
        return Trouble(
            f"The disk is full: {doing} needs about 1 GB free in {folder} and in the temporary folder. "
            "Make room and run the same command again.",
            DISK_FULL,
        )
    if _HASH_MISMATCH.search(output):
        return Trouble(
            f"A downloaded file is not the one that our lock names, so {doing} was stopped. Clear the download cache "
            "(`rm -rf ~/.cache/uv ~/.cache/pip`) and try again; if it happens again, the registry serves changed "
            "files: tell its owner, and do not install them.",
            HASH_MISMATCH,
            output,
        )
    if _UNREACHABLE.search(output):
        return Trouble(
            f"No package registry could be reached, so {doing} is not possible. Check the network, or set "
            "PIP_INDEX_URL and UV_DEFAULT_INDEX (for the screens: npm's `registry`) to a mirror that you can reach.",
            REGISTRY_UNREACHABLE,
            output,
        )
    if missing := _NO_WHEEL.search(output):
        package = next(name for name in missing.groups() if name)
        return Trouble(
            f"There is no ready-made wheel of {package} for this system and this Python, and nothing is compiled here. "
            "Use CPython 3.11 to 3.13 on Linux (x86-64 or ARM, glibc 2.28 or newer) or on macOS.",
            WHEEL_MISSING,
            output,
        )
    if _NOT_WRITABLE.search(output):
        return Trouble(
            f"{folder} cannot be written: make it yours (`chown`) or copy it elsewhere.", NOT_WRITABLE, output
        )
    return Trouble(f"{doing[:1].upper()}{doing[1:]} failed.", OTHER, output)
