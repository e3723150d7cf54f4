"""The command line."""

import sys
import warnings
from typing import NoReturn

import typer

from orchestrator import signals
from orchestrator.commands.data import synth
from orchestrator.commands.grid import drill, plan, run, submit
from orchestrator.commands.results import export, report, status, verify
from orchestrator.commands.tagging import predict, submission
from orchestrator.commands.watch import watch
from orchestrator.monitoring.complaints import explain_failure

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Fill the results grid of staged training for audio tagging with noisy labels.",
)
for command in (
    run, plan, status, watch, report, verify, export, predict, submission, synth, submit, drill,
):  # fmt: skip
    app.command()(command)


def main(prefix: list[str] | None = None) -> NoReturn:
    """Run the command line; `prefix` are arguments that stand before the given ones."""
    with signals.caught():
        _run_command(prefix or [])


def _run_command(prefix: list[str]) -> NoReturn:
    warnings.filterwarnings("ignore", category=FutureWarning, module="ray")
    try:
        app([*prefix, *sys.argv[1:]])
    except Exception as error:
        raise SystemExit(explain_failure(error)) from error
    raise SystemExit


if __name__ == "__main__":
    main()
