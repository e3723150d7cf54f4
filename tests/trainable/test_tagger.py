"""A system of networks: its scores, its folder, and what opens it."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from tests.places import ROOT
from trainable.activations import Activation
from trainable.config import Audio, Batches, Compute, Model
from trainable.errors import UserError
from trainable.model import CnnGru
from trainable.postprocess import geometric_mean
from trainable.tagger import Member, ModelFile, Tagger

AUDIO = Audio(sample_rate=8000, window=320, hop=160, n_fft=512, n_mels=8, f_max=4000)
NETWORK = Model(channels=(4, 6), convolutions=1, gru=4, hidden=8)
CLASSES = ("Bark", "Meow", "[bold]Purr")


def weights_of(seed: int, heads: int) -> bytes:
    """A network whose scores depend on what it hears."""
    torch.manual_seed(seed)
    network = CnnGru(NETWORK, AUDIO.n_mels, len(CLASSES), heads)
    network.band_mean, network.band_std = torch.full((8,), -40.0), torch.full((8,), 15.0)
    with torch.no_grad():
        for head in network.heads:
            head.weight.mul_(20)  # type: ignore[operator]
    return safetensors.torch.save(dict(network.state_dict()))


def system(*rows: str) -> tuple[ModelFile, list[bytes]]:
    """A network for each of these rows of the grid."""
    structures = [Activation.make(row) for row in rows]
    weights = [weights_of(seed, structure.n_heads) for seed, structure in enumerate(structures)]
    members = tuple(
        Member(
            name=f"{structure.name}.fold-{k}",
            file=f"{structure.name}.fold-{k}.safetensors",
            sha256=hashlib.sha256(data).hexdigest(),
            activation=structure.describe(),
        )
        for k, (structure, data) in enumerate(zip(structures, weights, strict=True))
    )
    batches = Batches(size=8, crop_frames=16, clip_frames=40)
    file = ModelFile(
        name="sigmoid/top_k", vocabulary=CLASSES, audio=AUDIO, network=NETWORK, batches=batches,
        compute=Compute(), members=members,
    )  # fmt: skip
    return file, weights


def folder_of(place: Path, *rows: str) -> Path:
    """The same as a folder."""
    file, weights = system(*rows)
    place.mkdir(exist_ok=True)
    (place / "model.json").write_text(file.model_dump_json())
    for member, data in zip(file.members, weights, strict=True):
        (place / member.file).write_bytes(data)
    return place


def sounds() -> list[np.ndarray[tuple[int], np.dtype[np.float32]]]:
    """Clips shorter and longer than what is heard at once (0.8 s), of different pitch."""
    seconds = (0.1, 0.5, 0.8, 2.0)
    times = [np.arange(int(8000 * s)) / 8000 for s in seconds]
    return [np.sin(2 * np.pi * 300 * (k + 1) * t).astype(np.float32) for k, t in enumerate(times)]


def test_several_networks_speak_by_the_geometric_mean_and_one_alone_for_itself() -> None:
    file, weights = system("sigmoid", "sigmoid_sparsemax")
    both = Tagger.assemble(file, weights, "cpu")
    clips = [both.frames(sound) for sound in sounds()]
    alone = []
    for member, data in zip(file.members, weights, strict=True):
        one = Tagger.assemble(file.model_copy(update={"members": (member,)}), [data], "cpu")
        alone.append(one.score(clips))
    assert np.abs(alone[0] - alone[1]).max() > 0.05
    np.testing.assert_allclose(both.score(clips), geometric_mean(np.stack(alone)), atol=1e-6)
    assert both.score(clips).shape == (4, 3)
    assert np.ptp(both.score(clips), axis=0).max() > 0.05  # it hears


def test_tag_names_the_classes_the_best_first() -> None:
    tagger = Tagger.assemble(*system("sigmoid"), "cpu")
    tags = tagger.tag(sounds()[1])
    assert set(tags) == set(CLASSES)
    assert list(tags.values()) == sorted(tags.values(), reverse=True)


def test_what_is_heard_at_once_has_a_length() -> None:
    assert system("sigmoid")[0].clip_seconds == pytest.approx(0.8)


def test_weights_leave_as_they_came() -> None:
    file, weights = system("sigmoid", "softmax")
    again = Tagger.assemble(file, Tagger.assemble(file, weights, "cpu").weights(), "cpu")
    clips = [again.frames(sound) for sound in sounds()]
    assert (again.score(clips) == Tagger.assemble(file, weights, "cpu").score(clips)).all()


def test_a_folder_opens_where_neither_ray_nor_the_logistics_can_be_imported(tmp_path: Path) -> None:
    """By another process, which finds trainable/ alone."""
    folder = folder_of(tmp_path / "model", "sigmoid", "sigmoid_sparsemax")
    (tmp_path / "trainable").symlink_to(ROOT / "trainable")
    sound = sounds()[1]
    np.save(tmp_path / "x.npy", sound)
    asked = (
        "import sys\n"
        "for name in ('orchestrator', 'ray', 'pandas', 'pyarrow', 'yaml'):\n    sys.modules[name] = None\n"
        "import json, numpy\n"
        "from trainable.tagger import Tagger\n"
        "print(json.dumps(Tagger.load('model').tag(numpy.load('x.npy'))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=True,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
    )  # fmt: skip
    assert json.loads(done.stdout) == pytest.approx(Tagger.load(folder, "cpu").tag(sound), abs=1e-6)


def test_a_damaged_folder_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no model is here"):
        Tagger.load(tmp_path / "nothing")
    folder = folder_of(tmp_path / "model", "sigmoid")
    weights = folder / "sigmoid.fold-0.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(UserError, match=r"sigmoid\.fold-0\.safetensors: its content has changed"):
        Tagger.load(folder)
    weights.unlink()
    with pytest.raises(UserError, match="cannot be read"):
        Tagger.load(folder)
    (folder / "model.json").write_text("{}")
    with pytest.raises(UserError, match=r"model\.json is damaged: name"):
        Tagger.load(folder)


@pytest.mark.parametrize("file", ["../x.safetensors", "/etc/x.safetensors", "a/b.safetensors", "x.pt", "x"])
def test_no_file_outside_the_folder_and_none_of_another_kind_is_opened(tmp_path: Path, file: str) -> None:
    folder = folder_of(tmp_path / "model", "sigmoid")
    content = json.loads((folder / "model.json").read_text())
    content["members"][0]["file"] = file
    (folder / "model.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match=r"members\.0\.file"):
        Tagger.load(folder)


def test_a_size_that_the_weights_do_not_have_is_refused_before_it_costs_memory() -> None:
    file, weights = system("sigmoid")
    huge = file.model_copy(update={"network": Model(channels=(10**6, 10**6), gru=10**6)})
    with pytest.raises(UserError, match=r"sigmoid\.fold-0: its weights do not fit"):
        Tagger.assemble(huge, weights, "cpu")
    (member,) = file.members
    other = member.model_copy(update={"activation": {"name": "sigmoidd"}})
    with pytest.raises(UserError, match="unknown activation"):
        Tagger.assemble(file.model_copy(update={"members": (other,)}), weights, "cpu")
    with pytest.raises(UserError, match="do not fit"):
        Tagger.assemble(file, [b"no weights"], "cpu")
