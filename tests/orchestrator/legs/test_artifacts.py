"""The list of a run's files, its schemas, and a run's folder say the same."""

import math
import re
from dataclasses import is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from orchestrator.files.store import Artifact, Store
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


SIMPLE = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5)
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    type(None): st.none(),
    bool: st.booleans(),
    int: st.integers(-(2**53), 2**53),
    float: st.floats(allow_nan=False, allow_infinity=False),  # JSON has neither
    str: st.text(max_size=5),
    Any: SIMPLE | st.lists(SIMPLE, max_size=3) | st.dictionaries(st.text(max_size=5), SIMPLE, max_size=3),
}


def values(annotation: Any) -> st.SearchStrategy[Any]:
    """Anything that a field of this type may hold."""
    if annotation in PLAIN:
        return PLAIN[annotation]
    origin = get_origin(annotation)
    if origin is Literal:
        return st.sampled_from(get_args(annotation))
    inner = [values(kind) for kind in get_args(annotation) if kind is not ...]
    if origin is None:
        return dataclasses(annotation) if is_dataclass(annotation) else written(annotation)
    if origin is UnionType:
        return st.one_of(inner)
    if origin is dict:
        return st.dictionaries(*inner, max_size=3)
    return st.lists(*inner, max_size=3).map(origin)


def dataclasses(kind: Any) -> st.SearchStrategy[Any]:
    return st.builds(kind, **{name: values(hint) for name, hint in get_type_hints(kind).items()})


def written(model: type[Artifact]) -> st.SearchStrategy[Artifact]:
    fields = {name: values(field.annotation) for name, field in model.model_fields.items() if name != "seal"}
    return st.builds(model, **fields)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_what_is_written_is_read(tmp_path: Path, model: type[Artifact]) -> None:
    store = Store.open(tmp_path)

    @given(written(model))
    def round_trip(content: Artifact) -> None:
        store.write_model("x.json", content)
        assert store.read_model("x.json", model) == content

    round_trip()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_another_versions_file_is_refused_and_a_value_never_changes(model: type[Artifact]) -> None:
    @given(written(model))
    def check(content: Artifact) -> None:
        with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
            model.model_validate(content.model_dump() | {"of_later": 1})
        with pytest.raises(ValidationError, match="frozen"):
            setattr(content, next(iter(model.model_fields)), None)

    check()


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
