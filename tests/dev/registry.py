"""A package registry on loopback, filled with what is installed here, and a checkout in small that installs from it."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import Distribution, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SYSTEM_PYTHON = Path(sys.executable).resolve()
BUILD_TOOLS = tuple(re.findall(r"^([a-z-]+)==", (ROOT / "requirements" / "build.lock").read_text(), re.MULTILINE))
# Stands in for everything the real product runs on.
RUNTIME = ("idna",)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        return


class _Server(ThreadingHTTPServer):
    # An installer that has seen enough hangs up; that is no news.
    def handle_error(self, *_: object) -> None:
        return


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder of `simple/<package>/` on loopback; gives the address of the index."""
    with _Server(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/simple"
        server.shutdown()


def fill(folder: Path) -> None:
    """Put wheels of uv, the build tools and the small runtime into a registry's folder."""
    for name in ("uv", *BUILD_TOOLS, *RUNTIME):
        if name == "uv":
            _publish_uv(folder)
        else:
            _publish(folder, distribution(name))


def lock(folder: Path, *names: str) -> str:
    """A hashed lock of these packages, as the registry has them."""
    lines = []
    for name in names:
        wheel = next((folder / "simple" / name).glob("*.whl"))
        lines.append(f"{name}=={wheel.name.split('-')[1]} --hash=sha256:{_sha256(wheel)}\n")
    return "".join(lines)


def _publish(folder: Path, package: Distribution) -> None:
    wheel = _wheel(folder, package.name, package.version, "py3-none-any")
    with zipfile.ZipFile(wheel, "w") as archive:
        for file in package.files or []:
            if (
                ".." not in file.parts
                and "__pycache__" not in file.parts
                and file.name not in ("INSTALLER", "REQUESTED")
            ):
                archive.write(file.locate(), str(file))


def _publish_uv(folder: Path) -> None:
    """The uv that is installed here as a wheel of its own."""
    program = ROOT / ".venv" / "bin" / "uv"
    info = "uv-1.0.dist-info"
    with zipfile.ZipFile(_wheel(folder, "uv", "1.0", "py3-none-any"), "w") as archive:
        archive.write(program, "uv-1.0.data/scripts/uv")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: uv\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(
            f"{info}/RECORD", f"uv-1.0.data/scripts/uv,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n"
        )


def _wheel(folder: Path, name: str, version: str, tag: str) -> Path:
    place = folder / "simple" / name
    place.mkdir(parents=True)
    wheel = place / f"{name.replace('-', '_')}-{version}-{tag}.whl"
    (place / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')
    return wheel


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    exit_code: int
    said: str
    """On standard error."""
    printed: str
    """On standard output."""


@dataclass(frozen=True)
class Checkout:
    """A copy of what `./dev` needs, with a program that prints its arguments in place of the product."""

    root: Path
    index: str

    def dev(self, *arguments: str, **environ: str) -> Ended:
        """Run `./dev` and wait for it."""
        with self.begin(*arguments, **environ) as process:
            printed, said = process.communicate()
        return Ended(process.returncode, said, printed)

    def begin(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        """Run `./dev` beside us, with no registry but ours and no cache but its own."""
        home = self.root / "home"
        clean = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": self.index,
            "PIP_RETRIES": "0",
            "UV_DEFAULT_INDEX": self.index,
            "UV_HTTP_RETRIES": "0",
            "UV_NO_CONFIG": "1",
        }
        command = [str(SYSTEM_PYTHON), str(self.root / "dev"), *arguments]
        return subprocess.Popen(
            command,
            env=clean | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )

    def installed(self) -> dict[str, str]:
        """What the environment remembers about itself."""
        remembered: dict[str, str] = json.loads((self.root / ".venv" / "answerable.json").read_text())
        return remembered


def make_checkout(root: Path, registry: Path, index: str) -> Checkout:
    """Lay out a checkout whose locks fit the registry."""
    shutil.copytree(ROOT / "tools", root / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("dev", "hatch_build.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, root / name)
    locks = {"runtime": RUNTIME, "dev": RUNTIME, "build": BUILD_TOOLS, "installer": ("uv",)}
    (root / "requirements").mkdir()
    for name, packages in locks.items():
        (root / "requirements" / f"{name}.lock").write_text(lock(registry, *packages))
    package = root / "src" / "answerable"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('__version__ = "0.1.0"\n')
    (package / "cli.py").write_text("import sys\n\n\ndef main() -> None:\n    print('ran', *sys.argv[1:])\n")
    return Checkout(root, index)
