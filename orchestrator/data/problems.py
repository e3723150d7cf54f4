"""What is wrong with a data set: one reading of it, which either stops at once or gathers everything.

`run` stops where nothing sensible can be read any further, and tells the faults of a table's lines together.
`check` gathers them all. Both read by the same functions, which hand whatever is wrong to a `Problems`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from trainable.errors import UserError

T = TypeVar("T")
Kind = Literal[
    "layout", "table", "vocabulary", "file name", "missing file", "clip twice", "usage", "label", "bad file",
    "class", "folds", "columns of the grid", "list of label errors",
]  # fmt: skip
SHOWN = 10
"""Problems listed in one message."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and where."""

    kind: Kind
    path: str
    """File or folder; empty where it is the data set as a whole."""
    line: int | None
    """Of a table."""
    text: str
    """For people: the place, what is wrong, and mostly what to do."""

    @classmethod
    def at(cls, kind: Kind, path: Path, line: int, what: str) -> "Problem":
        """A fault in a line of a table."""
        return cls(kind, str(path), line, f"{path}, line {line}: {what}")

    @classmethod
    def of(cls, kind: Kind, path: Path | str, text: str) -> "Problem":
        """A fault of a whole file or folder, which `text` names."""
        return cls(kind, str(path), None, text)


@dataclass
class Problems:
    """Gathers, so that one message tells more than the first."""

    strict: bool = True
    """Whether to raise what makes the rest unreadable."""
    found: list[Problem] = field(default_factory=list)

    def add(self, problem: Problem) -> None:
        """A fault beside which the rest can be read."""
        self.found.append(problem)

    def stop(self, problem: Problem) -> None:
        """A fault without which more would follow: raised, or gathered for whoever wants all.

        Raises:
            UserError: strict.
        """
        if self.strict:
            raise UserError(problem.text)
        self.add(problem)

    def attempt(self, kind: Kind, path: Path | str, action: Callable[[], T]) -> T | None:
        """What `action` gives; None where it raised a UserError that was gathered.

        Raises:
            UserError: strict, and `action` raised it.
        """
        try:
            return action()
        except UserError as error:
            if self.strict:
                raise
            self.add(Problem.of(kind, path, str(error)))
            return None

    def raise_any(self) -> None:
        """Refuse a data set in which anything is wrong.

        Raises:
            UserError: the first problems, and how many more there are.
        """
        if self.found:
            more = len(self.found) - SHOWN
            tail = [f"... and {more} more"] if more > 0 else []
            raise UserError("\n".join([*(problem.text for problem in self.found[:SHOWN]), *tail]))
