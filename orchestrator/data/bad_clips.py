"""Clips whose files are bad: found by their headers before anything long begins, refused or left out."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from orchestrator.data.clip_table import ClipTable
from orchestrator.data.layouts import DataSettings
from orchestrator.data.sound_files import check_sound
from trainable.errors import UserError

THREADS = 16
"""Files looked at once: on a network's disk that is where the time goes."""
SHOWN = 10
"""Bad files listed in one message."""


class BadClips(UserError):
    """Clips that cannot be used, all of one pass over the data set."""

    def __init__(self, reasons: Mapping[str, str], total: int) -> None:
        self.reasons = dict(reasons)
        shown = "\n  ".join(list(self.reasons.values())[:SHOWN])
        more = f"\n  and {len(reasons) - SHOWN} more" if len(reasons) > SHOWN else ""
        super().__init__(
            f"{len(reasons)} of {total} clips cannot be used:\n  {shown}{more}\n"
            "with --set data.bad_clips=skip they are left out"
        )


def without_bad(table: ClipTable, settings: DataSettings) -> ClipTable:
    """The clips whose files are sound by their headers.

    Raises:
        BadClips: some are not, and the settings say to stop.
    """
    clips = table.clips
    reasons = dict(_bad(zip(clips["fname"], clips["path"], strict=True)))
    if reasons and settings.bad_clips == "stop":
        raise BadClips(reasons, len(clips))
    return table.without(reasons)


def _bad(files: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    """Names of the bad files and what is wrong with them, in the order of the files."""
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda file: (file[0], _reason(file[1])), files, chunksize=1))
    return ((fname, reason) for fname, reason in found if reason)


def _reason(path: str) -> str:
    try:
        check_sound(path)
    except UserError as error:
        return str(error)
    return ""
