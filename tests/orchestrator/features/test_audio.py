"""soundfile is the oracle, down to the bit."""

import struct
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from orchestrator.features import audio
from orchestrator.features.audio import read_audio
from trainable.config import Audio
from trainable.errors import UserError
from trainable.logmel import LogMel

RATE = 44100


def integers(n: int, channels: int = 1) -> NDArray[np.int16]:
    found = np.random.default_rng(n).integers(-32768, 32768, (n, channels), dtype=np.int16)
    found[: len(found) // 4] = -32768
    return found


def wav(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def form(channels: int = 1, code: int = 1, bits: int = 16) -> bytes:
    size = channels * bits // 8
    return struct.pack("<HHIIHH", code, channels, RATE, RATE * size, size, bits)


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_pcm16_is_bit_equal_to_soundfile_without_it(tmp_path: Path, channels: int) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, integers(5000, channels), RATE, subtype="PCM_16")
    expected = soundfile.read(path, dtype="float32", always_2d=True)[0].mean(axis=1)
    with mock.patch.object(audio, "_read_any", side_effect=AssertionError("not the fast path")):
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
    extra = (b"LIST", b"odd")
    path.write_bytes(wav(extra, (b"fmt ", form() + b"\0\0"), extra, (b"data", samples.tobytes()), extra))
    np.testing.assert_array_equal(read_audio(path, RATE), samples[:, 0] / np.float32(32768))
    np.testing.assert_array_equal(read_audio(path, RATE), soundfile.read(path, dtype="float32")[0])


@settings(deadline=None, max_examples=100)
@given(cut=st.integers(0, 300), position=st.integers(0, 43), value=st.integers(0, 255))
def test_damaged_files_are_named_or_give_what_soundfile_gives(
    tmp_path_factory: pytest.TempPathFactory, cut: int, position: int, value: int
) -> None:
    whole = wav((b"fmt ", form()), (b"data", integers(128).tobytes()))
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


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "cannot be read"),
        (b"RIFF????WAVEnonsense", "cannot be read"),
        (wav((b"fmt ", form()), (b"data", b"")), "no samples"),
        (wav((b"fmt ", b"\1\0"), (b"data", b"\0\0")), "cannot be read"),
    ],
)
def test_names_the_file_it_cannot_read(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "broken.wav"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=rf"broken\.wav: .*{reason}"):
        read_audio(path, RATE)


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
