"""The card of an exported model: what it is, how good, made from what, and how it is opened. Markdown."""

import re
from collections.abc import Iterator, Mapping

from orchestrator.legs.run import Run
from orchestrator.report.inputs import difference_from_fsdkaggle2019, read_clips, read_predictions
from orchestrator.stats.bootstrap import Interval
from orchestrator.stats.predictions import SPLITS, Split, make_ensemble, make_pools
from orchestrator.stats.scoring import Score, ScoreKey, cell_sums, ensemble_sums, score_cells
from orchestrator.tagging.systems import System
from trainable.tagger import ModelFile

SHOWN_CLASSES = 200
CLIPS: Mapping[Split, str] = {
    "cv": "verified clips, each by the networks that have not seen it",
    "public": "public test clips",
    "private": "private test clips",
    "test": "all test clips",
}
FSD_LICENCE = (
    "FSDKaggle2019 is published under CC BY 4.0. Its clips have licences of their own, chosen by users of\n"
    "Freesound and Flickr; some exclude commercial use. The data set's files list them: read them before\n"
    "you give this model on."
)
OTHER_LICENCE = (
    "The data set is not FSDKaggle2019: what its licence allows you to do with a model trained on it, only\n"
    "who has collected it can say."
)


def score_system(run: Run, system: System) -> dict[ScoreKey, Score]:
    """lwlrap of the system's networks together, with bootstrap intervals, on every split with labels."""
    settings, pools = run.experiment.report, make_pools(read_clips(run))
    members = [read_predictions(run, cell)[0] for cell in system.cells]
    sums = ensemble_sums(make_ensemble(members, settings.clip_sigma), pools, settings)
    return score_cells({system.name: {0: sums}}, pools, settings)[system.name]


def score_networks(run: Run, system: System) -> dict[ScoreKey, Score]:
    """lwlrap of one network, the mean of all, on the same splits; none where they are not of one cell."""
    if len({cell.entry for cell in system.cells}) > 1:
        return {}
    settings, pools = run.experiment.report, make_pools(read_clips(run))
    sums = {
        cell.seed: cell_sums({"raw": read_predictions(run, cell)[0]}, {}, pools, settings)
        for cell in system.cells
    }
    return score_cells({system.name: sums}, pools, settings)[system.name]


def model_card(run: Run, system: System, file: ModelFile, onnx: bool) -> str:
    """The text of README.md."""
    sections = (_heading(system, file), _scores(run, system), _data(run), _use(file, onnx), _classes(file))
    return "\n".join(line for section in sections for line in section) + "\n"


def _heading(system: System, file: ModelFile) -> Iterator[str]:
    rate, seconds = file.audio.sample_rate, file.clip_seconds
    yield f"# {system.name}"
    yield ""
    yield f"An audio tagger: sound in, a score from 0 to 1 for each of {len(file.vocabulary)} classes out."
    yield f"{len(file.members)} networks (CNN-GRU), whose scores are averaged geometrically; trained with"
    yield f"stagegrid. A clip is mono sound at {rate} Hz; {seconds:g} s are heard at once. A shorter clip is"
    yield "repeated, a longer one decimated: cut long recordings into windows."
    yield ""


def _scores(run: Run, system: System) -> Iterator[str]:
    together, single = score_system(run, system), score_networks(run, system)
    ties = run.experiment.report.ties
    one = f"one network, mean of {len(system.cells) * run.experiment.folds}"
    yield "## Scores"
    yield ""
    yield f"| lwlrap | {run.experiment.report.level:.0%} interval | holds open | of | on |"
    yield "|---|---|---|---|---|"
    for split in SPLITS:
        if score := together.get(ScoreKey(split, "blend", ties=ties)):
            yield _line(score.value, score.interval, "clips", "all networks together", split)
        mean = single.get(ScoreKey(split, ties=ties))
        if mean and mean.crossed:
            yield _line(mean.value, mean.shown, "clips and trainings", one, split)
    yield ""
    yield "Raw scores. An interval that holds clips open is a bootstrap over clips: it says what other clips"
    yield "would change, not what another training would. Where single networks are enough to tell, theirs"
    yield "holds other trainings open too; of all networks together there is one training."
    yield ""


def _line(lwlrap: float, interval: Interval, opened: str, what: str, split: Split) -> str:
    return (
        f"| {lwlrap:.4f} | {interval.low:.4f} to {interval.high:.4f} | {opened} | {what} | {CLIPS[split]} |"
    )


def _data(run: Run) -> Iterator[str]:
    manifest, counts = run.manifest, run.clips["part"].value_counts()
    difference = difference_from_fsdkaggle2019(run)
    yield "## Data and licence"
    yield ""
    clips = ", ".join(
        f"{counts[part]} {part}" for part in ("verified", "unverified", "test") if part in counts
    )
    yield f"{clips} clips. " + (f"Not FSDKaggle2019: {difference}." if difference else "FSDKaggle2019.")
    yield f"Features, labels and folds: `{_plain(manifest.data_id)}`; trained from {_plain(manifest.started)}"
    yield f"with stagegrid {_plain(manifest.environment.get('git commit', 'unknown'))}."
    yield ""
    yield OTHER_LICENCE if difference else FSD_LICENCE
    yield ""


def _use(file: ModelFile, onnx: bool) -> Iterator[str]:
    yield "## Use"
    yield ""
    yield "Python with `torch`, `librosa`, `pydantic`, `safetensors` and `soundfile`, and stagegrid's folder"
    yield "`trainable/` on the path (`pip install --no-deps` of its checkout puts it there). Neither Ray nor"
    yield "the rest of stagegrid is needed; nothing is unpickled:"
    yield ""
    yield "```python"
    yield "import soundfile"
    yield "from trainable.tagger import Tagger"
    yield ""
    yield 'tagger = Tagger.load(".")  # this folder'
    yield f'samples, rate = soundfile.read("x.wav", dtype="float32")  # mono, {file.audio.sample_rate} Hz'
    yield "print(tagger.tag(samples))  # {class: score}, the best first"
    yield "```"
    yield ""
    yield "With all of stagegrid: `stagegrid predict THIS_FOLDER x.wav`, which reads any file, at any rate."
    yield ""
    if onnx:
        yield "`model.onnx` takes a clip's samples (float32, any number of them) and gives the scores;"
        yield "cutting off silent ends, log-mel energies and the average are in it:"
        yield ""
        yield "```python"
        yield "from onnxruntime import InferenceSession"
        yield ""
        yield '(scores,) = InferenceSession("model.onnx").run(None, {"samples": samples})'
        yield "```"
        yield ""


def _classes(file: ModelFile) -> Iterator[str]:
    shown = [f"`{_plain(name)}`" for name in file.vocabulary[:SHOWN_CLASSES]]
    more = len(file.vocabulary) - len(shown)
    yield "## Classes"
    yield ""
    yield ", ".join(shown) + (f" and {more} more, in model.json" if more else "")


def _plain(text: str) -> str:
    """Text that is no markup: what a label may hold is anybody's choice."""
    return re.sub(r"[^\w .,:;+()&'-]", "?", text)[:100]
