"""What a message can mend. Any other exception is a fault of this program, and keeps its traceback."""

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

ASKED = 100
"""Characters of a name that are compared: a broken file may have one of megabytes."""


class UserError(ValueError):
    """Settings, data or a place are wrong; the message names what, and says what to do."""


class Diverged(UserError):
    """A fold's loss or scores are no longer finite: the same settings would end alike again."""


def did_you_mean(
    name: str,
    known: Iterable[str],
    *,
    before: str = ", ",
    least: float = 0.6,
    shown: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """The question ", did you mean x?" with the known name that is most like `name`; empty where none is.

    `least`: likeness from 0, which takes any, to 1; `shown`: how a known name is shown, if not as itself.
    """
    near = difflib.get_close_matches(name[:ASKED], known, 1, least)
    return f"{before}did you mean {shown.get(near[0], near[0])}?" if near else ""
