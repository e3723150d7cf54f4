"""`python orchestrator/grid.py --config F --data DIR --out DIR`: the same program as `stagegrid run`."""

try:
    from orchestrator.cli import main
except ModuleNotFoundError as missing:
    if missing.name != "orchestrator":
        raise
    raise SystemExit(  # `ray submit` copies this file alone
        "stagegrid is not installed on this machine: install it there, for instance with\n"
        "  pip install --constraint cluster/constraints.txt .\n"
        "in its folder (cluster/gpu.yaml does so in setup_commands)"
    ) from missing

if __name__ == "__main__":
    main(["run"])
