"""Every parser on some of the fuzz target's cases, on bytes of any kind, and on valid ones."""

from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.__main__ import case
from tests.fuzz.targets import TARGETS, attempt

FOUND: dict[str, list[int]] = {}
"""Cases that have failed once."""

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
"""What YAML can say."""
KEYS = st.sampled_from(
    ["name", "folds", "seeds", "stages", "stages.0", "stages.0.iterations", "activations", "selections",
     "ensembles", "audio", "audio.top_db", "data.plain", "data.plain.verified_csv", "batches.size",
     "model.channels", "resources.machines", "synth", "synth.seed", "report.level", "augment.time_warp",
     "optimizer.betas", "selections.top_k", "selections.top_k.k"]
)  # fmt: skip


@pytest.mark.parametrize("name", TARGETS)
def test_valid_bytes_are_read(name: str) -> None:
    for data in TARGETS[name].seeds():
        TARGETS[name].read(data)


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_bytes_give_a_value_or_a_message(name: str) -> None:
    for seed in [*range(40), *FOUND.get(name, [])]:
        attempt(name, case(name, seed))


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=20)
@given(data=st.binary(max_size=200))
def test_any_bytes_give_a_value_or_a_message(name: str, data: bytes) -> None:
    attempt(name, data)


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(key=KEYS, value=VALUES)
def test_any_value_of_any_setting_gives_a_value_or_a_message(key: str, value: Any) -> None:
    text = yaml.safe_dump(value, default_flow_style=True)
    attempt("set", f"{key}={text}".encode(errors="surrogateescape"))


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.text(alphabet=st.sampled_from("abn:-[]{},&*!|>'\"%@#?=<. \n\t~0123_eéx"), max_size=80))
def test_any_yaml_like_text_gives_a_value_or_a_message(text: str) -> None:
    attempt("yaml", text.encode())
