"""check.json: everything that a look at a whole data set tells."""

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict

from orchestrator.data.tables import Kind, Problem

FILE = "check.json"
RemarkKind = Literal[
    "bad file, skipped", "officially bad", "equal audio in two parts", "equal audio in one part", "silent",
    "clipped", "other rate", "too long", "no line", "thin class", "torn source", "not as published",
]  # fmt: skip
FIXES: dict[Kind | RemarkKind, str] = {
    "layout": "name the tables and folders in data.plain (docs/own-data.md), or try `stagegrid init`",
    "table": "mend the line in the table, or restore the table",
    "vocabulary": "restore the file: a line `index,class` for each class, counted from 0",
    "file name": "write the clip's file name, without a folder, or remove the line",
    "missing file": "unpack the archive again, or remove the line",
    "clip twice": "remove one of the lines: a name may be in one part alone",
    "usage": "write Public, Private or nothing",
    "label": "write the label as the vocabulary does; several in one pair of quotes",
    "bad file": "replace the file or remove its line, or set data.bad_clips to skip",
    "class": "add verified clips of the class, or take it out of the vocabulary",
    "folds": "lower folds, or add verified clips",
    "columns of the grid": "leave the column out, or set stages.*.unverified to 0",
    "list of label errors": "mend the line, or remove the file: it is not needed",
    "bad file, skipped": "none needed: data.bad_clips is skip",
    "officially bad": "none needed: data.keep_bad keeps them",
    "equal audio in two parts": "remove one of the clips: a model is tested on what it was trained on",
    "equal audio in one part": "remove one of the clips: verified ones may fall into two folds",
    "silent": "listen to it; nothing can be learned of a clip without a signal",
    "clipped": "none needed; a recording that is less loud is better",
    "other rate": "none needed: they are resampled; audio.sample_rate may be theirs",
    "too long": "raise batches.clip_frames, or cut them: only some of their frames are seen",
    "no line": "add them to the table, or leave them: they are not used",
    "thin class": "add verified clips: some folds have none of the class to validate on",
    "torn source": "set fold_group to source, or trust the private part: cross-validation may flatter",
    "not as published": "compare with the download's checksums; corrected tables differ too",
}
"""What to do about each kind, in the order in which the kinds are shown."""


class Record(BaseModel):
    """Base of the records in check.json."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Finding(Record):
    """A fault or a remark."""

    kind: Kind | RemarkKind
    is_fault: bool
    """Whether `run` refuses the data set because of it."""
    path: str
    """File or folder; empty where it is the data set as a whole."""
    line: int | None
    """Line of a table."""
    text: str
    """The finding in words."""

    @classmethod
    def fault(cls, problem: Problem) -> "Finding":
        """A fault: `run` refuses the data set."""
        return cls(kind=problem.kind, is_fault=True, path=problem.path, line=problem.line, text=problem.text)

    @classmethod
    def remark(cls, kind: RemarkKind, text: str, path: str = "", line: int | None = None) -> "Finding":
        """A remark: `run` takes the data set as it is."""
        return cls(kind=kind, is_fault=False, path=path, line=line, text=text)


class PartFacts(Record):
    """Counts and lengths of a part of the data set."""

    part: str
    clips: int
    """Lines of its table."""
    readable: int
    """Files that were decoded to their end."""
    labels: int
    single: int
    """Clips with one label."""
    seconds: float
    """Length of all clips together."""
    shortest: float
    median: float
    longest: float
    rates: dict[int, int]
    """Clips by their rate in Hz."""
    channels: dict[int, int]
    """Clips by their number of channels."""


class ClassFacts(Record):
    """Numbers of clips of a class."""

    name: str
    verified: int
    folds: tuple[int, ...]
    """The verified ones by fold; empty where there are no folds."""
    unverified: int
    test: int


class PublishedCount(Record):
    """A count beside the one that was published."""

    name: str
    published: str
    counted: str

    @property
    def is_equal(self) -> bool:
        """Whether the count is the published one."""
        return self.published == self.counted


class Needs(Record):
    """Space that the features of the data set take, at the most: silence at the ends is cut off."""

    frames: int
    bytes: int
    """On disk, and in the memory of every machine."""
    disk_free: int
    """Bytes free where the command was given."""
    memory: int
    """Bytes of this machine's memory."""


class Check(Record):
    """The whole file."""

    data: str
    """The data set's folder."""
    config: str
    """The configuration."""
    layout: str
    classes: int
    seconds: float
    """Duration of the check."""
    parts: tuple[PartFacts, ...]
    per_class: tuple[ClassFacts, ...]
    published: tuple[PublishedCount, ...]
    """Empty where the classes are not those of FSDKaggle2019."""
    needs: Needs
    findings: tuple[Finding, ...]
    """Faults first, by kind."""

    @property
    def faults(self) -> tuple[Finding, ...]:
        """The findings because of which `run` refuses the data set."""
        return tuple(finding for finding in self.findings if finding.is_fault)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Faults first, by kind, each finding once."""
    kinds = list(FIXES)
    unique = dict.fromkeys(findings)
    return tuple(sorted(unique, key=lambda finding: (not finding.is_fault, kinds.index(finding.kind))))
