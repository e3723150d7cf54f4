"""The command line: what it lists, and which file answers.

A command's file is imported when the command is called, and torch, pandas or Ray inside its function: so
every --help is quick.
"""

import sys
import warnings
from importlib import import_module
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from orchestrator.cli.failures import explain_failure
from orchestrator.cli.options import say
from orchestrator.files import signals

DEBUG = "--debug"
FILES = {"watch": "status", "diff": "show", "submission": "predict", "synth": "init", "submit": "run"}
"""In this folder, of the commands that do not have one of their name."""
COMMANDS: dict[str, tuple[str, ...]] = {
    "run": (
        "Fill the grid. The same command continues what was interrupted.",
        "stagegrid run --config demo --out runs/demo",
        "stagegrid run --config paper --data FSDKaggle2019 --out runs/paper",
        "stagegrid run --config stagegrid.yaml --data DIR --out runs/mine --set folds=5",
        "stagegrid run --config demo --out runs/demo --seeds 3",
    ),
    "plan": (
        "Show the tree of legs, what is done, and what the rest costs on clusters of several sizes.",
        "stagegrid plan --config demo",
        "stagegrid plan --config paper --like runs/demo --devices 1,8",
        "stagegrid plan --config demo --out runs/demo --detect .005",
    ),
    "init": (
        "Look at a folder of recordings and tables, and write a configuration for it: stagegrid.yaml.",
        "stagegrid init recordings",
        "stagegrid init --demo",
    ),
    "check": (
        "Look at a whole data set: every fault with file, line and what to do.",
        "stagegrid check --config paper --data FSDKaggle2019",
        "stagegrid check --config stagegrid.yaml --data recordings --out checks",
    ),
    "status": (
        "Show how far a run is, running or not.",
        "stagegrid status runs/demo --watch",
        "stagegrid status s3://bucket/paper",
    ),
    "watch": (
        "Follow a run until it is done: a table here, or with --serve its live page in a browser.",
        "stagegrid watch runs/demo",
        "stagegrid watch runs/demo --serve",
    ),
    "report": (
        "Make the report again, from the run's files alone.",
        "stagegrid report runs/demo",
    ),
    "show": (
        "Show one cell: curves, scores, its best and worst classes, and the clips that it masks most.",
        "stagegrid show runs/demo",
        "stagegrid show runs/demo --cell sigmoid/top_k",
    ),
    "diff": (
        "Show what sets two runs apart: settings, data, scores (paired on the same clips), claim by claim.",
        "stagegrid diff runs/demo runs/mine",
    ),
    "verify": (
        "Hold every file of a run against its checksum; changes nothing. Exit code 1 where one is damaged.",
        "stagegrid verify runs/demo",
    ),
    "export": (
        "Give a trained model away, or the curves of finished cells to TensorBoard or MLflow.",
        "stagegrid export runs/demo --tensorboard curves",
        "stagegrid export runs/demo --mlflow http://127.0.0.1:5000",
        "stagegrid export runs/demo --model tagger --cell sigmoid/top_k",
    ),
    "predict": (
        "Tag recordings with a trained cell: the classes they hold, with scores from 0 to 1.",
        "stagegrid predict runs/demo recordings",
        "stagegrid predict runs/demo a.wav b.flac --cell sigmoid/top_k --csv tags.csv",
    ),
    "submission": (
        "Write a submission to the Kaggle competition: the rows and columns of its sample_submission.csv.",
        "stagegrid submission runs/paper --data KAGGLE",
    ),
    "synth": (
        "Write a synthetic look-alike of FSDKaggle2019 with known label errors.",
        "stagegrid synth data --classes 20 --unverified 2000",
    ),
    "submit": (
        "Run the grid on a cluster: check its file, bring the program there, start it, say how to watch.",
        "stagegrid submit cluster/gpu.yaml --config paper --data /mnt/data --out s3://bucket/paper",
    ),
}
"""In the order of the help: the first words of a command's own help, then examples."""


def command(name: str) -> TyperCommand:
    """A command with its options and its help."""
    _, *examples = COMMANDS[name]
    function = getattr(import_module(f"orchestrator.cli.{FILES.get(name, name)}"), name)
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command(name, epilog="\n\n".join(["Examples:", *examples]))(function)
    made = typer.main.get_command(alone)
    assert isinstance(made, TyperCommand)
    return made


class Program(TyperGroup):
    """Knows the commands by their names and summaries, and imports the one that is called."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands.update({name: TyperCommand(name, help=COMMANDS[name][0]) for name in COMMANDS})

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is called, whole, and its arguments."""
        name, known, rest = super().resolve_command(ctx, args)
        return name, known and command(str(name)), rest


app = typer.Typer(
    cls=Program,
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
    pretty_exceptions_enable=False,
    help="Fill the results grid of staged training for audio tagging with noisy labels.",
    epilog="\n\n".join(["Begin with:", "stagegrid run --config demo --out runs/demo", "stagegrid init DIR"]),
)


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
