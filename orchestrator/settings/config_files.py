"""Configuration files: which one a name means, and what its text says: values, or an error with its line."""

import math
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from trainable.errors import UserError, did_you_mean

FOLDER = Path(__file__).parents[1] / "configs"
"""A link to the project's configs/; in a wheel the files themselves."""
LONGEST_TEXT = 100_000
"""Characters of a configuration; the shipped ones have 4,000."""
LONGEST_MESSAGE = 500
"""Characters that are kept of what the YAML parser says."""
DEEPEST = 30
"""Lists and mappings inside one another."""
LARGEST = 2**63 - 1
"""What fits a computer's whole number, of which seeds are made."""


def shipped_names() -> list[str]:
    """Names of the shipped configurations, such as demo and paper."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def is_shipped(config: Path) -> bool:
    """Whether `config` is the name of a shipped configuration and of no file here."""
    return str(config) in shipped_names() and not config.is_file()


def find_config(config: Path) -> Path:
    """The file that `--config` means: a path, or the name of a shipped configuration.

    Raises:
        UserError: there is neither; names the nearest that there is.
    """
    if is_shipped(config):
        return FOLDER / f"{config}.yaml"
    if not config.is_file():
        beside = [path for pattern in ("*.yaml", "*.yml") for path in config.parent.glob(pattern)]
        known = {name: name for name in shipped_names()} | {path.stem: str(path) for path in beside}
        hint, names = did_you_mean(config.stem, known, shown=known), ", ".join(shipped_names())
        raise UserError(f"{config}: no such configuration file{hint} (by name there are {names})")
    return config


class _Loader(yaml.SafeLoader):
    """Safe YAML with text for keys, each of them once, and nothing that stands for something else."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        if anchor := getattr(event, "anchor", None):
            raise ValueError(f"line {_line(event)}: write out what {anchor[:100]} stands for")
        if tag := getattr(event, "tag", None):
            raise ValueError(f"line {_line(event)}: take out the tag {tag[:100]}")
        if self.depth > DEEPEST:
            raise ValueError(f"line {_line(event)}: more than {DEEPEST} levels inside one another")
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            name = _key(key)
            if name in seen:
                raise ValueError(f"line {_line(key)}: {name[:100]} is given twice")
            seen.add(name)
        return super().construct_mapping(node, deep)


def _key(node: yaml.Node) -> str:
    """The text of a key."""
    if not isinstance(node, yaml.ScalarNode):
        raise ValueError(f"line {_line(node)}: a key must be a word, not a list or a mapping")
    if node.tag != "tag:yaml.org,2002:str":
        raise ValueError(f"line {_line(node)}: the key {node.value[:100]} must be in quotes")
    return str(node.value)


def _line(part: yaml.Node | yaml.Event) -> int:
    return part.start_mark.line + 1 if part.start_mark else 1


def parse_yaml(text: str) -> Any:
    """The values in `text`: dicts with text for keys, lists, text, numbers, truth values, dates, None.

    Raises:
        ValueError: the text is no YAML, too long, nested too deep, or has tags, anchors, keys that are no
            text or are given twice, or a number that is not finite or too large.
    """
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"{len(text)} characters are no configuration: {LONGEST_TEXT} are the most")
    try:
        content = _Loader(text).get_single_data()
    except (yaml.YAMLError, ArithmeticError) as error:
        raise ValueError(str(error)[:LONGEST_MESSAGE]) from error
    check_numbers(content)
    return content


def check_numbers(content: object, where: str = "") -> None:
    """Refuse numbers that are not finite or do not fit 64 bits, anywhere in `content`.

    Raises:
        ValueError: names the key.
    """
    if isinstance(content, dict):
        for key, value in content.items():
            check_numbers(value, f"{where}.{str(key)[:100]}" if where else str(key)[:100])
    elif isinstance(content, list | tuple):
        for number, value in enumerate(content):
            check_numbers(value, f"{where}.{number}")
    elif isinstance(content, float) and not math.isfinite(content):
        raise ValueError(f"{where or 'the value'}: must be a finite number (given: {content})")
    elif isinstance(content, int) and abs(content) > LARGEST:
        raise ValueError(f"{where or 'the value'}: must be at most {LARGEST}")
