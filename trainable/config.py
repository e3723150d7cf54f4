"""Frozen, validated settings of everything that can change a trained model.

Every field is marked with where its default comes from: `PAPER` (the section is named in its line) or
`OURS` (the paper does not give it). The marks are shown wherever a configuration is shown.

A trained model's identity is all settings but those that are marked otherwise (see `identity`), so that a new
setting cannot be forgotten.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from trainable.errors import did_you_mean


class Mark(StrEnum):
    """What a setting's annotation says of it besides its type."""

    PAPER = "paper"
    """Its default is the paper's."""
    OURS = "ours"
    """The paper does not give it."""
    NO_RESULT = "changes no result"
    """No trained model depends on it."""
    ELSEWHERE = "enters a model's identity elsewhere"
    """An identity holds it in another form: what it makes of the data, or a cell's own part of the grid."""


PAPER, OURS, NO_RESULT, ELSEWHERE = Mark

Share = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Decay = Annotated[float, Field(ge=0, lt=1)]
"""Weight of the past in a running mean."""


class Settings(BaseModel):
    """Base of all settings: immutable, unknown keys refused, field docs kept as descriptions."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        validate_default=True,
        allow_inf_nan=False,
    )


def marks(settings: type[Settings], prefix: str = "") -> Iterator[tuple[str, Mark]]:
    """Yield (dotted key, PAPER or OURS) for every marked field of `settings`."""
    for name, field in settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Settings):
            yield from marks(field.annotation, f"{prefix}{name}.")
        for mark in field.metadata:
            if mark in (PAPER, OURS):
                yield prefix + name, mark


def identity(settings: Settings) -> dict[str, Any]:
    """All settings but those marked NO_RESULT or ELSEWHERE, as JSON would say them."""
    fields = type(settings).model_fields.items()
    kept = [name for name, field in fields if not any(m in (NO_RESULT, ELSEWHERE) for m in field.metadata)]
    written = settings.model_dump(mode="json", include=set(kept))
    inner = {name: getattr(settings, name) for name in kept}
    return written | {name: identity(value) for name, value in inner.items() if isinstance(value, Settings)}


class Audio(Settings):
    """Waveform to log-mel energies (section 2.1)."""

    sample_rate: Annotated[PositiveInt, Field(le=768_000), OURS] = 44100
    """Hz; the rate of the data set. Files at another rate are resampled."""
    window: Annotated[PositiveInt, PAPER] = 1764
    """Samples in one frame: 40 ms."""
    hop: Annotated[PositiveInt, PAPER] = 882
    """Samples from one frame to the next: 50 % overlap."""
    n_fft: Annotated[PositiveInt, OURS] = 2048
    """Samples in one Fourier transform; the window is centred in it."""
    n_mels: Annotated[PositiveInt, PAPER] = 80
    """Mel bands."""
    spectrum: Annotated[Literal["magnitude", "power"], OURS] = "power"
    """What the mel filters sum: power, as librosa does by default, or the magnitudes that section 2.1 names;
    sums of magnitudes are squared, so that energies are in dB of power either way."""
    f_min: Annotated[float, OURS, Field(ge=0)] = 50.0
    """Hz; lower edge of the first mel band."""
    f_max: Annotated[PositiveFloat, OURS] = 16000.0
    """Hz; upper edge of the last mel band."""
    amin: Annotated[PositiveFloat, OURS] = 1e-10
    """Smallest mel power; lower powers count as this one."""
    top_db: Annotated[PositiveFloat | None, OURS] = 80.0
    """dB; energies lower than a clip's maximum minus this are raised to it. null: no floor."""
    trim_db: Annotated[PositiveFloat | None, OURS] = 60.0
    """dB below the clip's loudest frame under which its ends count as silent. null: keep the ends."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.window > self.n_fft:
            raise ValueError(f"window ({self.window}) is longer than n_fft ({self.n_fft}): raise n_fft")
        if not self.f_min < self.f_max <= self.sample_rate / 2:
            nyquist = self.sample_rate / 2
            raise ValueError(
                f"need f_min < f_max <= sample_rate / 2: {self.f_min} < {self.f_max} <= {nyquist}"
            )
        return self


class Model(Settings):
    """CNN-GRU (section 2.2, figure 1)."""

    channels: Annotated[tuple[PositiveInt, ...], Field(min_length=1), OURS] = (64, 128, 256, 512)
    """Channels of each convolutional block; the paper has four blocks."""
    convolutions: Annotated[PositiveInt, OURS] = 2
    """3x3 convolutions in a block, each with batch normalisation and ReLU; then 2x2 average pooling."""
    gru: Annotated[PositiveInt, OURS] = 256
    """Hidden units of the bidirectional GRU, per direction."""
    pooling: Annotated[Literal["max_mean", "max", "mean"], OURS] = "max_mean"
    """Pooling over time: the sum of maximum and mean, or one of them."""
    hidden: Annotated[PositiveInt, OURS] = 512
    """Units of the first fully connected layer; the second one has a unit per class and head."""
    dropout: Annotated[float, Field(ge=0, lt=1), OURS] = 0.2
    """Share of units dropped before each fully connected layer."""


class Optimizer(Settings):
    """Adam (section 4.2)."""

    learning_rate: Annotated[PositiveFloat, PAPER] = 0.001
    """Step size; a stage may set its own."""
    betas: Annotated[tuple[Decay, Decay], OURS] = (0.9, 0.999)
    """Decay of the running mean and of the running square of the gradient."""
    keep_state: Annotated[bool, OURS] = True
    """Keep Adam's running averages over a change of stage; false: start them anew."""


class Augment(Settings):
    """Mixup and SpecAugment (section 2.1)."""

    mixup_alpha: Annotated[float, Field(ge=0), OURS] = 0.5
    """Both parameters of the Beta distribution of the mixing weight. 0: no mixup."""
    time_warp: Annotated[NonNegativeInt, OURS] = 40
    """Most frames by which the warped point moves. 0: no time warping."""
    frequency_masks: Annotated[NonNegativeInt, OURS] = 2
    """Masks over mel bands in each crop."""
    frequency_mask_share: Annotated[Share, OURS] = 0.15
    """Widest frequency mask, as a share of the bands."""
    time_masks: Annotated[NonNegativeInt, OURS] = 2
    """Masks over frames in each crop."""
    time_mask_share: Annotated[Share, OURS] = 0.2
    """Widest time mask, as a share of the crop's frames."""


class Batches(Settings):
    """What one iteration sees, and what evaluation sees (sections 2.1 and 4.2)."""

    size: Annotated[PositiveInt, PAPER] = 64
    """Clips in a training batch."""
    crop_frames: Annotated[PositiveInt, PAPER] = 512
    """Consecutive frames of each clip in training."""
    clip_frames: Annotated[PositiveInt, PAPER] = 2000
    """Frames to which a clip is repeated, or decimated where it is longer; all are seen in evaluation."""

    @model_validator(mode="after")
    def _crop_fits(self) -> Self:
        if self.crop_frames > self.clip_frames:
            raise ValueError(
                f"crop_frames ({self.crop_frames}) must not exceed clip_frames ({self.clip_frames})"
            )
        return self


class Schedule(Settings):
    """When a model is scored and saved, and which weights count."""

    evaluate_every: Annotated[PositiveInt, OURS] = 500
    """Iterations from one score on the validation fold to the next; the end of a stage is always scored."""
    checkpoint_every: Annotated[PositiveInt, OURS, NO_RESULT] = 500
    """Iterations from one checkpoint to the next: what a killed run can lose."""
    weights: Annotated[Literal["last", "best"], OURS] = "last"
    """Weights that predict at the end of a stage: the last, or those of its best validation lwlrap."""
    f_threshold: Annotated[Share, OURS] = 0.4
    """Score from which a class counts as present in the F-score."""


class Compute(Settings):
    """How the arithmetic is done; speed on a GPU bought with rounding, so part of a result's identity."""

    precision: Annotated[Literal["float32", "bfloat16"], OURS] = "float32"
    """Type of the network's activations; bfloat16 is autocast, for GPUs (20 times slower on most CPUs)."""
    tf32: Annotated[bool, OURS] = False
    """Let NVIDIA GPUs round the inputs of float32 products to 10 bits."""
    channels_last: Annotated[bool, OURS] = False
    """Keep images as (B, T, M, C) in memory: on CPUs faster for narrow networks, slower for wide ones."""
    fused_adam: Annotated[bool, OURS] = True
    """Take Adam's step over all weights in one operation: faster, and it never waits for a GPU."""
    compile: Annotated[bool, OURS] = False
    """Compile the network with torch.compile: a slow start, then faster."""


class TrainingSettings(Settings):
    """Everything about training that all cells of a grid have in common."""

    model: Model = Model()
    optimizer: Optimizer = Optimizer()
    augment: Augment = Augment()
    batches: Batches = Batches()
    schedule: Schedule = Schedule()
    compute: Compute = Compute()

    @model_validator(mode="after")
    def _warp_fits(self) -> Self:
        warp, crop = self.augment.time_warp, self.batches.crop_frames
        if 2 * warp + 2 >= crop:
            raise ValueError(
                f"augment.time_warp ({warp}) must be under half of batches.crop_frames ({crop}): lower it"
            )
        return self


class Mechanism(Settings):
    """A named choice on one axis of the grid: a subclass per choice, its settings as fields."""

    name: ClassVar[str] = ""

    @classmethod
    def choices(cls) -> dict[str, type[Self]]:
        """Every subclass that gives itself a name, by it; one without has inherited its parent's."""
        below = {name: kind for child in cls.__subclasses__() for name, kind in child.choices().items()}
        return ({cls.name: cls} if vars(cls).get("name") else {}) | below

    @classmethod
    def make(cls, name: str, **settings: object) -> Self:
        """The choice called `name` with these settings.

        Raises:
            ValueError: there is no such choice, or a setting is unknown or out of its range.
        """
        choices = cls.choices()
        if name not in choices:
            hint = did_you_mean(name, choices, before="; ")
            known = ", ".join(sorted(choices))
            raise ValueError(f"unknown {cls.__name__.lower()} {name!r}: choose from {known}{hint}")
        return choices[name].model_validate(settings)

    def describe(self) -> dict[str, object]:
        """Name and settings, as they enter the identity of a trained model."""
        return {"name": self.name, **identity(self)}
