"""Commands that put trained cells to work."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.options import Cell, Ensemble, console, one_name, say
from trainable.errors import UserError

if TYPE_CHECKING:
    from orchestrator.tagging.parts import Parts
    from orchestrator.tagging.predict import Predictions
    from orchestrator.tagging.tag import Hearing
    from trainable.tagger import Tagger

Device = Annotated[str | None, typer.Option(help="cpu, cuda or cuda:1. Without: a GPU where there is one.")]
OnRay = Annotated[
    bool | None,
    typer.Option("--ray/--no-ray", help="Tag on Ray, or here. Without: on Ray where there are many."),
]


def predict(
    out: Annotated[str, typer.Argument(help="Folder of a run, or of an exported model.")],
    paths: Annotated[list[str], typer.Argument(help="Files, folders, globs, or - for a list on stdin.")],
    cell: Cell = None,
    ensemble: Ensemble = None,
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
    from orchestrator.cli.predict_view import tags_view
    from orchestrator.tagging.outputs import parts_beside, parts_in, write_csv, write_json
    from orchestrator.tagging.recordings import find_recordings
    from orchestrator.tagging.tag import Hearing

    chosen = [place for place in (csv, json, parquet) if place is not None]
    if len(chosen) > 1:
        raise UserError("name one of --csv, --json and --parquet")
    tagger = _open(out, cell, ensemble, device)
    recordings, hearing = find_recordings(paths, sys.stdin), Hearing.of(tagger, window)
    if not chosen:
        done = _tag(tagger, recordings, hearing, ray, None)
        console.print(tags_view(done.tagged, tagger.vocabulary, top))
    elif parquet:
        done = _tag(tagger, recordings, hearing, ray, parts_in(parquet, tagger, hearing))
    else:
        parts = parts_beside(chosen[0], tagger, hearing)
        done = _tag(tagger, recordings, hearing, ray, parts)
        if csv:
            write_csv(csv, tagger.vocabulary, done, windows)
        else:
            write_json(chosen[0], tagger.file.name, tagger.vocabulary, done)
        parts.remove()
    if chosen:
        say(f"{len(done.tagged)} recordings, {len(tagger.vocabulary)} classes: {chosen[0]}")
    _refuse_bad(done, len(recordings))


def submission(
    out: Annotated[str, typer.Argument(help="Folder of a run, or of an exported model.")],
    data: Annotated[Path, typer.Option(help="Folder with Kaggle's sample_submission.csv and test/.")],
    cell: Cell = None,
    ensemble: Ensemble = None,
    to: Annotated[str, typer.Option("--out", "-o", help="The file to write.")] = "submission.csv",
    device: Device = None,
    ray: OnRay = None,
) -> None:
    """Write a submission to the Kaggle competition: the rows and columns of its sample_submission.csv."""
    from orchestrator.tagging.outputs import parts_beside
    from orchestrator.tagging.submission import read_form, write_submission
    from orchestrator.tagging.tag import Hearing

    tagger = _open(out, cell, ensemble, device)
    form, hearing = read_form(data, tagger.vocabulary), Hearing.clips(tagger)
    parts = parts_beside(to, tagger, hearing)
    done = _tag(tagger, form.paths, hearing, ray, parts)
    _refuse_bad(done, len(form.paths))
    write_submission(to, form, tagger.vocabulary, done)
    parts.remove()
    say(f"{len(form.fnames)} rows{form.which}, {len(form.classes)} classes: {to}")


def _open(out: str, cell: str | None, ensemble: str | None, device: str | None) -> "Tagger":
    """The networks that were asked for; says which they are."""
    from orchestrator.cli.predict_view import one_line
    from orchestrator.tagging.models import open_model

    name = one_name(cell, ensemble)
    with console.status("opening the model"):
        opened = open_model(out, name, device)
    tagger = opened.tagger
    say(f"{one_line(opened.named)}: {len(tagger.networks)} networks on {tagger.device}")
    return tagger


def _tag(
    tagger: "Tagger", recordings: Sequence[str], hearing: "Hearing", ray: bool | None, parts: "Parts | None"
) -> "Predictions":
    from orchestrator.cli.predict_view import tagging_bar
    from orchestrator.tagging.predict import predict as tag_all

    with tagging_bar(console) as progress:
        return tag_all(tagger, recordings, hearing, progress, parts, ray)


def _refuse_bad(done: "Predictions", recordings: int) -> None:
    """Name the recordings that could not be tagged, and end with exit code 1 where there are any."""
    from orchestrator.cli.complaints import complain
    from orchestrator.cli.predict_view import one_line

    for bad in done.bad:
        complain(one_line(bad.reason))
    if done.bad:
        raise SystemExit(f"{len(done.bad)} of {recordings} recordings are bad: see above")
