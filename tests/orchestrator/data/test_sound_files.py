"""What is bad about a sound file, told from its header."""

import os
import socket
import struct
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from orchestrator.data.clip_table import read_dataset
from orchestrator.data.layouts import DataSettings
from orchestrator.data.sound_files import check_sound
from tests.places import REAL_MINI
from trainable.errors import UserError

RATE = 44100
SECOND = np.zeros(RATE, "<i2").tobytes()


def form(rate: int = RATE, channels: int = 1, code: int = 1) -> bytes:
    return struct.pack("<HHIIHH", code, channels, rate, 2 * rate * channels % 2**32, 2 * channels, 16)


def wav(body: bytes, form: bytes, riff: int | None = None, data: int | None = None) -> bytes:
    """A wav file; `riff` and `data` are lies about its sizes."""
    chunks = b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(body) if data is None else data) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks) if riff is None else riff) + b"WAVE" + chunks


BAD = {
    "cut": (wav(SECOND, form())[:-1000], "header claims 88244 bytes, the file has 87244"),
    "cut in its header": (wav(SECOND, form())[:30], "header claims 88244 bytes, the file has 30"),
    "longer than it says": (wav(SECOND, form()) + b"rest", "header claims 88244 bytes, the file has 88248"),
    "size of nothing": (wav(SECOND, form(), riff=0), "header claims 8 bytes"),
    "gigabytes": (wav(SECOND, form(), riff=2**32 - 1, data=2**32 - 9), "header claims 4294967303 bytes"),
    "gigabytes of samples": (
        wav(SECOND, form(), data=2**32 - 9),
        "header claims 4294967287 bytes of b'data'",
    ),
    "no samples": (wav(b"", form()), "it holds no samples"),
    "half a sample": (wav(SECOND + b"x", form()), "ends within a sample"),
    "no channels": (wav(SECOND, form(channels=0)), "names no channels"),
    "no format": (wav(SECOND, b""), "names no format"),
    "no data": (b"RIFF" + struct.pack("<I", 4) + b"WAVE", "there is no data chunk"),
    "a slow rate": (wav(SECOND, form(rate=3999)), "3999 Hz is none of a recording"),
    "no rate": (wav(SECOND, form(rate=0)), "0 Hz is none of a recording"),
    "a fast rate": (wav(SECOND, form(rate=2**32 - 1)), "4294967295 Hz is none of a recording"),
    "eleven minutes": (
        wav(bytes(2 * 4000 * 660), form(rate=4000)),
        "it is 660 seconds long: 600 are the most",
    ),
    "no sound": (b"not a sound at all", "Format not recognised"),
    "empty": (b"", "Format not recognised"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_named_with_the_reason_and_what_to_do(tmp_path: Path, name: str) -> None:
    data, reason = BAD[name]
    path = tmp_path / "a.wav"
    path.write_bytes(data)
    with pytest.raises(UserError) as caught:
        check_sound(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: cannot be read (")
    assert reason in message
    assert message.endswith("replace the file or drop the clip")


def test_eleven_minutes_of_another_format_are_too_long(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, np.zeros(4000 * 660), 4000)
    with pytest.raises(UserError, match="660 seconds long"):
        check_sound(path)


def test_a_name_that_promises_samples_without_a_header_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    path.write_bytes(SECOND)
    with pytest.raises(UserError, match=r"a\.raw: cannot be read"):
        check_sound(path)


def make(kind: str, path: Path) -> None:
    """Something at `path` that is no file."""
    if kind == "a folder":
        path.mkdir()
    elif kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
    else:
        path.symlink_to("/dev/zero")


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("kind", ["a folder", "a pipe", "a socket", "a device"])
def test_what_is_no_file_is_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, linked: bool
) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket has room for 100 characters
    path = Path("a.wav")
    make(kind, Path("behind.wav") if linked else path)
    if linked:
        path.symlink_to("behind.wav")
    began = time.monotonic()
    with pytest.raises(UserError, match=f"a.wav is {kind}, not a file"):
        check_sound(path)
    assert time.monotonic() - began < 1


@pytest.mark.skipif(not REAL_MINI.exists(), reason="the recordings are not beside the checkout")
def test_the_real_recordings_are_sound() -> None:
    for path in read_dataset(REAL_MINI, DataSettings()).clips["path"]:
        check_sound(path)
