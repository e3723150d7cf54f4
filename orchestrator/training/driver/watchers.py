"""Who is told of trials while they go on: Tune's own table, MLflow, Weights & Biases."""

from dataclasses import dataclass
from importlib.util import find_spec

from trainable.errors import UserError


@dataclass(frozen=True)
class Watchers:
    """What the user asked for beside the live page."""

    verbose: bool = False
    """Tune prints its own table."""
    mlflow: str | None = None
    """Tracking server that hears of trials."""
    wandb: str | None = None
    """Project of Weights & Biases that does."""

    def check(self) -> None:
        """Refuse what is not installed, before anything is computed.

        Raises:
            UserError: says what to install.
        """
        for name in ("mlflow", "wandb"):
            if getattr(self, name) is not None and find_spec(name) is None:
                raise UserError(f"--{name}: it is not installed: pip install 'stagegrid[{name}]'")
