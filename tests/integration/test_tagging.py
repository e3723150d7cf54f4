"""Many recordings on Ray give the scores of this process; a bad one loses nobody."""

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import ray

from orchestrator.legs.run import Run
from orchestrator.tagging import many
from orchestrator.tagging.predict import predict
from orchestrator.tagging.systems import choose_system, open_tagger
from orchestrator.tagging.tag import Hearing
from tests.orchestrator.tagging.trained_run import clips_of, make_trained_run

pytestmark = [
    pytest.mark.integration,
    # Ray's own: sockets and files that its child processes keep, and its own old settings
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore:.*deprecated"),
]


@pytest.fixture(scope="module", autouse=True, params=[0, 1], ids=["CPUs", "a GPU in name"])
def _ray(request: pytest.FixtureRequest) -> Iterator[None]:
    ray.init(
        address="local",
        num_cpus=2,
        num_gpus=request.param,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        object_store_memory=100 * 2**20,
    )
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_trained_run(
        tmp_path_factory.mktemp("run"), "activations={sigmoid_sparsemax: {}}", "ensembles={}"
    )


def test_ray_and_this_process_give_the_same_scores_in_the_same_order(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths are relative here, and workers start in another folder."""
    monkeypatch.setattr(many, "BLOCK", 4)
    clips = clips_of(run, "test")
    monkeypatch.chdir(Path(clips[0]).parent)
    (tmp_path / "text.wav").write_text("no sound")
    paths = [Path(clip).name for clip in clips]
    paths[3:3] = [str(tmp_path / "text.wav"), "gone.wav"]
    tagger = open_tagger(run, choose_system(run, "sigmoid_sparsemax/top_k"), "cpu")
    hearing, seen, joined = Hearing.of(tagger, 1.0), list[tuple[int, int]](), list[str]()
    there = predict(
        tagger, paths, hearing, lambda *numbers: seen.append(numbers), None, joined.append, many=0
    )
    here = predict(tagger, paths, hearing, lambda *numbers: None)
    assert [bad.path for bad in there.bad] == [bad.path for bad in here.bad] == paths[3:5]
    assert seen[-1] == (18, 18)
    assert joined == ["stagegrid predict sigmoid_sparsemax/top_k"]
    assert max(len(one.spans) for one in here.tagged) > 1
    for one, other in zip(there.tagged, here.tagged, strict=True):
        assert (one.path, one.spans) == (other.path, other.spans)
        np.testing.assert_allclose(one.scores_WC, other.scores_WC, atol=1e-6)
