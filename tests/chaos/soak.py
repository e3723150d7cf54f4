"""Kill and damage a run at random moments, again and again, and see that it ends in equal tables.

    python -m tests.chaos.soak --minutes 60 --folder FOLDER [--seed 0]

Every round is a run of its own in FOLDER/<seed>, hurt a few times, then given the same command until it ends
well. A line for each round goes to FOLDER/soak.txt and to the terminal: its seed, what was done to it, and
whether its tables are those of the untouched run. The same command again goes on with the next seed. Ends at
the first round that is not equal, with exit code 1; its folder stays.
"""

import argparse
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from tests.chaos.scene import Scene
from tests.chaos.test_drill import tables_of
from tests.places import SMOKE

ARGUMENTS = (
    "--config", str(SMOKE), "--set", "activations={sigmoid: {}, sigmoid_sparsemax: {}}",
    "--set", "stages.0.iterations=300", "--set", "stages.1.iterations=300",
    "--set", "stages.2.iterations=100", "--set", "schedule.checkpoint_every=20",
    "--set", "schedule.evaluate_every=50",
)  # fmt: skip
HURTS = 4
"""Most faults in a round."""
LONGEST_WAIT = 45.0
"""Seconds from a start of the command to a fault, at the most."""
TRIES = 4
"""How often the command may be given after the last fault: once for what was damaged in a finished run, and
again where the last fault's own processes were still ending."""


def kill_driver(scene: Scene, dice: random.Random) -> str:
    scene.running.kill()
    return "kill driver"


def kill_everything(scene: Scene, dice: random.Random) -> str:
    victims = scene.processes()
    scene.running.kill()
    for victim in victims:
        with suppress(psutil.NoSuchProcess):
            victim.kill()
    return "kill everything"


def kill_one(scene: Scene, dice: random.Random) -> str:
    victims = scene.processes()
    if not victims:
        return kill_driver(scene, dice)
    victim = dice.choice(sorted(victims, key=lambda process: process.pid))
    name = "?"
    with suppress(psutil.NoSuchProcess):
        name = " ".join(victim.cmdline())[:40] or victim.name()
        victim.kill()
    return f"kill {name}"


def interrupt(scene: Scene, dice: random.Random) -> str:
    scene.running.send_signal(signal.SIGINT)
    return "SIGINT"


def terminate(scene: Scene, dice: random.Random) -> str:
    scene.running.send_signal(signal.SIGTERM)
    return "SIGTERM"


def kill_and_damage(scene: Scene, dice: random.Random) -> str:
    """A file of the run is flipped, cut, emptied or lost while nobody is there."""
    kill_everything(scene, dice)
    scene.running.wait()
    time.sleep(3)
    files = sorted(path for path in scene.out.rglob("*") if path.is_file() and "ray" not in path.parts)
    if not files:
        return "kill everything"
    path = dice.choice(files)
    data = bytearray(path.read_bytes())
    how = dice.choice(["flip", "cut", "empty", "lose"]) if data else "lose"
    if how == "flip":
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    elif how == "cut":
        del data[dice.randrange(len(data)) :]
    if how == "lose":
        path.unlink()
    else:
        path.write_bytes(b"" if how == "empty" else bytes(data))
    return f"kill everything and {how} {path.relative_to(scene.out)}"


DEEDS: tuple[Callable[[Scene, random.Random], str], ...] = (
    kill_driver,
    kill_everything,
    kill_one,
    kill_one,
    interrupt,
    terminate,
    kill_and_damage,
    kill_and_damage,
)


def round_of(seed: int, folder: Path, expected: dict[str, bytes]) -> tuple[bool, str]:
    """Whether the run of this seed ended equal, and what was done to it."""
    dice, scene = random.Random(seed), Scene(ARGUMENTS, folder / str(seed))
    shutil.rmtree(scene.out, ignore_errors=True)
    began, deeds = time.monotonic(), []
    scene.start()
    for _ in range(dice.randint(1, HURTS)):
        wait, deed = dice.uniform(0, LONGEST_WAIT), dice.choice(DEEDS)
        with suppress(Exception):
            scene.running.wait(wait)
        deeds.append(f"{wait:.0f} s: {deed(scene, dice)}")
        if scene.running.poll() is None and deed is not kill_one:
            scene.running.wait(120)
        if scene.running.poll() is not None:
            scene.start()
    codes = [scene.finish()]
    while tables_of(scene.out) != expected and len(codes) < TRIES:
        scene.start()
        codes.append(scene.finish())
    equal = tables_of(scene.out) == expected and codes[-1] == 0
    scene.end()
    text = f"seed {seed}: {'; '.join(deeds)}; exit codes {codes}, {time.monotonic() - began:.0f} s: "
    return equal, text + ("equal" if equal else "NOT EQUAL")


def main() -> None:
    """Rounds until the minutes are over."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    parser.add_argument("--folder", type=Path, required=True)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    untouched = Scene(ARGUMENTS, asked.folder / "untouched")
    untouched.start()
    assert untouched.finish() == 0, untouched.log
    expected, log = tables_of(untouched.out), asked.folder / "soak.txt"
    done = len(log.read_text().splitlines()) if log.exists() else 0
    end = time.monotonic() + 60 * asked.minutes
    seed = asked.seed + done
    while time.monotonic() < end:
        equal, text = round_of(seed, asked.folder, expected)
        print(text, flush=True)
        with log.open("a") as file:
            file.write(text + "\n")
        if not equal:
            sys.exit(1)
        shutil.rmtree(asked.folder / str(seed))
        seed += 1


if __name__ == "__main__":
    main()
