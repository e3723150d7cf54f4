"""Where tests find the project's files, and development's data where it lies beside the checkout."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / "configs"
SMOKE = CONFIGS / "smoke.yaml"
SHARED_DATA = ROOT.parent / "shared" / "data"
"""Not part of the project: tests that need it skip where it is absent."""
META = SHARED_DATA / "fsdkaggle2019-meta"
REAL_MINI = SHARED_DATA / "fsd-real-mini"
