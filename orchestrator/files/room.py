"""A disk without room: who writes waits until there is some, and says so where the driver sees it.

OUT/.waiting is made by the driver; whoever waits overwrites it in place, which takes no room.
"""

import errno
import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

from trainable.errors import UserError

log = logging.getLogger(__name__)
BOARD = ".waiting"
BOARD_BYTES = 1024
FULL = (errno.ENOSPC, errno.EDQUOT)
ASK_SECONDS = 2.0
"""How often a write is tried again."""
LOOK_SECONDS = 5.0
"""How often the driver looks at the board."""
REPEAT_SECONDS = 300.0
"""How often it says the same again."""
WAIT_FOR_ROOM_SECONDS = 6 * 3600.0
"""How long a write waits: a night is too long, an evening is not."""


class NoRoom(UserError):
    """Nobody has made room."""


_waiting = 0


def is_waiting() -> bool:
    """Whether a write of this process waits for room now."""
    return _waiting > 0


def with_room(write: Callable[[], None], target: Path, size: int) -> None:
    """Do `write`, which needs `size` bytes at `target`, as soon as there is room.

    Raises:
        NoRoom: nobody has made any for WAIT_FOR_ROOM_SECONDS.
    """
    global _waiting
    if (text := _full(write, target, size)) is None:
        return
    end = time.monotonic() + WAIT_FOR_ROOM_SECONDS
    log.warning(text)
    _waiting += 1
    try:
        while text is not None:
            _post(target, text)
            if time.monotonic() > end:
                raise NoRoom(text)
            time.sleep(ASK_SECONDS)
            text = _full(write, target, size)
    finally:
        _waiting -= 1
    _post(target, "")


def _full(write: Callable[[], None], target: Path, size: int) -> str | None:
    """Write; what to say where there is no room."""
    try:
        write()
    except OSError as error:
        if error.errno not in FULL:
            raise
        place = next(folder for folder in target.parents if folder.exists())
        free = shutil.disk_usage(place).free
        quota = ", over quota" if error.errno == errno.EDQUOT else ""
        return f"no room for {target}: {size:,} bytes needed, {free:,} free{quota}"
    return None


def _post(target: Path, text: str) -> None:
    """Put a text on the board of the run that `target` belongs to, where there is one."""
    board = next((path for folder in target.parents if (path := folder / BOARD).exists()), None)
    if board is not None:
        content = json.dumps({"time": time.time(), "text": text[-BOARD_BYTES // 2 :]}).encode()
        with suppress(OSError), board.open("r+b") as file:
            file.write(content.ljust(BOARD_BYTES)[:BOARD_BYTES])


class _Reader:
    """Tells what is new on the board."""

    def __init__(self, board: Path, say: Callable[[str], None]) -> None:
        self.board, self.say = board, say
        self._seen = board.read_bytes()
        self._next: dict[str, float] = {}
        """When to say the same of a place again."""

    def look(self) -> None:
        """Say what has been posted since the last look, of each place once in a while."""
        content = self.board.read_bytes()
        if content == self._seen:
            return
        self._seen = content
        text = json.loads(content)["text"]
        place = text.partition(": ")[0]
        if text and time.monotonic() >= self._next.get(place, 0.0):
            self.say(f"{text}: waits, and goes on when there is room")
            self._next[place] = time.monotonic() + REPEAT_SECONDS
        elif self._next and not text:
            self.say("there is room again")
            self._next.clear()


@contextmanager
def waits_told(out: str, say: Callable[[str], None]) -> Iterator[None]:
    """While work goes on below the folder `out`, say who waits there for room; object storage has room."""
    if "://" in out:
        yield
        return
    board = Path(out) / BOARD
    board.parent.mkdir(parents=True, exist_ok=True)
    if not board.exists():
        board.write_bytes(b" " * BOARD_BYTES)
    reader, stop = _Reader(board, say), Event()

    def look() -> None:
        with suppress(OSError, ValueError):  # while it is being written
            reader.look()

    def watch() -> None:
        while not stop.wait(LOOK_SECONDS):
            look()

    Thread(target=watch, daemon=True).start()
    log.disabled = True  # what this process waits for is on the board too
    try:
        yield
    finally:
        log.disabled = False
        stop.set()
        look()
