"""YAML text as plain values: whatever text comes, values or a ValueError that names the line."""

import math
from collections.abc import Hashable
from typing import Any

import yaml

LONGEST_TEXT = 200_000
"""Characters of a configuration; the shipped ones have 4,000."""
LONGEST_MESSAGE = 500
"""Characters that are kept of what the YAML parser says."""
DEEPEST = 30
"""Lists and mappings inside one another."""
MOST_NODES = 10_000
"""Values, lists and mappings, those that aliases repeat counted each time."""
LARGEST = 2**63 - 1
"""What fits a computer's whole number, of which seeds are made."""


class _Loader(yaml.SafeLoader):
    """Safe YAML with text for keys, each of them once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            name = _key(key)
            if name in seen:
                raise ValueError(f"line {_line(key)}: {name[:100]} is given twice")
            seen.add(name)
        return super().construct_mapping(node, deep)


def parse_yaml(text: str) -> Any:
    """The values in `text`: dicts with text for keys, lists, text, numbers, truth values, dates, None.

    Raises:
        ValueError: the text is no YAML, too long, nested too deep, or has tags, merge keys, keys that are no
            text or are given twice, or a number that is not finite or too large.
    """
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"{len(text)} characters are no configuration: {LONGEST_TEXT} are the most")
    try:
        _check_events(text)
        node = yaml.compose(text, _Loader)
        if node is None:
            return None
        _count(node, {})
        content = _Loader("").construct_document(node)
    except (yaml.YAMLError, ArithmeticError) as error:
        raise ValueError(str(error)[:LONGEST_MESSAGE]) from error
    check_numbers(content)
    return content


def _check_events(text: str) -> None:
    """Before anything is built of it: YAML's own builder has no limits."""
    depth = 0
    for number, event in enumerate(yaml.parse(text, _Loader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise ValueError(f"line {_line(event)}: more than {DEEPEST} levels inside one another")
        if number > 2 * MOST_NODES:  # a list or mapping has a start and an end
            raise ValueError(f"line {_line(event)}: more than {MOST_NODES} values")
        if tag := getattr(event, "tag", None):
            raise ValueError(f"line {_line(event)}: take out the tag {tag[:100]}")


def _count(node: yaml.Node, known: dict[int, int]) -> int:
    """Nodes below `node` and itself, with every alias replaced by what it stands for."""
    if id(node) not in known:
        known[id(node)] = 0  # until it is counted: an alias to it stands inside of it
        count = 1
        for child in _children(node):
            count += _count(child, known)
            if count > MOST_NODES:
                raise ValueError(f"line {_line(child)}: more than {MOST_NODES} values")
        known[id(node)] = count
    if not known[id(node)]:
        raise ValueError(f"line {_line(node)}: an alias stands inside of what it stands for")
    return known[id(node)]


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [child for pair in node.value for child in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _key(node: yaml.Node) -> str:
    """The text of a key."""
    if node.tag == "tag:yaml.org,2002:merge":
        raise ValueError(f"line {_line(node)}: << merges mappings, which settings do not: write them out")
    if not isinstance(node, yaml.ScalarNode):
        raise ValueError(f"line {_line(node)}: a key must be a word, not a list or a mapping")
    if node.tag != "tag:yaml.org,2002:str":
        raise ValueError(f"line {_line(node)}: the key {node.value[:100]} must be in quotes")
    return str(node.value)


def _line(place: yaml.Node | yaml.Event) -> int:
    return place.start_mark.line + 1 if place.start_mark else 1


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
