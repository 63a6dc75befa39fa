"""The commands of `./dev`."""

import argparse
import os
import sys
from collections.abc import Callable

from tools.environment import BIN, EVERY_CORE, ROOT, prepare, say
from tools.trouble import WRONG_USE, Trouble, explain

USAGE = """\
./dev start [options of `answerable start`]   install what is missing, then start everything
./dev test  [options of pytest]               install what tests need, then run them
./dev check [--fast]                          check everything; --fast leaves out the tests
./dev setup [--dev]                           install only; --dev also what tests and checks need
./dev lock  [--upgrade]                       write requirements/*.lock anew from pyproject.toml
./dev pictures                                take the pictures of the console in docs/pictures anew
"""


def main(arguments: list[str]) -> int:
    """Run one command; gives its exit code."""
    commands = {
        "start": _start,
        "test": _test,
        "check": _check,
        "setup": _setup,
        "lock": _lock,
        "pictures": _pictures,
    }
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(USAGE, end="")
        return 0 if arguments else WRONG_USE
    if arguments[0] not in commands:
        say(f"There is no command {arguments[0]!r}. There are:\n{USAGE}")
        return WRONG_USE
    try:
        return _explaining(commands[arguments[0]], arguments)
    except Trouble as trouble:
        say(str(trouble))
        return trouble.exit_code
    except KeyboardInterrupt:
        return 130


def _explaining(command: Callable[[list[str]], int], arguments: list[str]) -> int:
    """A full disk or a folder of somebody else's can also stop us ourselves, not only the programs that we run."""
    try:
        return command(arguments[1:])
    except OSError as error:
        raise explain(str(error), doing=f"`./dev {arguments[0]}`", folder=ROOT) from error


def _start(arguments: list[str]) -> int:
    prepare("runtime")
    return _become("answerable", "start", *arguments)


def _test(arguments: list[str]) -> int:
    prepare("dev")
    return _become("pytest", *(arguments or EVERY_CORE))


def _check(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev check", description="Check everything.")
    parser.add_argument("--fast", action="store_true", help="leave out the tests")
    options = parser.parse_args(arguments)
    prepare("dev", keep_node_modules=True)

    from tools.checks import check_everything

    return check_everything(with_tests=not options.fast)


def _setup(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev setup", description="Install into .venv, and start nothing.")
    parser.add_argument("--dev", action="store_true", help="also what tests and checks need")
    options = parser.parse_args(arguments)
    prepare("dev" if options.dev else "runtime", keep_node_modules=options.dev)
    return 0


def _lock(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev lock", description="Write the locks anew.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    options = parser.parse_args(arguments)

    from tools.locks import renew

    renew(upgrade=options.upgrade)
    return 0


def _pictures(arguments: list[str]) -> int:
    argparse.ArgumentParser(prog="./dev pictures", description="Take the pictures of the console.").parse_args(
        arguments
    )
    prepare("dev")
    return _become("python", "-m", "tools.pictures")


def _become(program: str, *arguments: str) -> int:
    """Put the program in our place, so that signals and the terminal are its own."""
    sys.stdout.flush()
    os.chdir(ROOT)
    path = str(BIN / program)
    # What the packages compile to is kept, whatever the machine's habit: without it each start takes seconds longer.
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    os.execve(path, [path, *arguments], environ)
