"""What a run shows on the terminal: lines for logs, tables that stay for people."""

import io
import time
from collections.abc import Callable
from pathlib import Path
from threading import Timer

import pytest
from rich.console import Console

from orchestrator.data.folded import open_dataset
from orchestrator.data.layouts import DataSettings
from orchestrator.files.store import Store
from orchestrator.legs import artifacts
from orchestrator.legs.plan import make_plan
from orchestrator.legs.run import Run
from orchestrator.legs.status import NOBODY, StatusReader, summary
from orchestrator.watch import terminal
from orchestrator.watch.terminal import Display, wait_for_run, watch_run
from tests.orchestrator.data.small_sets import sounding
from tests.orchestrator.fake_run import make_fake_run


@pytest.fixture
def console() -> Console:
    """No terminal: what is printed goes to a log."""
    return Console(width=60, file=io.StringIO(), force_terminal=False)


@pytest.fixture
def screen() -> Console:
    """A terminal of that width."""
    return Console(width=100, file=io.StringIO(), force_terminal=True, color_system=None)


def printed(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def fake(folder: Path, *, whole: bool) -> Run:
    return make_fake_run(
        folder,
        selections=("top_k", "threshold"),
        activations=("sigmoid",),
        missing=set() if whole else {("sigmoid", "threshold")},
    )


def test_a_line_is_never_broken(console: Console) -> None:
    """Logs are searched line by line."""
    Display(console).say("word " * 50)
    assert printed(console) == ["word " * 50]


FEW = [
    f"      class {name} has fewer verified clips (1) than there are folds"
    for name in ("Accordion", "Zipper_(clothing)")
]


def test_what_the_data_set_has(tmp_path: Path, console: Console) -> None:
    Display(console).dataset(open_dataset(sounding(tmp_path), DataSettings(), 2, 0))
    assert printed(console) == [
        "data: 3 verified, 2 unverified, 2 test clips, 3 classes (zenodo layout)",
        "      left out, officially bad: f76181c4.wav",
        *FEW,
    ]


def test_without_bad_clips_none_are_told(tmp_path: Path, console: Console) -> None:
    Display(console).dataset(open_dataset(sounding(tmp_path), DataSettings(keep_bad=True), 2, 0))
    assert printed(console) == [
        "data: 4 verified, 2 unverified, 2 test clips, 3 classes (zenodo layout)",
        *FEW,
    ]


def test_what_there_is_to_do(tmp_path: Path, console: Console) -> None:
    """A stem of 20 iterations and two branches of 30: 80 instead of twice 50."""
    plan = make_plan(fake(tmp_path, whole=True).experiment, "fake-data")
    stem, *branches = (leg.id for leg in plan.legs)
    Display(console).plan(
        plan,
        {stem: "done", branches[0]: "new", branches[1]: "continue"},
        dict.fromkeys(["0123", "4567"], "model.gru 8 -> 16"),
    )
    Display(console).plan(plan, dict.fromkeys([stem, *branches], "new"), {})
    numbers = "80 iterations a fold (unshared 100)"
    assert printed(console) == [
        f"plan: 2 cells from 3 legs (1 done, 1 continue, 1 new), {numbers}",
        "      2 legs are stale: model.gru 8 -> 16",
        f"plan: 2 cells from 3 legs (3 new), {numbers}",
    ]


def test_features_in_a_log_are_a_line_now_and_then(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "LINE_SECONDS", 0.02)
    with Display(console).features(9) as update:
        update(4, 9)
        eventually(lambda: len(printed(console)) >= 2)
        assert all(line.startswith("features: 4/9 clips, ") for line in printed(console)[1:])
        update(9, 9)
    assert printed(console)[-1].startswith("features: 9 clips in ")


def test_a_copy_has_all_lines_also_what_a_terminal_shows_as_a_table(
    tmp_path: Path, screen: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "LINE_SECONDS", 0.02)
    display, copy = Display(screen), list[str]()
    display.say("before")
    display.copy_to(copy.append)
    with display.training(fake(tmp_path, whole=False)):
        eventually(lambda: any(line.startswith("2/3 legs") for line in copy))
    assert copy[0] == "before"


def test_another_table_than_ours_leaves_us_lines(tmp_path: Path, screen: Console) -> None:
    with Display(screen, plain=True).training(fake(tmp_path, whole=False)):
        pass
    assert printed(screen)[-1].startswith("2/3 legs")


def test_where_a_run_can_be_watched_is_told_and_its_page_is_there(tmp_path: Path, console: Console) -> None:
    out = Store.open(tmp_path / "a b")
    Display(console).begun(out, "demo", "looking at the data")
    (line,) = printed(console)
    assert f"file://{tmp_path}/a%20b/report/live.html" in line
    assert line.endswith(f"stagegrid watch '{tmp_path}/a b' --serve")
    assert b"looking at the data" in out.read("report/live.html")


def test_the_page_of_an_earlier_start_stays_until_there_is_news(tmp_path: Path, console: Console) -> None:
    run = fake(tmp_path, whole=False)
    Display(console).begun(run.store, "demo", "looking at the data")
    assert not run.store.exists("report/live.html")
    Display(console).refresh(run, StatusReader(run).read(), None)
    assert b"2 of 3 legs" in run.store.read("report/live.html")


def test_busy_goes_with_its_block(screen: Console) -> None:
    with Display(screen).busy("writing the report"):
        time.sleep(0.1)
    assert any("writing the report" in line for line in printed(screen))


def test_training_in_a_log_is_a_line_now_and_then_and_at_the_end(
    tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = fake(tmp_path, whole=False)
    monkeypatch.setattr(terminal, "LINE_SECONDS", 0.02)
    with Display(console).training(run):
        eventually(lambda: len(printed(console)) >= 2)
    assert set(printed(console)) == {NOBODY, summary(StatusReader(run).read())}
    assert printed(console)[1].startswith("2/3 legs · 4/6 folds · 100/160 iterations")


def test_training_on_a_terminal_is_a_table(tmp_path: Path, screen: Console) -> None:
    run = fake(tmp_path, whole=False)
    with Display(screen).training(run):
        pass
    text = "\n".join(printed(screen))
    assert all(leg.name(run.experiment) in text for leg in run.manifest.legs)


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_watching_a_finished_run_ends(tmp_path: Path, console: Console) -> None:
    watch_run(StatusReader(fake(tmp_path, whole=True)), console, go_on=True)
    assert "3/3 legs · 6/6 folds · 160/160 iterations" in printed(console)


def test_a_failed_leg_is_not_waited_for(tmp_path: Path, console: Console) -> None:
    run = fake(tmp_path, whole=False)
    leg = next(leg for leg in run.manifest.legs if not run.legs[leg.id].is_done)
    run.legs[leg.id].fail("out of memory")
    watch_run(StatusReader(run), console, go_on=True)
    assert "sigmoid · threshold: out of memory" in printed(console)


def test_an_unfinished_run_is_watched_until_it_is_done(
    tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends while the watcher sleeps."""
    run = fake(tmp_path / "a", whole=False)
    leg = next(leg for leg in run.manifest.legs if not run.legs[leg.id].is_done)
    finished = fake(tmp_path / "b", whole=True)
    naps = list[float]()

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 2:
            result = finished.legs[leg.id].result()
            for number, fold in enumerate(result.folds):
                run.legs[leg.id].fold(number).finish(fold)
            run.legs[leg.id].finish(len(result.folds))

    monkeypatch.setattr(time, "sleep", nap)
    watch_run(StatusReader(run), console, go_on=True)
    assert len(naps) == 2
    assert "3/3 legs · 6/6 folds · 160/160 iterations" in printed(console)


def test_a_state_that_is_asked_for_once_is_not_waited_for(tmp_path: Path, console: Console) -> None:
    watch_run(StatusReader(fake(tmp_path, whole=False)), console, go_on=False)
    assert printed(console)[-1].startswith("2/3 legs")


def test_a_run_that_has_not_begun_is_waited_for(tmp_path: Path, console: Console) -> None:
    store = Store.open(tmp_path)
    later = Timer(0.2, lambda: store.write(artifacts.RUN, b"{}"))
    later.start()
    wait_for_run(store, console)
    assert store.exists(artifacts.RUN)
