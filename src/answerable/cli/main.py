"""`answerable`: the commands, and how an error ends."""

import logging
import sys
from pathlib import Path
from typing import Any

import rich_click as click

from answerable import __version__
from answerable.cli.tuning import importing
from answerable.domain.errors import AnswerableError

WRONG = 1
"""The command could not do what was asked; the sentence on stderr says why."""
TRY_AGAIN = 75
"""The same, but trying again may help (EX_TEMPFAIL of sysexits.h)."""

click.rich_click.USE_MARKDOWN = True


class Sentences(click.RichGroup):
    """Ends an error of ours in one sentence on stderr, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs a command."""
        try:
            return super().invoke(ctx)
        except AnswerableError as error:
            click.echo(str(error), err=True)
            sys.exit(TRY_AGAIN if error.may_help_to_retry else WRONG)


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.option("--data", type=click.Path(path_type=Path), help="The data folder; ANSWERABLE_DATA.")
@click.option("--workspace", type=click.Path(path_type=Path), help="The company's workspace; ANSWERABLE_WORKSPACE.")
@click.option("--database", help="`postgresql://…` instead of a file; ANSWERABLE_DATABASE.")
@click.pass_context
def main(ctx: click.Context, data: Path | None, workspace: Path | None, database: str | None) -> None:
    """Customer support that answers from your knowledge, with its sources, and knows when not to."""
    ctx.obj = {"data": data, "workspace": workspace, "database": database}
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    for chatty in ("alembic", "uvicorn", "httpx", "httpx2", "openai"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


@main.command()
@click.option("--host", help="Where to listen; 127.0.0.1.")
@click.option("--port", type=click.IntRange(1, 65535), help="Where to listen; 8080.")
@click.option("--history/--no-history", default=None, help="Whether to replay past conversations of the demo company.")
@click.pass_obj
def start(given: dict[str, Any], host: str | None, port: int | None, history: bool | None) -> None:
    """Start everything, and print the addresses."""
    with importing():
        from answerable.cli.start import start_everything

    start_everything({**given, "host": host, "port": port}, with_history=history)


@main.command()
@click.argument("question")
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON object on stdout.")
@click.option("--steps", is_flag=True, help="Show every step of how the answer came about.")
@click.pass_obj
def ask(given: dict[str, Any], question: str, as_json: bool, steps: bool) -> None:
    """Ask a question, as a customer would. It is kept like any conversation; what is handed off waits in the inbox."""
    with importing():
        from answerable.cli.ask import ask_question

    ask_question(given, question, as_json=as_json, steps=steps)


@main.command(name="import")
@click.argument("location")
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON object on stdout.")
@click.option("--allow-private", is_flag=True, help="Read a site of the own network.")
@click.pass_obj
def import_source(given: dict[str, Any], location: str, as_json: bool, allow_private: bool) -> None:
    """Import a folder, a .zip, a .jsonl file, or a site by its address. Again and again without duplicates."""
    with importing():
        from answerable.cli.importing import import_location

    import_location(given, location, as_json=as_json, allow_private=allow_private)


@main.command()
@click.argument("runs", nargs=-1)
@click.option(
    "--last", type=click.IntRange(1, 1_000_000), default=100, help="Without names: so many of the newest runs."
)
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON object a run on stdout.")
@click.pass_obj
def replay(given: dict[str, Any], runs: tuple[str, ...], last: int, as_json: bool) -> None:
    """Answer runs again from their recordings, and say where one comes to something else.

    RUNS are ids of runs, or files that `answerable recording` wrote. Nothing outside is asked, and nothing is kept.
    Ends with 1 if any is not equal.
    """
    with importing():
        from answerable.cli.replaying import replay_runs

    sys.exit(0 if replay_runs(given, runs, last=last, as_json=as_json) else WRONG)


@main.command()
@click.argument("run")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def recording(given: dict[str, Any], run: str, file: Path) -> None:
    """Write all that a run was to a FILE that can be replayed anywhere. It has the customer's words in it."""
    with importing():
        from answerable.cli.replaying import keep_recording

    keep_recording(given, run, file)


@main.command()
@click.argument("email")
@click.pass_obj
def link(given: dict[str, Any], email: str) -> None:
    """Print a new one-time sign-in link for a rep, whose older links stop working."""
    with importing():
        from answerable.cli.link import print_link

    print_link(given, email)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON object on stdout.")
@click.pass_obj
def status(given: dict[str, Any], as_json: bool) -> None:
    """Say how the program is doing."""
    with importing():
        from answerable.cli.status import show_status

    show_status(given, as_json=as_json)


@main.command()
@click.argument("workspace", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON object on stdout.")
@click.pass_obj
def lint(given: dict[str, Any], workspace: Path | None, as_json: bool) -> None:
    """Check a workspace: settings, actions, clauses of policies, procedures. Ends with 1 if anything is wrong."""
    with importing():
        from answerable.cli.linting import lint_workspace

    sys.exit(WRONG if lint_workspace(workspace, as_json=as_json, given=given) else 0)


@main.command()
@click.argument("server", required=False)
@click.argument("tool", required=False)
@click.option("--pin", "pins", is_flag=True, help="Keep the tool as it is now: from here on it must stay so.")
@click.option("--json", "as_json", is_flag=True, help="For programs: JSON on stdout.")
@click.pass_obj
def tools(given: dict[str, Any], server: str | None, tool: str | None, pins: bool, as_json: bool) -> None:
    """Look at the tools of the workspace's MCP servers, and pin them. Ends with 1 if one is not what was pinned."""
    with importing():
        from answerable.cli.tools import show_tools

    sys.exit(WRONG if show_tools(given, server, tool, pins=pins, as_json=as_json) else 0)


@main.group()
def traces() -> None:
    """What the agent did, step by step, for other programs."""


@traces.command()
@click.argument("file")
@click.option("--run", "run_id", help="Only this run.")
@click.option(
    "--since", help="Only runs that began at this time or later, such as 2026-11-24 or 2026-11-24T09:00+01:00."
)
@click.option("--until", help="Only runs that began before this time.")
@click.option(
    "--format", "encoding", type=click.Choice(["json", "protobuf"]), default="json", help="json, a run a line."
)
@click.option("--no-content", is_flag=True, help="Leave out what customers, models and actions said.")
@click.pass_obj
def export(given: dict[str, Any], /, file: str, encoding: str, no_content: bool, **wanted: str | None) -> None:
    """Write runs that have ended as OpenTelemetry traces (OTLP) to a file; `-` is standard output."""
    with importing():
        from answerable.cli.exporting import export_traces

    export_traces(given, file, as_json=encoding == "json", content=not no_content, **wanted)


@main.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("name", required=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench(name: str | None, arguments: tuple[str, ...]) -> None:
    """Run one of the benchmarks of a checkout; without a name, list them. Each explains itself with `NAME --help`."""
    with importing():
        from answerable.cli.bench import run_benchmark

    sys.exit(run_benchmark(name, arguments))
