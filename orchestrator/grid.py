"""`python orchestrator/grid.py --config F --data DIR --out DIR`: the same program as `stagegrid run`.

Options that are not given come from STAGEGRID_CONFIG, STAGEGRID_DATA and STAGEGRID_OUT; where those are not
set either, it fills the demo's grid in runs/demo. `ray submit` copies this file alone.
"""

import os
import sys

if __name__ == "__main__":  # Python puts this folder first: `data` would hide another package of that name
    here = os.path.dirname(os.path.realpath(__file__))  # noqa: PTH120  # nothing else is imported yet
    sys.path[:] = [entry for entry in sys.path if entry != here]

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path

OPTIONS = {"--config": "STAGEGRID_CONFIG", "--data": "STAGEGRID_DATA", "--out": "STAGEGRID_OUT"}
DEMO, DEMO_OUT = "configs/demo.yaml", "runs/demo"


def _is_ours(package: str) -> bool:
    """Whether Python finds stagegrid's package of this name, and not another project's."""
    try:
        return getattr(importlib.import_module(package), "PROJECT", "") == "stagegrid"
    except ModuleNotFoundError as missing:
        if missing.name != package:
            raise
        return False


def added_options(arguments: Sequence[str], environment: Mapping[str, str], project: Path) -> list[str]:
    """Options to add to `arguments`: what only the environment says; the demo where nobody says any.

    `project` is the folder with the configurations. A copy of this file has none.
    """
    given = {argument.partition("=")[0] for argument in arguments}
    added = {option: environment.get(name) for option, name in OPTIONS.items() if option not in given}
    words = [word for option, value in added.items() if value for word in (option, value)]
    if words or arguments:
        return words
    demo = project / DEMO
    if not demo.is_file():
        raise SystemExit(
            "stagegrid: say what to run: --config and --out, or STAGEGRID_CONFIG and STAGEGRID_OUT "
            "(cluster/gpu.yaml sets them on the head), or run it in the project's folder for the demo"
        )
    return ["--config", str(demo), "--out", DEMO_OUT]


if not all(map(_is_ours, ("orchestrator", "trainable"))):
    raise SystemExit(
        "stagegrid is not installed on this machine: install it there, for instance with\n"
        "  pip install --constraint cluster/constraints.txt .\n"
        "in its folder (cluster/gpu.yaml does so in setup_commands)"
    )

if __name__ == "__main__":
    from orchestrator.cli.app import main

    main(["run", *added_options(sys.argv[1:], os.environ, Path(__file__).absolute().parents[1])])
