"""The science's arrays have the shapes that their names say, in every test but those of whole programs."""

from collections.abc import Iterator

import pytest

from tests.trainable.shapes import checked


@pytest.fixture(autouse=True)
def _shapes(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.node.get_closest_marker("integration"):  # torch.compile is to see what users run
        yield
        return
    with checked("trainable."):
        yield
