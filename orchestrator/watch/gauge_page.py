"""The gauges of a run as Prometheus reads them, from the run's files: they outlast its processes."""

from collections.abc import Iterator, Mapping, Sequence

from orchestrator.legs.status import LegStatus, seconds_left

FOLD = ("iteration", "rate", "loss", "eta", "kept", "fscore", "lwlrap")
"""Fields of a progress file."""
NAMES = {"rate": "iterations_per_second"}


def gauge_page(legs: Sequence[LegStatus]) -> str:
    """All gauges in Prometheus' text format, with the names that Ray's nodes give them."""
    samples = [*_of_run(legs), *(sample for status in legs for sample in _of_leg(status))]
    lines: dict[str, list[str]] = {}
    for name, tags, value in samples:
        full = f"ray_stagegrid_{name}"
        lines.setdefault(full, [f"# TYPE {full} gauge"]).append(f"{full}{_tags(tags)} {value!r}")
    return "".join(f"{line}\n" for group in lines.values() for line in group)


Sample = tuple[str, Mapping[str, str], float]


def _of_run(legs: Sequence[LegStatus]) -> Iterator[Sample]:
    yield "legs_done", {}, float(sum(leg.state == "done" for leg in legs))
    yield "legs_total", {}, float(len(legs))
    left = seconds_left(legs)
    if left is not None:
        yield "seconds_left", {}, left


def _of_leg(status: LegStatus) -> Iterator[Sample]:
    for number, fold in enumerate(status.folds):
        tags = {"leg": status.name, "fold": str(number)}
        for field in FOLD if fold.seen else ():
            value = getattr(fold.seen, field)
            if value is not None and (field != "rate" or status.state == "running"):
                yield NAMES.get(field, field), tags, float(value)


def _tags(tags: Mapping[str, str]) -> str:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'

    return "{" + ",".join(f"{name}={quoted(text)}" for name, text in tags.items()) + "}" if tags else ""
