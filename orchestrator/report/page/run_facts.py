"""The run on the report's page: what it was made of, and its settings with where every value comes from."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from orchestrator.legs.run import Run
from orchestrator.report.tables.held_open import kept_together
from orchestrator.settings.messages import yaml_value
from orchestrator.settings.tree import Experiment
from trainable.config import OURS, PAPER, Mechanism, Settings, marks

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
    return list(_lines(experiment, "", {}))


def _lines(settings: Settings, prefix: str, papers: Mapping[str, Any]) -> Iterator[Setting]:
    """The settings below `prefix`; `papers` are the paper's values where a field's default is not."""
    origin = dict(marks(type(settings)))
    if isinstance(settings, Mechanism):
        yield Setting(prefix.rstrip("."), settings.name, "")
    for name, field in type(settings).model_fields.items():
        value, key = getattr(settings, name), f"{prefix}{name}"
        inner = list(_inner(value))
        if inner:
            for number, (step, below) in enumerate(inner):
                known = PAPER_STAGES[number] if key == "stages" and number < len(PAPER_STAGES) else {}
                yield from _lines(below, f"{key}.{step}." if step else f"{key}.", known)
        else:
            yield Setting(
                key, yaml_value(value), _origin(origin.get(name, ""), value, papers.get(name, field.default))
            )


def _inner(value: object) -> Iterator[tuple[str, Settings]]:
    """Settings inside a value, with the step of the key that leads to them."""
    if isinstance(value, Settings):
        yield "", value
    elif isinstance(value, Mapping):
        yield from ((str(name), below) for name, below in value.items() if isinstance(below, Settings))
    elif isinstance(value, tuple):
        yield from ((str(i), below) for i, below in enumerate(value) if isinstance(below, Settings))


def _origin(mark: str, value: object, papers: object) -> str:
    if mark == OURS:
        return "not in the paper"
    if mark == PAPER:
        return "paper" if value == papers else f"paper: {yaml_value(papers)}"
    return ""


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
    timing, seconds = manifest.timing, manifest.seconds
    if timing:
        yield (
            "training",
            f"{_duration(timing.seconds)}, {timing.runs} runs of Ray Train, {timing.runs_at_once} at once",
        )
    yield "that run's time", "not finished" if seconds is None else _duration(seconds)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return (
        f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
    )
