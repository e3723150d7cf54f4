"""What is told of a sound file: length, loudness, content; the same in one process or several."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from orchestrator.own_data import sounds
from orchestrator.own_data.sounds import look_at, look_at_all
from tests.orchestrator.own_data.faulty_set import noise, write


def test_a_sound(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.stack([noise(0), noise(1)], axis=1), 44100, subtype="PCM_16")
    sound = look_at(str(tmp_path / "a.wav"))
    assert (sound.error, sound.samples, sound.rate, sound.channels) == ("", 2000, 44100, 2)
    assert sound.seconds == pytest.approx(2000 / 44100)
    assert 0.45 < sound.peak < 0.51
    assert not sound.is_silent
    assert not sound.is_clipped


@pytest.mark.parametrize(("level", "silent"), [(0.0, True), (0.00005, True), (0.001, False)])
def test_silence(tmp_path: Path, level: float, silent: bool) -> None:
    write(tmp_path / "a.wav", np.full(500, level))
    assert look_at(str(tmp_path / "a.wav")).is_silent == silent


@pytest.mark.parametrize(("cut", "clipped"), [(0, False), (1, False), (5, True)])
def test_clipping(tmp_path: Path, cut: int, clipped: bool) -> None:
    """A single sample at full scale is a peak, not a cut one."""
    samples = noise(0)
    samples[:cut] = -1.0
    write(tmp_path / "a.wav", samples)
    assert look_at(str(tmp_path / "a.wav")).is_clipped == clipped


def test_equal_audio_has_equal_content_whatever_its_header(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", noise(0))
    samples, rate = soundfile.read(tmp_path / "a.wav")
    soundfile.write(tmp_path / "b.flac", samples, rate, subtype="PCM_16")
    write(tmp_path / "c.wav", noise(1))
    write(tmp_path / "d.wav", noise(0), rate=44100)
    a, b, c, d = (look_at(str(tmp_path / name)).content for name in ("a.wav", "b.flac", "c.wav", "d.wav"))
    assert a == b
    assert len({a, c, d}) == 3


@pytest.mark.parametrize("data", [b"", b"RIFF", b"no sound at all"])
def test_a_bad_file_is_told_not_raised(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(data)
    assert str(tmp_path / "a.wav") in look_at(str(tmp_path / "a.wav")).error


def test_several_processes_tell_the_same_in_the_same_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        write(tmp_path / f"{number}.wav", noise(number, 100 + number))
    paths = [str(tmp_path / f"{number}.wav") for number in range(40)]
    alone = list(look_at_all(paths))
    monkeypatch.setattr(sounds, "FEW", 0)
    assert list(look_at_all(paths, processes=2)) == alone
    assert [sound.samples for sound in alone] == list(range(100, 140))
