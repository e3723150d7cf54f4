"""Failures, for people: a line for what they can mend, a traceback in a file for a fault of ours."""

import errno
import sys
import traceback
from tempfile import NamedTemporaryFile

from rich.console import Console

from orchestrator.files.printable import printable
from trainable.errors import UserError

LINE_SHOWN, LINES_SHOWN = 2_000, 60
"""Characters and lines of a message: whatever it quotes may be long."""
DISK_ERRORS = (
    errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG, errno.ENAMETOOLONG, errno.ENOTDIR,
    errno.EACCES, errno.EPERM,
)  # fmt: skip
"""What a disk may say when Python does not know the file's name: it was opened already, or by pyarrow."""
USERS_FAULT, OUR_FAULT = 2, 70
"""Exit codes: what the user can mend, and what he cannot."""


def complain(text: str) -> None:
    """Say what is wrong, on standard error."""
    lines = [
        line if len(line) <= LINE_SHOWN else f"{line[:LINE_SHOWN]}..."
        for line in printable(text).splitlines()
    ]
    shown = "\n".join([*lines[:LINES_SHOWN], *(["..."] if len(lines) > LINES_SHOWN else [])])
    Console(stderr=True, style="red").print(
        f"stagegrid: {shown}", markup=False, highlight=False, soft_wrap=True
    )


def explain_failure(error: Exception, debug: bool = False) -> int:
    """Say why a command has failed; its exit code. An OSError on a path or a full disk is the user's.

    `debug` shows the traceback first.
    """
    if debug:
        sys.stderr.writelines(traceback.format_exception(error))
    if isinstance(error, UserError):
        complain(str(error))
    elif isinstance(error, OSError) and (error.filename is not None or error.errno in DISK_ERRORS):
        complain(f"{error.filename or 'a file of the run'}: {error.strerror or error}")
    else:
        return _own_fault(error)
    return USERS_FAULT


def _own_fault(error: Exception) -> int:
    """Say that this program is to blame, and where the traceback is."""
    with NamedTemporaryFile("w", prefix="stagegrid-", suffix=".log", delete=False) as log:
        log.writelines(traceback.format_exception(error))
    complain(
        f"a fault of this program, not of what you asked for ({type(error).__name__}: {error}); its "
        f"traceback is in {log.name}. Finished work is kept."
    )
    return OUR_FAULT
