"""A commented configuration for what a survey has found: sizes for a laptop, the paper's beside them."""

import json
import re
from pathlib import Path

from orchestrator.files.store import Store
from orchestrator.own_data.survey import Survey
from orchestrator.settings.config_files import FOLDER, parse_yaml
from orchestrator.settings.loading import parse_experiment
from trainable.errors import UserError

FILE = "stagegrid.yaml"
FRAMES_PER_SECOND = 50
HIGHEST_RATE = 44100
"""Hz; faster recordings are resampled."""


def write_new(folder: Path, text: str) -> Path:
    """Write the configuration to `folder`, whole.

    Raises:
        UserError: there is one already.
    """
    path = folder / FILE
    if path.exists():
        raise UserError(f"{path} is there already, and stays as it is: remove it or name another folder")
    Store.open(folder).write(FILE, text.encode())
    return path


def shipped_text(name: str) -> str:
    """A shipped configuration, with its new name in the commands of its head."""
    return (FOLDER / f"{name}.yaml").read_text(encoding="utf-8").replace(f"configs/{name}.yaml", FILE)


def configuration_text(found: Survey, folder: Path) -> str:
    """The configuration for the data set in `folder`, which is known to load."""
    several = bool(found.clips.get("unverified"))
    text = "\n".join(
        [
            *_head(found, folder),
            f"name: {_name(folder)}",
            f"folds: {_folds(found)}                   # of the verified clips; the paper has 4",
            *_data(found),
            *_sizes(found),
            *_stages(several),
            *_grid(several, _batch(found)),
            "",
            "resources: {legs_per_run: forest}   # one: every leg a run of its own, on larger machines",
            "",
        ]
    )
    parse_experiment(parse_yaml(text), FILE)
    return text


def _name(folder: Path) -> str:
    return re.sub(r"[^A-Za-z0-9_+-]+", "-", folder.absolute().name).strip("-")[:64] or "mine"


def _head(found: Survey, folder: Path) -> list[str]:
    counts = ", ".join(f"{count} {part}" for part, count in found.clips.items())
    where = folder / FILE
    return [
        f"# Made by `stagegrid init` from what is in the folder: {counts} clips.",
        "#",
        f"#   stagegrid check --config {where} --data {folder}",
        f"#   stagegrid run --config {where} --data {folder} --out runs/{_name(folder)}",
        "#",
        "# A setting that is not here has its default: `stagegrid init --paper` writes all of them.",
        "# What was computed stays when a row or a column is added.",
    ]


def _folds(found: Survey) -> int:
    return max(2, min(4, found.rarest))


def _batch(found: Survey) -> int:
    return 32 if found.clips["verified"] >= 64 else 8


def _data(found: Survey) -> list[str]:
    if found.layout != "plain":
        return ["", "data:", f"  layout: {found.layout}", *_stop()]
    lines = ["", "data:", "  layout: plain", "  plain:                   # paths from the folder of --data"]
    for part, table in found.tables.items():
        guess = "   # a guess, its name says nothing: is it so?" if part in found.guessed else ""
        lines += [
            f"    {part}_csv: {json.dumps(table.csv)}{guess}",
            f"    {part}_folder: {json.dumps(table.folder)}",
        ]
    lines += [f"  # not used: {name}" for name in found.ignored]
    return [*lines, *_stop()]


def _stop() -> list[str]:
    return ["  bad_clips: stop          # skip: leave out sound files that cannot be read"]


def _sizes(found: Survey) -> list[str]:
    rate = min(found.rate, HIGHEST_RATE)
    window = round(0.04 * rate)
    frames = min(2000, max(64, round(found.longest * FRAMES_PER_SECOND)))
    return [
        "",
        "audio:",
        f"  sample_rate: {rate}       # Hz, as most of the recordings have",
        f"  window: {window}             # 40 ms, as in the paper",
        f"  hop: {window // 2}",
        f"  n_fft: {1 << (window - 1).bit_length()}",
        f"  n_mels: {64 if rate >= 32000 else 40}               # the paper has 80",
        f"  f_max: {min(16000, int(0.45 * rate))}",
        "",
        "# A network for a laptop; the paper's: [64, 128, 256, 512], convolutions: 2, gru: 256, hidden: 512.",
        "model: {channels: [8, 16, 32, 32], convolutions: 1, gru: 32, hidden: 64, dropout: 0.1}",
        "",
        "optimizer: {learning_rate: 0.002}   # the paper has 0.001, for its larger network",
        "",
        "augment: {time_warp: 8}",
        "",
        "batches:",
        f"  size: {_batch(found)}                 # the paper has 64",
        f"  crop_frames: {min(128, frames)}         # frames of a training example: 50 are a second",
        f"  clip_frames: {frames}         # frames of a clip at test: the longest one looked at",
        "",
        "schedule: {evaluate_every: 100, checkpoint_every: 100}",
    ]


def _stages(several: bool) -> list[str]:
    share = ", unverified: 0.5" if several else ""
    return [
        "",
        "stages:                    # the paper has 10000, 10000 and 5000 iterations",
        "  - {iterations: 1000}",
        f"  - {{iterations: 1000{share}}}",
        "  - {iterations: 500}",
    ]


def _grid(several: bool, batch: int) -> list[str]:
    k = max(1, round(batch / 2 * 10 / 32))
    columns = [f"  top_k: {{k: {k}}}", f"  threshold: {{k: {k}}}"] if several else []
    return [
        "",
        "activations:               # rows of the grid",
        "  sigmoid: {}",
        "  sigmoid_softmax: {}",
        "  sigmoid_sparsemax: {}",
        "",
        "selections:                # columns of the grid: which unverified clips count in stage 2",
        "  verified_only: {}",
        *(columns or ["  # top_k and threshold select unverified clips, and this data set has none"]),
    ]
