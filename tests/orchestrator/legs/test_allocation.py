import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.legs.allocation import TRIAL_CPU, Node, make_shares
from orchestrator.settings.tree import Resources

AUTO = Resources()


@pytest.mark.parametrize(
    ("nodes", "folds", "cpu", "gpu", "trials"),
    [
        ([Node(2)], 2, 0.99, 0, 1),
        ([Node(2)], 4, 0.49, 0, 1),
        ([Node(1)], 4, 0.24, 0, 1),
        ([Node(16)], 4, 0.99, 0, 4),
        ([Node(8, 1)], 4, 0.99, 0.25, 1),
        ([Node(16, 4)], 4, 0.99, 1, 1),
        ([Node(64, 8)], 4, 0.99, 1, 2),
        ([Node(8, 3)], 4, 0.99, 0.5, 1),
        ([Node(0), Node(8, 4), Node(8, 4)], 4, 0.99, 1, 2),
        ([Node(2, 4)], 4, 0.49, 1, 1),
    ],
)
def test_shares_of_typical_clusters(
    nodes: list[Node], folds: int, cpu: float, gpu: float, trials: int
) -> None:
    shares = make_shares(nodes, folds, AUTO)
    assert (shares.cpu, shares.gpu, shares.trials) == (cpu, gpu, trials)


@given(
    st.lists(st.builds(Node, st.integers(1, 64), st.sampled_from([0, 1, 2, 4, 8])), min_size=1, max_size=5),
    st.integers(2, 8),
)
def test_automatic_shares_never_ask_for_more_than_there_is(nodes: list[Node], folds: int) -> None:
    shares = make_shares(nodes, folds, AUTO)
    left = [[node.cpus, node.gpus] for node in nodes]
    for _ in range(shares.trials * folds):  # first fit, with each trial's own sliver beside every fold
        home = next(n for n in left if n[0] >= shares.cpu + TRIAL_CPU - 1e-9 and n[1] >= shares.gpu - 1e-9)
        home[0] -= shares.cpu + TRIAL_CPU
        home[1] -= shares.gpu
    assert shares.trials >= 1


def test_what_cannot_run_is_refused_with_the_numbers() -> None:
    message = "4 folds at once need 4 x 2 CPUs; the cluster has 2 CPUs and 0 GPUs on 1 nodes"
    with pytest.raises(ValueError, match=re.escape(message)):
        make_shares([Node(2)], 4, Resources(cpus_per_fold=2))
    with pytest.raises(ValueError, match="4 x 1 GPUs"):
        make_shares([Node(8)], 4, Resources(gpus_per_fold=1))
