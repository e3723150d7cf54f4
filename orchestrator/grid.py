"""`python orchestrator/grid.py --config F --data DIR --out DIR`: the same program as `stagegrid run`.

Options that are not given come from STAGEGRID_CONFIG, STAGEGRID_DATA and STAGEGRID_OUT; where those are not
set either, it fills the demo's grid in runs/demo.
"""

import importlib
import os
import sys
from pathlib import Path


def _is_ours(package: str) -> bool:
    """Whether Python finds stagegrid's package of this name, and not another project's."""
    try:
        return getattr(importlib.import_module(package), "PROJECT", "") == "stagegrid"
    except ModuleNotFoundError as missing:
        if missing.name != package:
            raise
        return False


if not all(map(_is_ours, ("orchestrator", "trainable"))):
    raise SystemExit(  # `ray submit` copies this file alone
        "stagegrid is not installed on this machine: install it there, for instance with\n"
        "  pip install --constraint cluster/constraints.txt .\n"
        "in its folder (cluster/gpu.yaml does so in setup_commands)"
    )

if __name__ == "__main__":
    from orchestrator.cli.app import main
    from orchestrator.cli.unasked import unasked

    main(["run", *unasked(sys.argv[1:], os.environ, Path(__file__).absolute().parents[1])])
