"""The same run gives the same CSV files, and the same configurations the same ids of legs, as ever.

golden.json.gz was written by the program as it stood before its rooms were rebuilt. To write it anew, where
a change of numbers is meant: python -m tests.orchestrator.test_golden
"""

import csv
import gzip
import io
import json
import math
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.legs.plan import make_plan
from orchestrator.report.build import write_report
from orchestrator.settings.loading import load_experiment
from tests.orchestrator.fake_run import Numbers, make_fake_run

GOLDEN = Path(__file__).parent / "golden.json.gz"
CONFIGS = Path(__file__).parents[2] / "configs"
SHIPPED = ("demo", "paper", "extended", "claims", "smoke")
TWO_STAGES = {"stages": [{"iterations": 8}, {"iterations": 8, "unverified": 0.5}]}
RUNS = {
    "seeds": {
        "activations": ("sigmoid", "sigmoid_softmax", "sigmoid_sparsemax"),
        "selections": ("verified_only", "keep_all", "top_k", "threshold", "random_k"),
        "seeds": (0, 1, 2),
        "numbers": Numbers(verified=60, unverified=60, test=40, classes=5, iterations=(6, 30, 4), batch=16),
        "effect": {("sigmoid_sparsemax", "threshold"): 1.0, ("sigmoid", "verified_only"): -0.5},
        "failed": [("sigmoid", "threshold")],
        "missing": [("sigmoid_softmax", "random_k")],
        "config": {
            "report": {"resamples": 300},
            "ensembles": {
                "all": ["sigmoid/top_k", "sigmoid_sparsemax/threshold", "sigmoid_softmax/top_k/1"],
                "lost": ["sigmoid/threshold", "sigmoid/top_k"],
            },
        },
    },
    "one seed": {
        "activations": ("softmax", "sigmoid"),
        "selections": ("verified_only", "top_k", "threshold"),
        "folds": 3,
        "numbers": Numbers(usage=False, unverified=40, test=24, iterations=(8, 8, 0)),
        "config": {"report": {"resamples": 200, "ties": "challenge", "level": 0.9}} | TWO_STAGES,
    },
    "no labels of test clips": {
        "activations": ("sigmoid", "sigmoid_sparsemax"),
        "selections": ("verified_only", "threshold"),
        "seeds": (0, 5),
        "numbers": Numbers(labelled_test=False, unverified=40, test=24, iterations=(6, 6, 3)),
        "config": {"report": {"resamples": 200, "clip_sigma": None}},
    },
}


def report_tables(name: str, folder: Path) -> dict[str, str]:
    """Every CSV file of the report of a run, by its path."""
    write_report(make_fake_run(folder, **RUNS[name]))  # type: ignore[arg-type]
    report = folder / "report"
    return {str(path.relative_to(report)): path.read_text() for path in sorted(report.rglob("*.csv"))}


def leg_ids(name: str) -> dict[str, str]:
    """The ids of all legs of a configuration, by their labels and last iterations."""
    plan = make_plan(load_experiment(CONFIGS / f"{name}.yaml"), "0123456789abcdef")
    return {f"{leg.label} {leg.first}": leg.id for leg in plan.legs}


@pytest.fixture(scope="module")
def golden() -> dict[str, dict[str, dict[str, str]]]:
    return json.loads(gzip.decompress(GOLDEN.read_bytes()))  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", SHIPPED)
def test_ids_of_legs(name: str, golden: dict[str, dict[str, dict[str, str]]]) -> None:
    assert leg_ids(name) == golden["legs"][name]


@pytest.mark.integration
@pytest.mark.parametrize("name", RUNS)
def test_tables_of_a_report(name: str, golden: dict[str, dict[str, dict[str, str]]], tmp_path: Path) -> None:
    tables = report_tables(name, tmp_path)
    assert tables.keys() == golden["tables"][name].keys()
    for path, text in golden["tables"][name].items():
        assert list(differences(tables[path], text)) == [], path


def differences(table: str, golden: str) -> Iterator[tuple[str, str]]:
    """Cells that differ: numbers by more than another CPU's order of summation explains, text at all."""
    lines, expected = (list(csv.reader(io.StringIO(text))) for text in (table, golden))
    assert [len(line) for line in lines] == [len(line) for line in expected]
    pairs = ((a, b) for both in zip(lines, expected, strict=True) for a, b in zip(*both, strict=True))
    return ((a, b) for a, b in pairs if not same(a, b))


def same(a: str, b: str) -> bool:
    """Whether two cells are, but for the last bits of a number."""
    if a == b:
        return True
    number = re.compile(r"[+-]?\d+\.\d+(e-?\d+)?")
    if not (number.fullmatch(a) and number.fullmatch(b)):
        return False
    rounded = min(len(a), len(b)) < 12  # the tables about masks: to six digits
    return math.isclose(float(a), float(b), rel_tol=1e-5 if rounded else 1e-9, abs_tol=1e-9)


def test_a_number_is_compared_as_one() -> None:
    assert list(differences("a,b\n1.0,x\n", "a,b\n1.0000000000001,x\n")) == []
    assert list(differences("a,b\n1.0,x\n", "a,b\n1.001,y\n")) == [("1.0", "1.001"), ("x", "y")]


def everything() -> dict[str, dict[str, dict[str, str]]]:
    with tempfile.TemporaryDirectory() as folder:
        tables = {name: report_tables(name, Path(folder) / name) for name in RUNS}
    legs = {name: leg_ids(name) for name in SHIPPED}
    return {"tables": tables, "legs": legs}


if __name__ == "__main__":
    GOLDEN.write_bytes(gzip.compress(json.dumps(everything(), indent=1).encode(), mtime=0))
