"""What --help shows as examples; a test reads each as the command line would."""

EXAMPLES: dict[str, tuple[str, ...]] = {
    "run": (
        "stagegrid run --config demo --out runs/demo",
        "stagegrid run --config paper --data FSDKaggle2019 --out runs/paper",
        "stagegrid run --config stagegrid.yaml --data DIR --out runs/mine --set folds=5",
        "stagegrid run --config demo --out runs/demo --seeds 3",
    ),
    "plan": (
        "stagegrid plan --config demo",
        "stagegrid plan --config paper --like runs/demo --devices 1,8",
        "stagegrid plan --config demo --out runs/demo --detect .005",
    ),
    "init": (
        "stagegrid init recordings",
        "stagegrid init --demo",
    ),
    "check": (
        "stagegrid check --config paper --data FSDKaggle2019",
        "stagegrid check --config stagegrid.yaml --data recordings --out checks",
    ),
    "status": (
        "stagegrid status runs/demo --watch",
        "stagegrid status s3://bucket/paper",
    ),
    "watch": ("stagegrid watch runs/demo", "stagegrid watch runs/demo --serve"),
    "report": ("stagegrid report runs/demo",),
    "show": (
        "stagegrid show runs/demo",
        "stagegrid show runs/demo --cell sigmoid/top_k",
    ),
    "diff": ("stagegrid diff runs/demo runs/mine",),
    "verify": ("stagegrid verify runs/demo",),
    "export": (
        "stagegrid export runs/demo --tensorboard curves",
        "stagegrid export runs/demo --mlflow http://127.0.0.1:5000",
        "stagegrid export runs/demo --model tagger --cell sigmoid/top_k",
    ),
    "predict": (
        "stagegrid predict runs/demo recordings",
        "stagegrid predict runs/demo a.wav b.flac --cell sigmoid/top_k --csv tags.csv",
    ),
    "submission": ("stagegrid submission runs/paper --data KAGGLE",),
    "synth": ("stagegrid synth data --classes 20 --unverified 2000",),
    "submit": ("stagegrid submit cluster/gpu.yaml --config paper --data /mnt/data --out s3://bucket/paper",),
}
"""By the command's name."""


def epilog(command: str) -> str:
    """The examples as the end of a command's help; none for a command without."""
    return "\n\n".join(["Examples:", *EXAMPLES[command]]) if command in EXAMPLES else ""
