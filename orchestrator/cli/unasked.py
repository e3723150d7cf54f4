"""What `orchestrator/grid.py` runs where its arguments do not say it: the environment's wish, or the demo."""

from collections.abc import Mapping, Sequence
from pathlib import Path

OPTIONS = {"--config": "STAGEGRID_CONFIG", "--data": "STAGEGRID_DATA", "--out": "STAGEGRID_OUT"}
DEMO, DEMO_OUT = "configs/demo.yaml", "runs/demo"


def unasked(arguments: Sequence[str], environment: Mapping[str, str], project: Path) -> list[str]:
    """Options to add to `arguments`: what only the environment says; the demo where nobody says any.

    `project` is the folder with the configurations. A copy of grid.py that `ray submit` made has none.
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
