"""`python orchestrator/grid.py --config F --data DIR --out DIR`: the same program as `stagegrid run`.

Options that are not given come from STAGEGRID_CONFIG, STAGEGRID_DATA and STAGEGRID_OUT; where those are not
set either, it fills the demo's grid in runs/demo.
"""

import os
import sys
from pathlib import Path

try:
    from orchestrator.cli import main
    from orchestrator.commands.unasked import unasked
except ModuleNotFoundError as missing:
    if (missing.name or "").partition(".")[0] not in ("orchestrator", "trainable"):
        raise
    raise SystemExit(  # `ray submit` copies this file alone, and others have packages of these names
        "stagegrid is not installed on this machine: install it there, for instance with\n"
        "  pip install --constraint cluster/constraints.txt .\n"
        f"in its folder (cluster/gpu.yaml does so in setup_commands); missing is {missing.name}"
    ) from missing

if __name__ == "__main__":
    main(["run", *unasked(sys.argv[1:], os.environ, Path(__file__).absolute().parents[1])])
