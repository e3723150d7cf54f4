"""The configurations that come with the program, by name: `--config demo`."""

from pathlib import Path

from trainable.errors import UserError, did_you_mean

FOLDER = Path(__file__).parents[1] / "configs"
"""A link to the project's configs/; in a wheel the files themselves."""


def shipped_names() -> list[str]:
    """Such as demo and paper."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def is_shipped(config: Path) -> bool:
    """Whether `config` is the name of a shipped configuration and of no file here."""
    return str(config) in shipped_names() and not config.is_file()


def find_config(config: Path) -> Path:
    """The file that `--config` means: a path, or the name of a shipped configuration.

    Raises:
        UserError: there is neither; names the nearest that there is.
    """
    if is_shipped(config):
        return FOLDER / f"{config}.yaml"
    if not config.is_file():
        beside = [path for pattern in ("*.yaml", "*.yml") for path in config.parent.glob(pattern)]
        known = {name: name for name in shipped_names()} | {path.stem: str(path) for path in beside}
        hint, names = did_you_mean(config.stem, known, shown=known), ", ".join(shipped_names())
        raise UserError(f"{config}: no such configuration file{hint} (by name there are {names})")
    return config
