"""Settings of reports: what is refused, and that none of them names a trained model."""

from typing import Any

import pytest
import yaml

from orchestrator.legs.plan import make_plan
from orchestrator.settings.loading import parse_experiment
from orchestrator.settings.report_settings import ReportSettings
from tests.orchestrator.settings.tiny_config import MINIMAL
from trainable.errors import UserError

OTHERS: dict[str, Any] = {
    "clip_sigma": None,
    "resamples": 100,
    "level": 0.5,
    "bootstrap_seed": 7,
    "ties": "challenge",
    "embed_clips": True,
}


def with_report(**report: Any) -> Any:
    return parse_experiment(yaml.safe_load(MINIMAL) | {"report": report}, "tiny.yaml")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("clip_sigma", 0),
        ("resamples", 99),
        ("level", 0),
        ("level", 1),
        ("bootstrap_seed", -1),
        ("ties", "none"),
    ],
)
def test_what_has_no_meaning_is_refused(key: str, value: Any) -> None:
    with pytest.raises(UserError, match=rf"tiny\.yaml: report\.{key}: Input should be "):
        with_report(**{key: value})


def test_a_report_made_otherwise_trains_nothing_anew() -> None:
    plain = make_plan(with_report(), "data")
    assert OTHERS.keys() == ReportSettings.model_fields.keys()
    for key, value in OTHERS.items():
        changed = with_report(**{key: value})
        assert getattr(changed.report, key) == value != getattr(ReportSettings(), key)
        assert [leg.id for leg in make_plan(changed, "data").legs] == [leg.id for leg in plain.legs]
