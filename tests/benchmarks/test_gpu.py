"""The benchmark of a GPU, all of it that a CPU can go through."""

import pytest
import torch

from tests.benchmarks.gpu import SETTINGS, Case, Place, _rate, _steps, main, measure

CPU = Place(torch.device("cpu"), tiny=True)


def test_every_row_but_the_compiled_one_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    main(["--device", "cpu", "--tiny"])
    assert torch.get_num_threads() == threads
    title, _, *lines = capsys.readouterr().out.splitlines()
    assert "measures no GPU" in title
    rows = {line.split("  ")[0]: line.split()[-2:] for line in lines}
    assert list(rows) == [*(case.what for case in SETTINGS), "bf16, channels_last, 2 folds"]
    assert all(float(rows[case.what][0]) > 0 for case in SETTINGS)
    assert float(rows["bf16, channels_last, 2 folds"][1]) > 0


def test_a_row_trains_as_its_settings_say() -> None:
    experiment = CPU.experiment(Case("", ("compute.precision=bfloat16", "compute.channels_last=true")))
    training = CPU.training(Case(""), experiment)
    assert training.settings.compute.precision == "bfloat16"
    before = training.iteration
    rate = _rate(CPU, _steps(training))
    steps = training.iteration - before - 1  # the first one is not timed
    assert steps % 10 == 0
    assert 0 < rate <= steps / CPU.seconds


def test_a_cpu_says_nothing_of_a_gpus_memory_and_waits() -> None:
    found = measure(CPU, SETTINGS[0])
    assert (found.waits, found.peak) == (None, None)
    assert found.outside is not None
    assert found.outside < 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_gpu_it_is_skipped_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    assert "finds no CUDA device" in capsys.readouterr().out
