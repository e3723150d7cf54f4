"""What is bad about a sound file, told from its header; what is read of one that is not."""

import os
import socket
import struct
import time
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from orchestrator.data import sound_files
from orchestrator.data.clip_table import read_dataset
from orchestrator.data.layouts import DataSettings
from orchestrator.data.sound_files import check_sound, read_audio
from tests.places import REAL_MINI
from trainable.config import Audio
from trainable.errors import UserError
from trainable.logmel import LogMel

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


# --- samples: soundfile is the oracle, down to the bit -------------------------------------------------


def integers(n: int, channels: int = 1) -> NDArray[np.int16]:
    noise = np.random.default_rng(n).integers(-32768, 32768, (n, channels), dtype=np.int16)
    noise[: len(noise) // 4] = -32768
    return noise


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_pcm16_is_bit_equal_to_soundfile_without_it(tmp_path: Path, channels: int) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, integers(5000, channels), RATE, subtype="PCM_16")
    expected = soundfile.read(path, dtype="float32", always_2d=True)[0].mean(axis=1)
    with mock.patch.object(sound_files, "_read_any", side_effect=AssertionError("not the fast path")):
        ours = read_audio(path, RATE)
    assert ours.dtype == np.float32
    np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize(
    ("suffix", "subtype"),
    [(".wav", "PCM_24"), (".wav", "PCM_U8"), (".wav", "FLOAT"), (".wav", "ULAW"), (".flac", "PCM_16")],
)
def test_other_formats(tmp_path: Path, suffix: str, subtype: str) -> None:
    path = tmp_path / f"a{suffix}"
    soundfile.write(path, integers(5000, 2), RATE, subtype=subtype)
    expected = soundfile.read(path, dtype="float32")[0].mean(axis=1)
    np.testing.assert_array_equal(read_audio(path, RATE), expected)


def test_extra_chunks_and_long_format_chunk(tmp_path: Path) -> None:
    path, samples = tmp_path / "a.wav", integers(101)
    extra = b"LIST" + struct.pack("<I", 3) + b"odd\0"
    data = samples.tobytes()
    chunks = [extra, b"fmt ", struct.pack("<I", 18), form(), b"\0\0", extra, b"data"]
    body = b"WAVE" + b"".join([*chunks, struct.pack("<I", len(data)), data, extra])
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    np.testing.assert_array_equal(read_audio(path, RATE), samples[:, 0] / np.float32(32768))
    np.testing.assert_array_equal(read_audio(path, RATE), soundfile.read(path, dtype="float32")[0])


@settings(deadline=None, max_examples=100)
@given(cut=st.integers(0, 300), position=st.integers(0, 43), value=st.integers(0, 255))
def test_damaged_files_are_named_or_give_what_soundfile_gives(
    tmp_path_factory: pytest.TempPathFactory, cut: int, position: int, value: int
) -> None:
    whole = wav(integers(128).tobytes(), form())
    data = bytearray(whole)
    data[position] = value
    path = tmp_path_factory.getbasetemp() / "damaged.wav"
    path.write_bytes(data[: len(data) - cut])
    try:
        ours = read_audio(path, RATE)
    except UserError as error:
        refused = str(error)
    else:
        refused = ""
    if refused:
        assert "damaged.wav: cannot be read (" in refused
        assert bytes(data) != whole or cut
        return
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    if rate == RATE:
        np.testing.assert_array_equal(ours, samples.mean(axis=1))


def test_resamples_after_mixing_down(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    time = np.arange(22050) / 22050
    tone = np.stack([np.sin(2 * np.pi * 440 * time), np.zeros(22050)], axis=1).astype(np.float32)
    soundfile.write(path, tone, 22050, subtype="FLOAT")
    ours = read_audio(path, RATE)
    np.testing.assert_array_equal(ours, soxr.resample(tone.mean(axis=1), 22050, RATE))
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(44100) / 44100)
    np.testing.assert_allclose(ours[2000:-2000], expected[2000:-2000], atol=1e-3)


def test_names_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"gone\.wav: cannot be read"):
        read_audio(tmp_path / "gone.wav", RATE)


@pytest.mark.parametrize(
    ("count", "rate"), [(1, 44100), (1, 96000), (1, 4000), (30000, 44100)], ids=lambda value: str(value)
)
def test_silence_and_a_single_sample_are_sounds(tmp_path: Path, count: int, rate: int) -> None:
    """The data set itself has silent clips: they keep at least one frame."""
    path = tmp_path / "quiet.wav"
    soundfile.write(path, np.zeros(count), rate, subtype="PCM_16")
    samples = read_audio(path, RATE)
    assert len(samples) >= 1
    frames = LogMel(Audio())(samples)
    assert len(frames) >= 1
    assert np.isfinite(frames).all()
