"""`predict`: what recordings hold, on the terminal or in a file; `submission`: in Kaggle's own form."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.cli.failures import complain
from orchestrator.cli.options import CellName, EnsembleName, console, say, system_name
from orchestrator.files.printable import clock, printable
from orchestrator.watch.progress_bar import ProgressBar
from trainable.errors import UserError

if TYPE_CHECKING:  # they import torch
    from orchestrator.tagging.predict import ScoreFolder, TaggingResults
    from orchestrator.tagging.tag import Hearing, Tagged
    from trainable.tagger import Tagger

Device = Annotated[str | None, typer.Option(help="cpu, cuda or cuda:1. Without: a GPU where there is one.")]
OnRay = Annotated[
    bool | None,
    typer.Option("--ray/--no-ray", help="Tag on Ray, or here. Without: on Ray where there are many."),
]
FEW_RECORDINGS = 8
"""At most so many get a line for each class, more of them a line each."""
BAR_WIDTH = 20
"""Characters of the bar of a score of 1."""
LONGEST_NAME = 200


def predict(
    out: Annotated[str, typer.Argument(help="Folder of a run, or of an exported model.")],
    paths: Annotated[list[str], typer.Argument(help="Files, folders, globs, or - for a list on stdin.")],
    cell: CellName = None,
    ensemble: EnsembleName = None,
    csv: Annotated[str | None, typer.Option(help="Write all scores to this CSV file.")] = None,
    json: Annotated[str | None, typer.Option(help="Write all scores to this JSON file.")] = None,
    parquet: Annotated[str | None, typer.Option(help="Write all scores to this folder, as Parquet.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Classes shown of each recording.")] = 5,
    window: Annotated[float | None, typer.Option(help="Seconds of a window of long recordings.")] = None,
    windows: Annotated[bool, typer.Option(help="CSV: a line for each window.")] = False,
    device: Device = None,
    ray: OnRay = None,
) -> None:
    """Tag recordings with a trained cell: the classes they hold, with scores from 0 to 1."""
    from orchestrator.tagging.outputs import scores_beside, scores_in, write_csv, write_json
    from orchestrator.tagging.recordings import find_recordings
    from orchestrator.tagging.tag import Hearing

    files = [file for file in (csv, json, parquet) if file is not None]
    if len(files) > 1:
        raise UserError("name one of --csv, --json and --parquet")
    tagger = _open(out, cell, ensemble, device)
    recordings, hearing = find_recordings(paths, sys.stdin), Hearing.of(tagger, window)
    if not files:
        done = _tag(tagger, recordings, hearing, ray, None)
        console.print(tags_text(done.tagged, tagger.vocabulary, top))
    elif parquet:
        done = _tag(tagger, recordings, hearing, ray, scores_in(parquet, tagger, hearing))
    else:
        kept = scores_beside(files[0], tagger, hearing)
        done = _tag(tagger, recordings, hearing, ray, kept)
        if csv:
            write_csv(csv, tagger.vocabulary, done, windows)
        else:
            write_json(files[0], tagger.file.name, tagger.vocabulary, done)
        kept.remove()
    if files:
        say(f"{len(done.tagged)} recordings, {len(tagger.vocabulary)} classes: {files[0]}")
    _refuse_bad(done, len(recordings))


def submission(
    out: Annotated[str, typer.Argument(help="Folder of a run, or of an exported model.")],
    data: Annotated[Path, typer.Option(help="Folder with Kaggle's sample_submission.csv and test/.")],
    cell: CellName = None,
    ensemble: EnsembleName = None,
    to: Annotated[str, typer.Option("--out", "-o", help="The file to write.")] = "submission.csv",
    device: Device = None,
    ray: OnRay = None,
) -> None:
    """Write a submission to the Kaggle competition: the rows and columns of its sample_submission.csv."""
    from orchestrator.tagging.outputs import read_form, scores_beside, write_submission
    from orchestrator.tagging.tag import Hearing

    tagger = _open(out, cell, ensemble, device)
    form, hearing = read_form(data, tagger.vocabulary), Hearing.clips(tagger)
    kept = scores_beside(to, tagger, hearing)
    done = _tag(tagger, form.paths, hearing, ray, kept)
    _refuse_bad(done, len(form.paths))
    write_submission(to, form, tagger.vocabulary, done)
    kept.remove()
    say(f"{len(form.fnames)} rows{form.which}, {len(form.classes)} classes: {to}")


def _open(out: str, cell: str | None, ensemble: str | None, device: str | None) -> "Tagger":
    """The networks that were asked for; says which they are."""
    from orchestrator.tagging.systems import open_model

    name = system_name(cell, ensemble)
    with console.status("opening the model"):
        model = open_model(out, name, device)
    tagger = model.tagger
    say(f"{in_a_line(model.label)}: {len(tagger.networks)} networks on {tagger.device}")
    return tagger


def _tag(
    tagger: "Tagger",
    recordings: Sequence[str],
    hearing: "Hearing",
    ray: bool | None,
    kept: "ScoreFolder | None",
) -> "TaggingResults":
    """Tag the recordings, with a progress bar; `ray` as the option: None leaves it to their number."""
    from orchestrator.tagging.predict import MANY
    from orchestrator.tagging.predict import predict as tag_all

    join, many = None if ray is False else _join_ray, 0 if ray else MANY
    bar = ProgressBar("tagging", "recordings")
    with bar.shown_on(console):
        return tag_all(tagger, recordings, hearing, bar.update, kept, join, many)


def _join_ray(name: str) -> None:
    """Join the cluster that is there, or start one."""
    from orchestrator.training.driver.connect import connect

    connect({"job_name": name})


def _refuse_bad(done: "TaggingResults", recordings: int) -> None:
    """Name the recordings that could not be tagged, and end with exit code 1 where there are any."""
    for bad in done.bad:
        complain(in_a_line(bad.reason))
    if done.bad:
        raise SystemExit(f"{len(done.bad)} of {recordings} recordings are bad: see above")


def in_a_line(text: str) -> str:
    """Text of a file name or label that changes nothing on a terminal but what it shows, in one line."""
    return printable(" ".join(text.split("\n")).replace("\t", " "))


def tags_text(tagged: Sequence["Tagged"], vocabulary: Sequence[str], top: int) -> RenderableType:
    """The best `top` classes of each recording."""
    if len(tagged) <= FEW_RECORDINGS:
        return Group(*(part for tags in tagged for part in (_heading(tags), _bars(tags, vocabulary, top))))
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(overflow="fold", ratio=2)
    table.add_column(overflow="fold", ratio=3)
    alike = (
        len({Path(tags.path).is_absolute() for tags in tagged}) == 1
    )  # all from the root, or all from here
    folder = os.path.commonpath([str(Path(tags.path).parent) for tags in tagged]) if alike else ""
    for tags in tagged:
        name = os.path.relpath(tags.path, folder) if folder else tags.path
        best = [f"{in_a_line(vocabulary[c])} {tags.scores_C[c]:.2f}" for c in _best(tags, top)]
        table.add_row(Text(in_a_line(name)), Text(", ".join(best)))
    return Group(Text(in_a_line(folder), style="dim"), table) if folder else table


def _best(tags: "Tagged", top: int) -> list[int]:
    """Columns of the highest scores, the highest first."""
    return sorted(range(len(tags.scores_C)), key=lambda column: -tags.scores_C[column])[:top]


def _heading(tags: "Tagged") -> Text:
    windows = f", {len(tags.spans)} windows" if len(tags.spans) > 1 else ""
    return Text.assemble((in_a_line(tags.path), "bold"), (f"  {_length(tags.seconds)}{windows}", "dim"))


def _bars(tags: "Tagged", vocabulary: Sequence[str], top: int) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    for style in (None, None, "cyan", "dim"):
        table.add_column(style=style, overflow="fold")
    for column in _best(tags, top):
        score = float(tags.scores_C[column])
        when = f"highest from {_length(tags.peak(column))}" if len(tags.spans) > 1 else ""
        name = Text("  " + in_a_line(vocabulary[column])[:LONGEST_NAME])
        table.add_row(name, f"{score:.3f}", "━" * round(score * BAR_WIDTH), when)
    return table


def _length(seconds: float) -> str:
    """Seconds as 3.2 s, 4:05 or 1:02:03."""
    return f"{seconds:.1f} s" if seconds < 60 else clock(seconds)
