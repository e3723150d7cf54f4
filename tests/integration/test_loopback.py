"""The documents' lines for a cluster, and `ray job submit`, for real: over ssh to this machine."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.places import ROOT

pytestmark = [pytest.mark.integration, pytest.mark.cluster, pytest.mark.timeout(590)]

MISSING = [name for name in ("/usr/sbin/sshd", "rsync", "ssh-keygen", "tmux") if shutil.which(name) is None]


@pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
@pytest.mark.skipif(os.getuid() != 0, reason="sshd needs root to log in without a daemon")
def test_the_grid_runs_to_its_table_over_loopback(tmp_path: Path) -> None:
    done = subprocess.run(
        [ROOT / "cluster/loopback.sh", tmp_path],
        env=os.environ | {"STAGEGRID_BIN": str(Path(sys.executable).parent)},
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "all ways gave the same table" in done.stdout
    for way in ("submit", "foreground", "unasked", "job"):
        assert len(list((tmp_path / way / "legs").glob("*/result.json"))) == 4
