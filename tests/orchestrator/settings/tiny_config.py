"""A small configuration file, for tests to change and to break."""

from pathlib import Path

MINIMAL = """
name: tiny
batches: {size: 8, crop_frames: 100}
stages: [{iterations: 3}, {iterations: 4, unverified: 0.5}]
activations: {sigmoid: {}, wide: {structure: sigmoid_softmax, head_weights: [1, 2]}}
selections: {verified_only: {}, strict: {mechanism: threshold, k: 2, alpha: 0.5}}
"""


def write(folder: Path, text: str = MINIMAL) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(text)
    return path
