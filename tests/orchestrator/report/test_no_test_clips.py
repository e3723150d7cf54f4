"""A data set without test clips has a report about its validation clips, without columns of holes."""

from pathlib import Path

from orchestrator.report.build import write_report
from tests.orchestrator.fake_run import Numbers, make_fake_run
from tests.orchestrator.report.test_build import QUICK, rendered


def test_the_splits_without_clips_are_nowhere(tmp_path: Path) -> None:
    numbers = Numbers(verified=24, unverified=40, test=0, classes=4, iterations=(4, 4, 2))
    ensembles = {"ensembles": {"all": ["sigmoid/top_k", "sigmoid/threshold"]}}
    run = make_fake_run(tmp_path, numbers=numbers, activations=("sigmoid",), config=QUICK | ensembles)
    report = write_report(run)
    written = [path for path in (tmp_path / "report").rglob("*") if path.suffix in (".html", ".md", ".csv")]
    texts = [rendered(report), *(path.read_text() for path in written)]
    assert len(texts) > 10
    assert not [text for text in texts if "no test clips" in text]
    assert {str(claim.evidence) for claim in report.claims} == {"cv", "training"}
