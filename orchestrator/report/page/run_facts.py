"""The run on the report's page: what it was made of, and its settings with where every value comes from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from orchestrator.files.printable import clock
from orchestrator.legs.run import Run
from orchestrator.report.tables.paper_tables import kept_together
from orchestrator.settings.messages import yaml_value
from orchestrator.settings.tree import Experiment
from orchestrator.stats.run_scores import RunScores
from trainable.config import OURS, PAPER, Mechanism, Settings, marks


@dataclass(frozen=True)
class Summary:
    """The page's first lines."""

    name: str
    shape: str
    """Rows x columns, folds, seeds."""
    clips: str
    missing: tuple[str, ...]
    """Cells without a result, with the reason."""


def summary(run: Run, scores: RunScores) -> Summary:
    """What the run is about, in two sentences, and what is not there."""
    experiment, counts = run.experiment, run.clips["part"].value_counts()
    shape = (
        f"{numbered(len(experiment.activations), 'activation')} × "
        f"{numbered(len(experiment.selections), 'selection')}, {experiment.folds} folds, "
        f"seed{'s' * (len(experiment.seeds) > 1)} {', '.join(map(str, experiment.seeds))}"
    )
    parts = {"verified": "verified", "unverified": "unverified", "test": "test clips"}
    clips = ", ".join(f"{counts.get(part, 0):,} {name}" for part, name in parts.items())
    missing = [f"{entry}: {hole}" for entry, hole in scores.holes.items()]
    for entry, of_entry in scores.entries.items():
        missing += [f"{entry}, seed {seed}: {hole}" for seed, hole in of_entry.missing_seeds.items()]
    classes = f"{clips} of {len(run.manifest.vocabulary)} classes"
    return Summary(experiment.name, shape, classes, tuple(missing))


def numbered(count: int, noun: str) -> str:
    """The noun with its number."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def run_facts(run: Run) -> list[tuple[str, list[tuple[str, str]]]]:
    """Groups of names and values: enough to tell what the numbers mean, and to do the run again."""
    manifest = run.manifest
    program = ["git commit", *(name for name in manifest.environment if name != "git commit")]
    return [
        ("Data", [
            ("folder", manifest.data_folder), ("layout", manifest.layout),
            ("left out", ", ".join(manifest.dropped) or "no clip"),
            ("skipped, bad files", "; ".join(manifest.skipped.values()) or "no clip"),
            ("folds", f"{run.experiment.folds}, {kept_together(run)}"),
            ("features", manifest.features), ("features, labels and folds", manifest.data_id),
        ]),
        ("Training", [
            ("configuration", manifest.source), ("--set", ", ".join(manifest.assignments) or "nothing"),
            *_training(run),
        ]),
        ("Program and machine", [
            (name, manifest.environment[name]) for name in program if name in manifest.environment
        ]),
    ]  # fmt: skip


def _training(run: Run) -> Iterator[tuple[str, str]]:
    """Iterations trained and saved, and time."""
    manifest, folds = run.manifest, run.experiment.folds
    results = {leg.id: run.legs[leg.id].result_or_none() for leg in manifest.legs}
    done = [leg for leg in manifest.legs if results[leg.id]]
    devices = {fold.device for result in results.values() if result for fold in result.folds}
    trained = sum(leg.iterations for leg in done) * folds
    whole, alone = manifest.iterations * folds, manifest.iterations_alone * folds
    yield "seeds", ", ".join(map(str, run.experiment.seeds))
    yield "legs", f"{len(done)} of {len(manifest.legs)} trained"
    yield "iterations", f"{trained:,} of {whole:,} trained, all folds together"
    yield "without shared stages", f"{alone:,} ({1 - whole / alone:.0%} saved)"
    yield "devices", ", ".join(sorted(devices)) or "unknown"
    yield "last run", manifest.started.replace("T", " ").replace("+00:00", " UTC")
    if timing := manifest.timing:
        runs = f"{timing.runs} runs of Ray Train, {timing.runs_at_once} at once"
        yield "training", f"{clock(timing.seconds)}, {runs}"
    yield "that run's time", "not finished" if manifest.seconds is None else clock(manifest.seconds)


PAPER_STAGES = ({"iterations": 10_000, "unverified": 0.0}, {"iterations": 10_000, "unverified": 0.5},
                {"iterations": 5_000, "unverified": 0.0})  # fmt: skip
"""Section 4.2; a stage's settings have no default that could tell."""


class Setting(NamedTuple):
    """A value and its origin."""

    key: str
    """Dotted, as --set takes it."""
    value: str
    origin: str
    """`paper`; `paper: <value>` where the paper gives another value; `not in the paper`; or nothing."""


def settings_of(experiment: Experiment) -> list[Setting]:
    """Every setting of a run."""
    return list(_settings(experiment, "", {}))


def _settings(settings: Settings, prefix: str, papers: Mapping[str, Any]) -> Iterator[Setting]:
    """The settings below `prefix`; `papers` are the paper's values where a field's default is not."""
    origin = dict(marks(type(settings)))
    if isinstance(settings, Mechanism):
        yield Setting(prefix.rstrip("."), settings.name, "")
    for name, field in type(settings).model_fields.items():
        value, key = getattr(settings, name), f"{prefix}{name}"
        below = _below(value, key)
        for number, (step, inner) in enumerate(below):
            known = PAPER_STAGES[number] if key == "stages" and number < len(PAPER_STAGES) else {}
            yield from _settings(inner, f"{step}.", known)
        if not below:
            paper = papers.get(name, field.default)
            yield Setting(key, yaml_value(value), _origin(origin.get(name, ""), value, paper))


def _below(value: object, key: str) -> list[tuple[str, Settings]]:
    """Settings inside a value, with their keys."""
    if isinstance(value, Settings):
        return [(key, value)]
    inner = dict(enumerate(value)) if isinstance(value, tuple) else value
    steps = inner.items() if isinstance(inner, Mapping) else ()
    return [(f"{key}.{step}", below) for step, below in steps if isinstance(below, Settings)]


def _origin(mark: str, value: object, papers: object) -> str:
    if mark == OURS:
        return "not in the paper"
    if mark == PAPER:
        return "paper" if value == papers else f"paper: {yaml_value(papers)}"
    return ""
