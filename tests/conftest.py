"""Settings of every test: one thread, and the same hypothesis examples in every run."""

import hypothesis
import torch

torch.set_num_threads(1)
hypothesis.settings.register_profile(
    "stagegrid", deadline=None, max_examples=50, derandomize=True, database=None
)
hypothesis.settings.load_profile("stagegrid")
