"""A file of cluster/ as a mapping, and ways to break it."""

from collections.abc import Callable
from typing import Any

import yaml

from tests.places import ROOT

CLUSTER = ROOT / "cluster"
Config = dict[str, Any]


def load(name: str) -> Config:
    content = yaml.safe_load((CLUSTER / name).read_text())
    assert isinstance(content, dict)
    return content


def put(*keys: str, value: Any) -> Callable[[Config], None]:
    def change(config: Config) -> None:
        place: Any = config
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value

    return change


def drop(*keys: str) -> Callable[[Config], None]:
    def change(config: Config) -> None:
        place: Any = config
        for key in keys[:-1]:
            place = place[key]
        del place[keys[-1]]

    return change
