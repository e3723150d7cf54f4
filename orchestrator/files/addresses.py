"""Where results may go: addresses as users give them, checked before anything long begins."""

import os
import uuid
from pathlib import Path
from urllib.parse import urlsplit

from trainable.errors import UserError

GOOGLE_SECONDS = 15
PLACEHOLDER = "YOUR-BUCKET"
"""Stands in our own files and docs for a name that nobody but the user knows."""


def refuse_placeholder(option: str, address: str) -> None:
    """Refuse an address that was copied as it stands.

    Raises:
        UserError: says what to put in its place.
    """
    if PLACEHOLDER in address:
        raise UserError(
            f"{option} {address}: {PLACEHOLDER} stands for your bucket: put its name there "
            "(in cluster/gpu.yaml it is in head_setup_commands, as STAGEGRID_OUT)"
        )


def hasty(uri: str) -> str:
    """The address with a bound on how long Google's client asks: a quarter of an hour where no credentials
    are. This program asks again itself.
    """
    if uri.startswith(("gs://", "gcs://")) and "retry_limit_seconds" not in uri:
        return f"{uri}{'&' if '?' in uri else '?'}retry_limit_seconds={GOOGLE_SECONDS}"
    return uri


def check_writable(out: str) -> None:
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


def folder_beside(out: Path | None, data: Path) -> Path | None:
    """The folder for what is learned of the data set in `data`, into which nothing goes: `out`, or the
    current folder, or None where that is in the data set.

    Raises:
        UserError: `out` is in the data set, or cannot be written to.
    """
    folder = out or Path()
    inside = folder.resolve().is_relative_to(data.resolve())
    if inside and out:
        raise UserError(f"--out {out} is in the data set's folder, which is not changed: name another one")
    if not inside:
        check_writable(str(folder))
    return None if inside else folder


def without_key(uri: str) -> str:
    """The URI as messages may show it.

    Raises:
        UserError: a secret is in it.
    """
    address = urlsplit(uri)
    shown = f"{address.scheme}://{address.netloc.rpartition('@')[2]}{address.path}"
    if address.password is not None:
        raise UserError(
            f"{shown}: a secret in an address ends up in process lists and shell histories: take it out, and "
            "give it as the cloud's own tools expect it (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a role)"
        )
    return shown
