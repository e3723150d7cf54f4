"""Whether results can be written to a place, before anything long begins."""

import os
import uuid
from pathlib import Path

from trainable.errors import UserError

GOOGLE_SECONDS = 15
PLACEHOLDER = "YOUR-BUCKET"
"""Stands in our own files and docs for a name that nobody but the user knows."""


def refuse_placeholder(option: str, place: str) -> None:
    """Refuse an address that was copied as it stands.

    Raises:
        UserError: says what to put in its place.
    """
    if PLACEHOLDER in place:
        raise UserError(
            f"{option} {place}: {PLACEHOLDER} stands for your bucket: put its name there "
            "(in cluster/gpu.yaml it is in head_setup_commands, as STAGEGRID_OUT)"
        )


def hasty(uri: str) -> str:
    """Google's client asks for a quarter of an hour where no credentials are: we ask again ourselves."""
    if uri.startswith(("gs://", "gcs://")) and "retry_limit_seconds" not in uri:
        return f"{uri}{'&' if '?' in uri else '?'}retry_limit_seconds={GOOGLE_SECONDS}"
    return uri


def check_place(out: str) -> None:
    """Refuse a folder that results cannot be written to; a URI such as s3://... is checked when it is opened.

    Raises:
        UserError: the name is empty, or is a file's, or nothing can be written there.
    """
    refuse_placeholder("--out", out)
    if "://" in out:
        return
    if not out.strip():
        raise UserError("--out is empty: name a folder")
    folder = Path(out)
    try:
        if folder.exists() and not folder.is_dir():
            raise UserError(f"--out {out} is a file: name a folder")
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".{uuid.uuid4().hex}.tmp"
        probe.write_bytes(b"can it be written to?")
        probe.unlink()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise UserError(f"--out {out[:200]}: cannot be written to ({reason}): name another folder") from error


def place_beside(out: Path | None, data: Path) -> Path | None:
    """Where to write what is found of the data set in `data`: nothing goes into it. Without `out` the current
    folder, or None where that is in the data set.

    Raises:
        UserError: `out` is in the data set, or cannot be written to.
    """
    folder = out or Path()
    inside = folder.resolve().is_relative_to(data.resolve())
    if inside and out:
        raise UserError(f"--out {out} is in the data set's folder, which is not changed: name another one")
    if not inside:
        check_place(str(folder))
    return None if inside else folder
