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
    if missing.name != "orchestrator":
        raise
    raise SystemExit(  # `ray submit` copies this file alone
        "stagegrid is not installed on this machine: install it there, for instance with\n"
        "  pip install --constraint cluster/constraints.txt .\n"
        "in its folder (cluster/gpu.yaml does so in setup_commands)"
    ) from missing

if __name__ == "__main__":
    main(["run", *unasked(sys.argv[1:], os.environ, Path(__file__).absolute().parents[1])])
