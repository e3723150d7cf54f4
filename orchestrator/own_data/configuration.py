"""A commented configuration for a data set that was surveyed: sizes for a laptop, the paper's beside them."""

import json
import re
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from orchestrator.files.store import Store
from orchestrator.own_data.survey import Survey
from orchestrator.settings.config_files import FOLDER, parse_yaml
from orchestrator.settings.loading import parse_experiment
from trainable.errors import UserError

FILE = "stagegrid.yaml"
FRAMES_PER_SECOND = 50
HIGHEST_RATE = 44100
"""Hz; faster recordings are resampled."""
TEMPLATES = Environment(
    loader=PackageLoader("orchestrator.own_data"),
    autoescape=False,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
TEMPLATES.filters["quoted"] = json.dumps


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


def configuration_text(survey: Survey, folder: Path) -> str:
    """The configuration for the data set in `folder`, which is known to load."""
    rate = min(survey.rate, HIGHEST_RATE)
    window = round(0.04 * rate)
    batch = 32 if survey.clips["verified"] >= 64 else 8
    text = TEMPLATES.get_template("stagegrid.yaml.j2").render(
        survey=survey,
        folder=folder,
        path=folder / FILE,
        name=re.sub(r"[^A-Za-z0-9_+-]+", "-", folder.absolute().name).strip("-")[:64] or "mine",
        counts=", ".join(f"{count} {part}" for part, count in survey.clips.items()),
        folds=max(2, min(4, survey.rarest)),
        rate=rate,
        window=window,
        n_fft=1 << (window - 1).bit_length(),
        f_max=min(16000, int(0.45 * rate)),
        batch=batch,
        frames=min(2000, max(64, round(survey.longest * FRAMES_PER_SECOND))),
        k=max(1, round(batch / 2 * 10 / 32)),
    )
    parse_experiment(parse_yaml(text), FILE)
    return text
