"""Settings of every test: one thread, the same hypothesis examples in every run; and a bucket."""

from collections.abc import Iterator

import hypothesis
import pytest
import torch

from tests.object_storage import CREDENTIALS, Bucket, object_storage

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
