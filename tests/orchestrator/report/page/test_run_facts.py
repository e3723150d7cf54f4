from dataclasses import replace
from typing import Any

from orchestrator.legs.artifacts import Timing
from orchestrator.legs.run import Run
from orchestrator.report.page.run_facts import run_facts, settings_of, summary
from orchestrator.settings.loading import load_experiment
from orchestrator.settings.tree import Experiment
from orchestrator.stats.grid import Entry, Hole
from tests.orchestrator.report.page.conftest import Made
from tests.places import CONFIGS


def test_the_summary_counts(made: Made) -> None:
    lines = summary(made.run, made.scores)
    assert lines.shape == "3 activations × 3 selections, 2 folds, seed 0"
    assert lines.clips == "24 verified, 40 unverified, 16 test clips of 4 classes"


def test_the_summary_names_holes_and_lost_seeds(made: Made) -> None:
    entry = Entry("sigmoid", "threshold")
    lost = replace(made.scores.entries[entry], missing_seeds={4: Hole("not run")})
    scores = replace(made.scores, entries={entry: lost})
    assert summary(made.run, scores).missing == (
        "sigmoid/top_k: not run",
        "sigmoid_softmax/threshold: failed: RuntimeError: out of memory",
        "sigmoid/threshold, seed 4: not run",
    )


def test_facts_tell_what_sharing_saved(run: Run) -> None:
    facts = {name: value for _, group in run_facts(run) for name, value in group}
    shared, alone = run.manifest.iterations * 2, run.manifest.iterations_alone * 2
    assert facts["without shared stages"] == f"{alone:,} ({1 - shared / alone:.0%} saved)"
    assert facts["git commit"] == "none"
    assert facts["devices"] == "cpu"
    assert facts["that run's time"] == "0:12"
    assert facts["legs"] == "10 of 12 trained"
    assert facts["folds"].startswith("2, files of equal bytes are kept together, sources are not")


def test_settings_of_the_papers_configuration_are_the_papers() -> None:
    lines = {line.key: line for line in settings_of(load_experiment(CONFIGS / "paper.yaml"))}
    assert not [line for line in lines.values() if line.origin.startswith("paper:")]
    assert lines["stages.1.unverified"] == ("stages.1.unverified", "0.5", "paper")
    assert lines["batches.size"].origin == "paper"
    assert lines["model.gru"].origin == "not in the paper"


def test_a_changed_value_of_the_papers_says_so() -> None:
    changed = ["batches.size=8", "selections.top_k.k=2", "selections.threshold.k=2", "stages.0.iterations=7"]
    lines = {line.key: line for line in settings_of(load_experiment(CONFIGS / "paper.yaml", changed))}
    assert lines["batches.size"] == ("batches.size", "8", "paper: 64")
    assert lines["selections.top_k.k"].origin == "paper: 10"
    assert lines["stages.0.iterations"].origin == "paper: 10000"


def test_every_setting_has_a_line() -> None:
    experiment: Experiment = load_experiment(CONFIGS / "paper.yaml")
    keys = {line.key for line in settings_of(experiment)}

    def leaves(value: Any, key: str) -> set[str]:
        if isinstance(value, dict) and value and key != "ensembles":
            return {
                leaf for name, below in value.items() for leaf in leaves(below, f"{key}.{name}".lstrip("."))
            }
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return {leaf for i, below in enumerate(value) for leaf in leaves(below, f"{key}.{i}")}
        return {key}

    assert leaves(experiment.model_dump(mode="json", serialize_as_any=True), "") <= keys


def test_a_run_tells_its_time(run: Run) -> None:
    changed = Run(run.store, run.manifest.model_copy(update={"seconds": None}))
    assert dict(run_facts(changed)[1][1])["that run's time"] == "not finished"
    timing = Timing(seconds=90, runs=3, runs_at_once=2, share=0.5)
    timed = Run(run.store, run.manifest.model_copy(update={"timing": timing}))
    assert dict(run_facts(timed)[1][1])["training"] == "1:30, 3 runs of Ray Train, 2 at once"
    assert "training" not in dict(run_facts(run)[1][1])
