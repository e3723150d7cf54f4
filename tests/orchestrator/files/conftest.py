"""A store on disk, and one on object storage."""

from pathlib import Path

import pytest

from orchestrator.files.store import Store
from tests.object_storage import Bucket


@pytest.fixture(params=["disk", "objects"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "disk":
        return Store.open(tmp_path)
    bucket: Bucket = request.getfixturevalue("bucket")
    return Store.open(bucket.uri(tmp_path.name))
