"""What `plan` is asked for, checked before anything is read."""

import math

from orchestrator.files.store import Store
from orchestrator.legs.forecast import Speed, measured_speed
from orchestrator.legs.run import Run
from trainable.errors import UserError

MOST_DEVICES = 1_000_000


def cluster_sizes(devices: str) -> list[int]:
    """The numbers in --devices.

    Raises:
        UserError: one is none.
    """
    sizes = [size.strip() for size in devices.split(",")]
    for size in sizes:
        if not (size.isascii() and size.isdigit() and len(size) < 8 and 1 <= int(size) <= MOST_DEVICES):
            raise UserError(
                f"--devices {devices[:200]}: {size[:50]!r} is no number of devices: write it as 1,4,8"
            )
    return [int(size) for size in sizes]


def known_speed(like: str | None, speed: float | None, start: float) -> Speed | None:
    """The speed that --like or --speed gives; None where neither is there.

    Raises:
        UserError: the run of --like is none or has trained nothing, or a number makes no sense.
    """
    if speed is not None and not (math.isfinite(speed) and speed > 0):
        raise UserError(f"--speed {speed}: must be more than 0 iterations per second")
    if not (math.isfinite(start) and start >= 0):
        raise UserError(f"--start {start}: must be 0 seconds or more")
    if like is not None:
        try:
            return measured_speed(Run.open(Store.open(like)))
        except (UserError, OSError) as error:
            raise UserError(f"--like {like[:200]}: {error}") from error
    return Speed(speed, start) if speed is not None else None


def detect_in(out: str | None, difference: float) -> Run:
    """The run whose measured components --detect goes by.

    Raises:
        UserError: there is none, or the difference is no size.
    """
    if not (math.isfinite(difference) and difference > 0):
        raise UserError(f"--detect {difference}: must be a difference of lwlrap above 0, such as .005")
    if out is None:
        raise UserError("--detect: name the finished run that it goes by with --out")
    return Run.open(Store.open(out))
