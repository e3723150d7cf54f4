"""The program's start: `orchestrator` and `trainable` are names that other projects have too.

Where one of those is found instead of ours, everything after would be a puzzle; so this is asked first.
"""

import importlib
import importlib.util
import sys
from typing import NoReturn

PACKAGES = ("orchestrator", "trainable")
USER = 2
"""Exit code of what the user can mend."""


def foreign_package() -> str:
    """What is wrong with the packages that Python finds; empty where they are ours."""
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        place = (spec.origin or ", ".join(spec.submodule_search_locations or [])) if spec else ""
        if not spec or getattr(importlib.import_module(name), "PROJECT", "") != "stagegrid":
            what = f"{place} is another project's package" if place else f"its package {name} is missing"
            return f"{what}: install stagegrid into an environment of its own, with no PYTHONPATH"
    return ""


def main() -> NoReturn:
    """Run the command line, if it is the right one."""
    if problem := foreign_package():
        print(f"stagegrid: {problem}", file=sys.stderr)  # noqa: T201  # nothing of ours can be imported
        raise SystemExit(USER)
    from orchestrator.cli import app

    app.main()


if __name__ == "__main__":
    main()
