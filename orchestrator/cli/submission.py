"""`submission`: the Kaggle competition's form, filled in."""

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.options import CellName, EnsembleName, say
from orchestrator.cli.predict import Device, OnRay, opened, refuse_bad, tagged


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

    tagger = opened(out, cell, ensemble, device)
    form, hearing = read_form(data, tagger.vocabulary), Hearing.clips(tagger)
    kept = scores_beside(to, tagger, hearing)
    done = tagged(tagger, form.paths, hearing, ray, kept)
    refuse_bad(done, len(form.paths))
    write_submission(to, form, tagger.vocabulary, done)
    kept.remove()
    say(f"{len(form.fnames)} rows{form.which}, {len(form.classes)} classes: {to}")
