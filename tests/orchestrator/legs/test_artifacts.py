"""The list of a run's files, its schemas, and a run's folder say the same."""

import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from orchestrator.files.store import Artifact, json_bytes
from orchestrator.legs import artifacts
from orchestrator.legs.artifacts import FoldResult, LegResult
from orchestrator.legs.progress import DriverNote
from orchestrator.report.unchanged import ReportNote
from tests.orchestrator.fake_run import make_fake_run

assert {DriverNote, ReportNote} <= set(Artifact.__subclasses__())  # those that have modules of their own
MODELS = sorted(Artifact.__subclasses__(), key=lambda model: model.__name__)
NAMES = {name: value for name, value in vars(artifacts).items() if name.isupper()}


def documented() -> list[str]:
    """Paths in the tree of the docstring; a folder of its own ends in a slash."""
    paths, above = [], ""
    for line in (artifacts.__doc__ or "").splitlines()[2:]:
        place = len(line) - len(line.lstrip())
        if not line.strip() or place > 30:  # a remark goes on
            continue
        names = re.split(r" {2,}", line.strip())[0]
        for name in names.split(", "):
            paths.append(above[:place] + name)
        above = paths[-1]
    return [path.removeprefix("OUT/") for path in paths]


def test_every_file_of_a_run_stands_in_the_list(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, missing={("sigmoid", "top_k")}, failed={("sigmoid", "threshold")})
    run.legs[run.manifest.legs[0].id].fail("KeyError: 1", "Traceback ...")
    ids = {"<leg id>": "[0-9a-f]{16}", "<k>": r"\d+"}
    patterns = [re.escape(path) for path in documented() if not path.endswith("/")]
    for name, form in ids.items():
        patterns = [pattern.replace(re.escape(name), form) for pattern in patterns]
    left = sorted(run.store.sizes().keys() - {str(Path(path).parent) for path in run.store.sizes()})
    assert left
    for path in left:
        assert any(re.fullmatch(pattern, path) for pattern in patterns), path
        leg, fold = r"[0-9a-f]{16}", "|".join(map(artifacts.fold_name, range(run.experiment.folds)))
        folder, _, name = path.rpartition("/")
        assert name in NAMES.values(), path
        assert re.fullmatch(rf"|{artifacts.LEGS}/{leg}(/({fold}))?", folder), path


def test_every_name_stands_in_the_list_once() -> None:
    leaves = [path.rstrip("/").split("/")[-1] for path in documented()]
    tops = [path.split("/")[0] for path in documented()]
    for name in NAMES.values():
        assert leaves.count(name) == 1 or name in tops, name
    assert len(set(NAMES.values())) == len(NAMES)


def test_every_json_file_names_its_schema_in_the_list() -> None:
    models = {model.__name__: model for model in MODELS}
    named = re.findall(r"(\w+\.json)(?:, failure\.log)? +(\w+)", artifacts.__doc__ or "")
    schemas = {name: schema for name, schema in named if schema in models}
    assert schemas.keys() == {name for name in NAMES.values() if name.endswith(".json")}
    for name, schema in schemas.items():
        assert (models[schema].__doc__ or "").startswith(f"{name}: ")


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_field_is_described(model: type[Artifact]) -> None:
    assert model.__doc__
    for name, field in model.model_fields.items():
        assert field.description, name


def test_a_files_content_is_its_models_and_nothing_more(tmp_path: Path) -> None:
    """Another version's file, with a field more, is refused; a value never changes."""
    run = make_fake_run(tmp_path, failed={("sigmoid", "threshold")})
    schemas = {name: schema for schema in MODELS for name in [str(schema.__doc__).partition(":")[0]]}
    seen = set()
    for path in tmp_path.rglob("*.json"):
        model = schemas[path.name]
        content = model.model_validate_json(path.read_text())
        assert json_bytes(content) == path.read_bytes()
        assert model.model_validate(content.model_dump()) == content
        with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
            model.model_validate(content.model_dump() | {"of_later": 1})
        with pytest.raises(ValidationError, match="frozen"):
            setattr(content, next(iter(model.model_fields)), None)
        seen.add(path.name)
    assert seen == {"run.json", "leg.json", "fold.json", "result.json", "failure.json"}
    assert run.manifest.legs[0].cells


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_a_legs_score_is_the_mean_of_its_folds(scores: list[float]) -> None:
    fold = FoldResult(
        iterations=1, own_iterations=1, seconds=1.0, rate=None, lwlrap=0.0, fscore=0.0, device="cpu", node="",
        files={},
    )  # fmt: skip
    folds = tuple(fold.model_copy(update={"lwlrap": score}) for score in scores)
    assert math.isclose(
        LegResult(folds=folds, fold_files=()).lwlrap, math.fsum(scores) / len(scores), abs_tol=1e-12
    )
