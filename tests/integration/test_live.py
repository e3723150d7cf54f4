"""Who watches a run sees how far it is: a browser that was left open, and the command line."""

import csv
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.browser import NEEDS_BROWSER, opened
from tests.integration.programs import kill, run, start, wait_for
from tests.places import SMOKE

pytestmark = [pytest.mark.integration, pytest.mark.timeout(590), NEEDS_BROWSER]

CHANGES = ("--set", "activations={sigmoid: {}}", "--set", "selections={verified_only: {}, top_k: {k: 2}}",
           "--set", "stages.0.iterations=1500", "--set", "stages.1.iterations=600")  # fmt: skip


@dataclass(frozen=True)
class Watched:
    """What was seen of a grid that was killed and went on."""

    out: Path
    running: str
    """`stagegrid status` while it trained."""
    killed: str
    """The same when it was killed."""
    finished: str
    titles: list[str]
    """Of the live page, in a browser that was never told to reload it."""
    output: str
    """Of the run that went on."""


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    folder = tmp_path_factory.mktemp("live")
    home, out, page = folder / "home", folder / "out", folder / "out/report/live.html"
    command = ("run", "--config", SMOKE, "--out", out, *CHANGES, "--verbose")

    def status() -> str:
        code, output = run(home, "status", out)
        assert code == 0, output
        return output

    seen: list[str] = []

    def has_speed() -> bool:  # a fold's first word of itself is one iteration old and tells of none
        seen.append(status())
        return " it/s · " in seen[-1]

    first = start(home, *command)
    try:
        wait_for(lambda: any(out.glob("legs/*/fold-0/state.pt")), "a checkpoint")
        wait_for(has_speed, "a speed")
    finally:
        kill(first)
    time.sleep(5)  # the workers notice that their driver is gone
    killed = status()
    second = start(home, *command)
    try:
        with opened(page.as_uri(), folder / "profile") as title:
            titles = _titles(title, lambda: second.poll() is not None)
        output, _ = second.communicate(timeout=60)
    finally:
        kill(second)
    assert second.returncode == 0, output
    return Watched(out, seen[-1], killed, status(), titles, output)


def _titles(title: Callable[[], str | None], ended: Callable[[], bool]) -> list[str]:
    """All different titles in their order, until 5 s after the end."""
    seen: list[str] = []
    last = None
    while last is None or time.monotonic() < last:
        if last is None and ended():
            last = time.monotonic() + 5
        found = title()
        if found and found not in seen[-1:]:
            seen.append(found)
        time.sleep(0.2)
    return seen


def test_the_open_page_follows_the_run_to_its_end(watched: Watched) -> None:
    counts = [
        int(found[1]) for title in watched.titles if (found := re.match(r"smoke: (\d) of 3 legs", title))
    ]
    assert counts == sorted(counts)
    assert counts[-1] == 3
    assert len(set(counts)) > 2  # at least one on the way
    text = (watched.out / "report/live.html").read_text()
    assert "http-equiv" not in text
    assert 'href="index.html"' in text
    assert (watched.out / "report/index.html").exists()


def test_status_of_a_running_a_killed_and_a_finished_run(watched: Watched) -> None:
    assert re.search(r"sigmoid · [a-z_ ]+ +\d+%", watched.running)
    assert re.search(r"[\d.]+ it/s · [\d:]+ left", watched.running)
    assert re.search(r"stopped +\d+%", watched.killed)
    assert "nobody fills the grid now" in watched.killed
    assert "it/s · " not in watched.killed
    assert "3/3 legs · 6/6 folds" in watched.finished


def test_tune_hears_of_trials_while_they_train(watched: Watched) -> None:
    """Its table on the terminal, its files with a line for each evaluation, its curves for TensorBoard."""
    assert re.search(r"Trial name .* iteration .* lwlrap", watched.output)
    (log,) = (watched.out / "ray").glob("*/*/progress.csv")
    with log.open() as file:
        rows = list(csv.DictReader(file))
    iterations = [int(float(row["iteration"])) for row in rows if row["done"] == "False"]
    assert len(iterations) > 3
    steps = [float(row["timesteps_total"]) for row in rows]
    assert steps == sorted(steps)
    assert all(0 < float(row["lwlrap"]) <= 1 for row in rows[1:])
    assert list(log.parent.glob("events.out.tfevents.*"))


def test_the_run_says_where_to_look(watched: Watched) -> None:
    page = (watched.out / "report/live.html").as_uri()
    assert f"live page: {page}, or over http: stagegrid watch {watched.out} --serve" in watched.output
    assert "dashboard http://127.0.0.1:" in watched.output
    assert "`ray get-auth-token` prints it" in watched.output
    assert not re.search(r"\b[0-9a-f]{64}\b", watched.output)  # the token itself
