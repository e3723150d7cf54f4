"""The settings: paper values, marks, refusals."""

import json
import warnings
from typing import Annotated, Any, get_type_hints

import pytest
from pydantic import ValidationError

from trainable.activations import Activation
from trainable.config import (
    ELSEWHERE,
    NO_RESULT,
    OURS,
    PAPER,
    Audio,
    Augment,
    Batches,
    Settings,
    TrainingSettings,
    identity,
    marks,
)
from trainable.selection import Selection
from trainable.stages import StageSettings

KINDS: list[type[Settings]] = [
    Audio,
    TrainingSettings,
    StageSettings,
    *Activation.choices().values(),
    *Selection.choices().values(),
]


def _leaves(settings: type[Settings], prefix: str = "") -> set[str]:
    found: set[str] = set()
    for name, field in settings.model_fields.items():
        kind = field.annotation
        nested = isinstance(kind, type) and issubclass(kind, Settings)
        found |= _leaves(kind, f"{prefix}{name}.") if nested else {prefix + name}  # type: ignore[arg-type]
    return found


def test_the_papers_values() -> None:
    training, audio = TrainingSettings(), Audio()
    assert (audio.n_mels, audio.window / audio.sample_rate, audio.hop / audio.window) == (80, 0.04, 0.5)
    assert (training.batches.size, training.batches.crop_frames, training.batches.clip_frames) == (
        64,
        512,
        2000,
    )
    assert training.optimizer.learning_rate == 0.001
    assert len(training.model.channels) == 4
    threshold = Selection.make("threshold").describe()
    assert threshold == {
        "name": "threshold",
        "k": 10,
        "rank_by": "loss",
        "alpha": 0.9,
        "mask_target": "unverified",
    }


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_setting_is_marked_once_and_described(kind: type[Settings]) -> None:
    marked = list(marks(kind))
    assert {key for key, _ in marked} == _leaves(kind)
    assert len(marked) == len(_leaves(kind))
    assert {mark for _, mark in marked} <= {PAPER, OURS}
    for name, field in kind.model_fields.items():
        nested = isinstance(field.annotation, type) and issubclass(field.annotation, Settings)
        assert nested or field.description, name


def test_marks_name_nested_keys() -> None:
    found = dict(marks(TrainingSettings))
    assert found["batches.size"] == PAPER
    assert found["augment.mixup_alpha"] == OURS


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Audio().__setattr__("n_mels", 40)


def test_settings_survive_json() -> None:
    training = TrainingSettings.model_validate({"model": {"channels": [8, 16]}, "augment": {"time_warp": 3}})
    assert TrainingSettings.model_validate_json(training.model_dump_json()) == training


@pytest.mark.parametrize(
    ("kind", "given", "message"),
    [
        (TrainingSettings, {"bathces": {}}, "bathces"),
        (Audio, {"window": 4096}, "raise n_fft"),
        (Audio, {"f_min": 16000.0}, "f_min < f_max"),
        (Audio, {"sample_rate": 22050}, "sample_rate / 2"),
        (Batches, {"crop_frames": 2001}, "must not exceed clip_frames"),
        (TrainingSettings, {"augment": {"time_warp": 255}}, "lower it"),
        (Augment, {"time_mask_share": 1.5}, "time_mask_share"),
        (StageSettings, {"iterations": 0}, "iterations"),
    ],
)
def test_contradictions_are_refused(kind: type[Settings], given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind.model_validate(given)


def test_the_widest_time_warp_that_fits() -> None:
    assert TrainingSettings(augment=Augment(time_warp=254)).augment.time_warp == 254


# --- identity ----------------------------------------------------------------------------------------------


def _annotations(kind: type[Settings]) -> dict[str, tuple[Any, ...]]:
    """Each field's marks, as they stand in the class."""
    hints = get_type_hints(kind, include_extras=True)
    return {name: getattr(hints[name], "__metadata__", ()) for name in kind.model_fields}


def _is_told(found: dict[str, Any], settings: Settings) -> None:
    """Every field is in the identity, at every depth, unless it is marked."""
    marks_of = _annotations(type(settings))
    kept = {name for name, given in marks_of.items() if NO_RESULT not in given and ELSEWHERE not in given}
    assert found.keys() == kept
    for name in kept:
        value = getattr(settings, name)
        if isinstance(value, Settings):
            _is_told(found[name], value)
        else:
            assert found[name] == json.loads(json.dumps(value)), name


class _Inner(Settings):
    told: Annotated[int, OURS] = 1
    silent: Annotated[int, OURS, NO_RESULT] = 2


class _Outer(Settings):
    inner: _Inner = _Inner()
    hidden: Annotated[_Inner, ELSEWHERE] = _Inner()
    pair: Annotated[tuple[int, int], OURS] = (3, 4)
    told_elsewhere: Annotated[str, PAPER, ELSEWHERE] = "x"


def test_an_identity_is_what_is_not_marked() -> None:
    assert identity(_Outer()) == {"inner": {"told": 1}, "pair": [3, 4]}


@pytest.mark.parametrize("kind", [Audio, TrainingSettings], ids=lambda kind: kind.__name__)
def test_identities_hold_every_setting_but_the_marked(kind: type[Settings]) -> None:
    _is_told(identity(kind()), kind())


def test_how_often_a_fold_is_saved_is_nobodys_identity() -> None:
    saved = [TrainingSettings.model_validate({"schedule": {"checkpoint_every": n}}) for n in (1, 9)]
    assert saved[0] != saved[1]
    assert identity(saved[0]) == identity(saved[1])


@pytest.mark.parametrize("key", sorted(_leaves(TrainingSettings) - {"schedule.checkpoint_every"}))
def test_every_other_setting_of_training_is(key: str) -> None:
    section, name = key.split(".")
    plain = TrainingSettings()
    inner = getattr(plain, section).model_copy(update={name: "something else"})
    with warnings.catch_warnings(action="ignore"):  # pydantic's: the type is not the field's
        assert identity(plain.model_copy(update={section: inner})) != identity(plain)


@pytest.mark.parametrize("axis", [Activation, Selection])
def test_a_choice_is_described_by_its_name_and_every_setting(
    axis: type[Activation] | type[Selection],
) -> None:
    for name, kind in axis.choices().items():
        found = axis.make(name).describe()
        assert found.pop("name") == name
        _is_told(found, kind())


# --- choices -----------------------------------------------------------------------------------------------


def test_choices_are_the_named_subclasses() -> None:
    assert {"sigmoid", "sigmoid_softmax", "sigmoid_sparsemax"} <= set(Activation.choices())
    assert {"verified_only", "top_k", "threshold"} <= set(Selection.choices())
    assert "" not in Activation.choices() | Selection.choices()


def test_a_choice_keeps_its_settings() -> None:
    made = Activation.make("sigmoid_softmax", head_weights=[1, 0.5], bce_reduction="mean")
    expected = {"name": "sigmoid_softmax", "head_weights": [1.0, 0.5], "bce_reduction": "mean"}
    assert made.describe() == expected


def test_unknown_choices_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"unknown activation 'sigmod'.*sigmoid_softmax"):
        Activation.make("sigmod")
    with pytest.raises(ValueError, match="treshold"):
        Selection.make("top_k", treshold=1)
