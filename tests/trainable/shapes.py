"""Checks shapes while tests run: `x_BTM` has three dimensions, and a letter is one size throughout a call.

After a name's last underscore stands a letter or digit for each dimension: a digit is that size, a letter the
same size in all arguments of a call, in all variables that are left when it returns, and in what its
docstring promises, such as `: (B, C).`. Constructors of dataclasses are functions too. The check is a
profiler, so that nothing has to be wrapped; Python switches it off with the first mistake that it raises.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

import numpy as np
from torch import Tensor

SUFFIX = re.compile(r"_([A-Z0-9]+)$")
SHAPE = r"\((?:[A-Z0-9], ?)*[A-Z0-9],?\)"
PROMISE = re.compile(rf": (?:\w+ )?({SHAPE}(?: and {SHAPE})*)[.,]")


class WrongShape(AssertionError):
    """An array is not what its name says."""


def check(where: str, values: Mapping[str, object]) -> dict[str, int]:
    """Sizes of the letters in the names of `values`.

    Raises:
        WrongShape: a dimension is missing or too many, or a size is not that of its letter or digit.
    """
    sizes: dict[str, int] = {}
    for name, value in values.items():
        if (suffix := SUFFIX.search(name)) and isinstance(value, Tensor | np.ndarray):
            _fit(f"{where}: {name}", suffix[1], value, sizes)
    return sizes


def _fit(what: str, letters: str, value: Tensor | np.ndarray, sizes: dict[str, int]) -> None:
    shape = tuple(value.shape)
    if len(shape) != len(letters):
        raise WrongShape(f"{what} has shape {shape}, not ({', '.join(letters)})")
    for letter, size in zip(letters, shape, strict=True):
        expected = int(letter) if letter.isdigit() else sizes.setdefault(letter, size)
        if size != expected:
            raise WrongShape(f"{what} has shape {shape}, where {letter} is {expected}")


def _check_result(where: str, doc: tuple[object, ...], result: object, sizes: dict[str, int]) -> None:
    promise = PROMISE.search(doc[0]) if doc and isinstance(doc[0], str) else None
    for letters, value in zip(
        re.findall(SHAPE, promise[1]) if promise else (),
        result if isinstance(result, tuple) else (result,),
        strict=False,
    ):
        if isinstance(value, Tensor | np.ndarray):
            _fit(f"{where}: its result", re.sub(r"\W", "", letters), value, sizes)


@contextmanager
def checked(package: str) -> Iterator[None]:
    """For a while, check every call of this package's functions in this thread."""

    def listen(frame: FrameType, event: str, result: object) -> None:
        if event in ("call", "return") and frame.f_globals.get("__name__", "").startswith(package):
            sizes = check(frame.f_code.co_qualname, frame.f_locals)
            if event == "return" and result is not None:
                _check_result(frame.f_code.co_qualname, frame.f_code.co_consts[:1], result, sizes)

    before = sys.getprofile()
    sys.setprofile(listen)
    try:
        yield
    finally:
        sys.setprofile(before)
