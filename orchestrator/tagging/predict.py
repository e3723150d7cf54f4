"""Tag all recordings, few in this process, many on Ray; keep what is done."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from orchestrator.tagging.parts import Parts
from orchestrator.tagging.recordings import stamps
from orchestrator.tagging.tag import Bad, Hearing, Tagged, tag_recordings
from trainable.tagger import Tagger

MANY = 200
"""More recordings than this go to Ray, which takes some ten seconds to start."""
PART = 64
"""Recordings of a part: what a killed command can lose."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Predictions:
    """What became of the recordings, in the order in which they were named."""

    tagged: tuple[Tagged, ...]
    bad: tuple[Bad, ...]


def predict(
    tagger: Tagger,
    recordings: Sequence[str],
    hearing: Hearing,
    progress: Progress,
    parts: Parts | None = None,
    on_ray: bool | None = None,
) -> Predictions:
    """Tag the recordings; `progress` is called with (done, all).

    `parts`: where scores are kept as they come in; what is there is not done again. `on_ray`: None: where
    there are many.
    """
    stamp = stamps(recordings)
    tagged = parts.known(stamp) if parts else {}
    todo = [path for path in recordings if path not in tagged]
    bad: dict[str, Bad] = {}
    progress(len(tagged), len(recordings))
    fresh: list[Tagged] = []
    try:
        for result in _results(tagger, todo, hearing, len(todo) > MANY if on_ray is None else on_ray):
            if isinstance(result, Bad):
                bad[result.path] = result
            else:
                tagged[result.path] = result
                fresh.append(result)
            progress(len(tagged) + len(bad), len(recordings))
            if parts and len(fresh) >= PART:
                parts.add(fresh, stamp)
                fresh = []
    finally:
        if parts and fresh:
            parts.add(fresh, stamp)
    return Predictions(
        tuple(tagged[path] for path in recordings if path in tagged),
        tuple(bad[path] for path in recordings if path in bad),
    )


def _results(tagger: Tagger, paths: Sequence[str], hearing: Hearing, on_ray: bool) -> Iterator[Tagged | Bad]:
    if paths and on_ray:
        from orchestrator.tagging.many import tag_on_ray

        return tag_on_ray(tagger, paths, hearing)
    return tag_recordings(tagger, paths, hearing)
