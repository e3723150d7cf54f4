"""A trained system that tags clips: one network or several, the sound they listen to, the words they use.

It is also a folder, which torch, numpy, pydantic, librosa and safetensors are enough to open:

    model.json                  ModelFile
    <member>.safetensors        the weights of each network

Shapes: n samples, T frames, M mel bands, N clips, C classes.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
import safetensors.torch
import torch
from pydantic import Field, ValidationError
from torch import Tensor

from trainable.activations import Activation
from trainable.arrays import Scores
from trainable.bank import Bank
from trainable.config import Audio, Batches, Compute, Model, Settings
from trainable.errors import UserError
from trainable.evaluation import score_clips
from trainable.learner import arithmetic
from trainable.logmel import LogMel, Samples
from trainable.model import CnnGru
from trainable.postprocess import geometric_mean

MODEL = "model.json"
WEIGHTS_NAME = r"[A-Za-z0-9_.+-]{1,200}\.safetensors"
"""No slash: no file outside the folder is ever opened."""


class Member(Settings):
    """One network."""

    name: str
    """What it is: row, column, seed, fold."""
    file: Annotated[str, Field(pattern=f"^{WEIGHTS_NAME}$")]
    """Its weights."""
    sha256: str
    """Of that file."""
    activation: dict[str, Any]
    """Name and settings of its output structure."""


class ModelFile(Settings):
    """model.json: all that the weights do not say."""

    format: Literal["stagegrid model 1"] = "stagegrid model 1"
    name: str
    """What the system is called in the grid."""
    vocabulary: Annotated[tuple[str, ...], Field(min_length=1)]
    """The classes, in the order of the scores."""
    audio: Audio
    """Sound to log-mel frames."""
    network: Model
    """Size of every network."""
    batches: Batches
    """`clip_frames`: to how many frames a clip is fixed; the rest says how many are scored at once."""
    compute: Compute
    """How a GPU rounds."""
    members: Annotated[tuple[Member, ...], Field(min_length=1)]
    """The networks; a clip's score is the geometric mean of theirs."""

    @property
    def clip_seconds(self) -> float:
        """Seconds that a network hears at once without leaving anything out."""
        return self.batches.clip_frames * self.audio.hop / self.audio.sample_rate


@dataclass(frozen=True)
class Tagger:
    """Networks that are ready to tag; not for several threads."""

    file: ModelFile
    networks: tuple[tuple[CnnGru, Activation], ...]
    """Networks, each with its output structure."""
    device: torch.device

    @classmethod
    def assemble(cls, file: ModelFile, weights: Sequence[bytes], device: str | None = None) -> Self:
        """The system that `file` describes, with the content of each member's file.

        `device`: torch's name of it; None: a GPU where there is one.

        Raises:
            UserError: weights do not fit the network (names the member), or the device is not there.
        """
        place = _device(device)
        pairs = zip(file.members, weights, strict=True)
        return cls(file, tuple(_network(file, member, data, place) for member, data in pairs), place)

    @classmethod
    def load(cls, folder: str | Path, device: str | None = None) -> Self:
        """The system in a model's folder, as `stagegrid export --model` writes it.

        Raises:
            UserError: something is missing, or is not what was written; names the file.
        """
        file = read_model_file(Path(folder))
        weights = [_read_weights(Path(folder), member) for member in file.members]
        return cls.assemble(file, weights, device)

    def weights(self) -> list[bytes]:
        """The content of each member's file: what `assemble` takes."""
        states = [network.state_dict() for network, _ in self.networks]
        return [
            safetensors.torch.save({name: value.cpu().contiguous() for name, value in state.items()})
            for state in states
        ]

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The classes, in the order of the scores."""
        return self.file.vocabulary

    @cached_property
    def _logmel(self) -> LogMel:
        return LogMel(self.file.audio)

    def frames(self, samples: Samples) -> np.ndarray[Any, np.dtype[np.float16]]:
        """Log-mel frames of a clip as training has them: (n,) at `audio.sample_rate` Hz to dB, (T, M).

        Raises:
            UserError: there are no samples, or some are not finite.
        """
        return self._logmel(samples).astype(np.float16)

    def score(self, clips: Sequence[np.ndarray[Any, np.dtype[np.float16]]]) -> Scores:
        """Scores in [0, 1] of clips, each given as its frames (T, M): (N, C).

        A clip is fixed to `clip_frames` as in training: a shorter one is repeated, a longer one decimated.
        Several networks: the geometric mean of their scores, as the run scores its blends.
        """
        offsets = np.cumsum([0, *map(len, clips)])
        bank = Bank([np.concatenate(clips)], offsets, self.file.batches.clip_frames, self.device)
        rows = np.arange(len(clips))
        with arithmetic(self.file.compute):
            scores = [score_clips(*network, bank, rows, self.file.batches) for network in self.networks]
        return scores[0] if len(scores) == 1 else geometric_mean(np.stack(scores)).astype(np.float32)

    def tag(self, samples: Samples) -> dict[str, float]:
        """Each class's score of one clip, (n,) samples at `audio.sample_rate` Hz, the best first."""
        scores_C = self.score([self.frames(samples)])[0].tolist()
        pairs = zip(self.vocabulary, scores_C, strict=True)
        return dict(sorted(pairs, key=lambda pair: -pair[1]))


def read_model_file(folder: Path) -> ModelFile:
    """model.json of a folder.

    Raises:
        UserError: there is none, or it is damaged or another version's.
    """
    path = folder / MODEL
    try:
        return ModelFile.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{folder}: no model is here ({MODEL} is missing)") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UserError(f"{path} is damaged: {where}: {first['msg']}") from None


def _device(name: str | None) -> torch.device:
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    there = ["cpu", *(["cuda"] if gpus else []), *(f"cuda:{number}" for number in range(gpus))]
    if name is not None and name not in there:
        raise UserError(f"there is no device {name[:100]} here: choose from {', '.join(there)}")
    return torch.device(name or ("cuda" if gpus else "cpu"))


def _read_weights(folder: Path, member: Member) -> bytes:
    path = folder / member.file
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}): export the model again") from error
    if hashlib.sha256(data).hexdigest() != member.sha256:
        raise UserError(f"{path}: its content has changed since it was written: export the model again")
    return data


def _network(file: ModelFile, member: Member, data: bytes, device: torch.device) -> tuple[CnnGru, Activation]:
    """A member's network and output structure."""
    try:
        weights: dict[str, Tensor] = safetensors.torch.load(data)
        activation = Activation.make(**member.activation)
        with torch.device("meta"):  # its size is the file's word: no memory before the weights agree
            network = CnnGru(file.network, file.audio.n_mels, len(file.vocabulary), activation.n_heads)
        network.load_state_dict(weights, assign=True)
    except (RuntimeError, TypeError, ValueError, safetensors.SafetensorError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{member.name}: its weights do not fit its settings ({reason})") from error
    return network.to(device).eval(), activation
