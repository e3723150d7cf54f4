"""Tag many recordings with Ray Data: a task for each block, the networks stay in its process."""

import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import ray
import torch

from orchestrator.features.pipeline import quiet_ray_data
from orchestrator.tagging.tag import Bad, Hearing, Tagged, tag_recordings
from trainable.tagger import ModelFile, Tagger

BLOCK, BLOCKS = 16, 1000
"""Recordings of a block: few, so that progress moves, but not more than a thousand blocks."""
RESULT = pa.schema(
    [
        ("path", pa.string()),
        ("reason", pa.string()),
        ("starts", pa.list_(pa.float64())),
        ("ends", pa.list_(pa.float64())),
        ("scores", pa.list_(pa.float32())),
    ]
)
"""A row for each recording; `scores` has its windows one after the other."""


def tag_on_ray(tagger: Tagger, paths: Sequence[str], hearing: Hearing) -> Iterator[Tagged | Bad]:
    """The recordings, in the order in which they are done. Ray must be initialised.

    The paths must be the same on every machine; scores come back to this one.
    """
    absolute = {os.path.abspath(path): path for path in paths}  # noqa: PTH100  # workers start elsewhere
    size = max(BLOCK, len(paths) // BLOCKS)
    source = pa.table({"path": pa.array(list(absolute), pa.string())})
    blocks = [source.slice(row, size) for row in range(0, len(source), size)]
    weights = ray.put(tagger.weights())
    with quiet_ray_data():
        rows = ray.data.from_arrow(blocks).map_batches(
            tag_block,  # type: ignore[arg-type]  # Ray's type knows nothing of fn_kwargs
            fn_kwargs={"file": tagger.file, "weights": weights, "hearing": hearing},
            batch_size=size,
            batch_format="pyarrow",
            **_offers(),
        )
        for row in rows.iter_rows():
            yield _result(row, absolute[row["path"]])


def _offers() -> dict[str, Any]:
    """Resources of a task: a GPU where the cluster has any, else a CPU. Its process is used again."""
    gpus = ray.cluster_resources().get("GPU", 0)  # type: ignore[no-untyped-call]
    return {"num_cpus": 1, **({"num_gpus": 1, "max_calls": 0} if gpus >= 1 else {})}


def tag_block(
    block: pa.Table, file: ModelFile, weights: "ray.ObjectRef[list[bytes]]", hearing: Hearing
) -> pa.Table:
    """Task: tag the block's recordings: RESULT."""
    results = tag_recordings(_tagger(file.model_dump_json(), weights), block["path"].to_pylist(), hearing)
    return pa.Table.from_pylist([_row(result) for result in results], RESULT)


@lru_cache(maxsize=1)
def _tagger(file: str, weights: "ray.ObjectRef[list[bytes]]") -> Tagger:
    """The networks of this worker process, which has one core."""
    torch.set_num_threads(1)
    contents: list[bytes] = ray.get(weights)
    return Tagger.assemble(ModelFile.model_validate_json(file), contents)


def _row(result: Tagged | Bad) -> dict[str, Any]:
    if isinstance(result, Bad):
        return {"path": result.path, "reason": result.reason, "starts": [], "ends": [], "scores": []}
    starts, ends = zip(*result.spans, strict=True)
    scores = result.scores_WC.ravel().tolist()
    return {"path": result.path, "reason": "", "starts": starts, "ends": ends, "scores": scores}


def _result(row: dict[str, Any], path: str) -> Tagged | Bad:
    if row["reason"]:
        return Bad(path, row["reason"])
    spans = tuple(zip(map(float, row["starts"]), map(float, row["ends"]), strict=True))
    return Tagged(path, spans, np.asarray(row["scores"], np.float32).reshape(len(spans), -1))
