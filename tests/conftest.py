"""Settings of every test: one thread, the same hypothesis examples in every run, no token; and a bucket."""

import os
from collections.abc import Iterator

import hypothesis
import pytest
import torch

from tests.object_storage import CREDENTIALS, Bucket, object_storage

os.environ["RAY_AUTH_MODE"] = "disabled"  # read once, on import; else Ray makes a token in this user's home
torch.set_num_threads(1)
hypothesis.settings.register_profile(
    "stagegrid", deadline=None, max_examples=50, derandomize=True, database=None
)
hypothesis.settings.load_profile("stagegrid")


@pytest.fixture(scope="session")
def bucket() -> Iterator[Bucket]:
    """Object storage, and the credentials for it."""
    with object_storage() as found, pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        yield found
