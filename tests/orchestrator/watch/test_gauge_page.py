"""The gauges of a run's files, read by the rules of Prometheus' text format."""

import re
from pathlib import Path

from orchestrator.legs.artifacts import PROGRESS
from orchestrator.legs.status import StatusReader
from orchestrator.watch.gauge_page import gauge_page
from tests.orchestrator.fake_run import make_fake_run
from tests.orchestrator.training.fold.test_gauges import progress

LINE = re.compile(
    r'(# TYPE [a-z_]+ gauge|[a-z_]+(\{\w+="([^"\\]|\\.)*"(,\w+="([^"\\]|\\.)*")*\})? -?[\d.e+-]+)'
)


def test_what_the_folds_say_is_there_under_rays_names(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k",))
    run.legs[run.manifest.legs[0].id].fold(1).store.write_model(PROGRESS, progress())
    text = gauge_page(StatusReader(run).read())
    assert all(LINE.fullmatch(line) for line in text.splitlines())
    assert "ray_stagegrid_legs_done 1.0\n" in text
    assert 'ray_stagegrid_lwlrap{leg="sigmoid · top_k",fold="1"} 0.625\n' in text
    assert 'fold="0"' not in text
    assert "iterations_per_second" not in text  # nothing runs
    assert text.count("# TYPE ray_stagegrid_loss gauge") == 1
