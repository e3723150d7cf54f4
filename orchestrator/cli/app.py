"""The command line."""

import sys
import warnings
from typing import Annotated, NoReturn

import typer

from orchestrator.cli.complaints import explain_failure
from orchestrator.cli.data import check, init, synth
from orchestrator.cli.examples import epilog
from orchestrator.cli.options import say
from orchestrator.cli.predict import predict, submission
from orchestrator.cli.report import export, report, status, verify
from orchestrator.cli.run import plan, run, submit
from orchestrator.cli.show import diff, show
from orchestrator.cli.watch import watch
from orchestrator.files import signals

DEBUG = "--debug"
app = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
    pretty_exceptions_enable=False,
    help="Fill the results grid of staged training for audio tagging with noisy labels.",
    epilog="\n\n".join(["Begin with:", "stagegrid run --config demo --out runs/demo", "stagegrid init DIR"]),
)
commands = (
    run, plan, init, check, status, watch, report, show, diff, verify,
    export, predict, submission, synth, submit,
)  # fmt: skip
for command in commands:
    app.command(epilog=epilog(command.__name__))(command)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        names = ("stagegrid", "ray", "torch")
        say(", ".join(f"{name} {version(name)}" for name in names) + f", Python {sys.version.split()[0]}")
        raise typer.Exit


@app.callback()
def stagegrid(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show versions and end.")
    ] = False,
    debug: Annotated[
        bool, typer.Option(DEBUG, help="Show the traceback of whatever goes wrong. May stand anywhere.")
    ] = False,
) -> None:
    """Options that stand before the command: `main` looks for --debug itself."""


def main(prefix: list[str] | None = None) -> NoReturn:
    """Run the command line; `prefix` are arguments that stand before the given ones."""
    with signals.caught():
        _run_command(prefix or [])


def _run_command(prefix: list[str]) -> NoReturn:
    warnings.filterwarnings("ignore", category=FutureWarning, module="ray")
    arguments = [*prefix, *sys.argv[1:]]
    try:
        app([word for word in arguments if word != DEBUG])
    except Exception as error:
        raise SystemExit(explain_failure(error, debug=DEBUG in arguments)) from error
    raise SystemExit


if __name__ == "__main__":
    main()
