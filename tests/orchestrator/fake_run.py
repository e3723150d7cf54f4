"""A finished run's folder from random numbers: the right files and columns, nothing trained.

Scores separate true classes from others by one amount for all cells, plus `effect` of a cell at the ends of
all stages but the first. The noise has a part that all cells share, as the difficulty of a clip would be, and
a part of each cell's own, so that paired comparisons have something to gain.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from orchestrator.files.integrity import StoredFile
from orchestrator.files.store import Store, table_bytes
from orchestrator.legs import artifacts
from orchestrator.legs.artifacts import FoldResult, RunManifest
from orchestrator.legs.folders import LegFolder, LegFolders
from orchestrator.legs.plan import Leg, Plan, make_plan
from orchestrator.legs.run import Run
from orchestrator.legs.tables import CURVE_COLUMNS, predictions_table, scores_table
from orchestrator.settings.loading import parse_experiment
from orchestrator.settings.tree import Experiment
from orchestrator.stats.grid import Cell
from tests.orchestrator.fake_data import FakeData, Numbers, generator
from trainable.metrics import lwlrap
from trainable.record import unverified_clips

__all__ = ["Numbers", "cell_of", "make_fake_run"]

Floats = NDArray[np.float64]
Pair = tuple[str, str]
RANKED = ("top_k", "threshold", "random_k")


def make_fake_run(
    folder: Path,
    *,
    activations: Sequence[str] = ("sigmoid", "sigmoid_softmax", "sigmoid_sparsemax"),
    selections: Sequence[str] = ("verified_only", "top_k", "threshold"),
    seeds: Sequence[int] = (0,),
    folds: int = 2,
    numbers: Numbers | None = None,
    vocabulary: Sequence[str] | None = None,
    seed: int = 0,
    effect: Mapping[Pair, float] | None = None,
    missing: Collection[Pair] = (),
    failed: Collection[Pair] = (),
    config: Mapping[str, Any] | None = None,
) -> Run:
    """Write the folder of a run and open it; cells in `missing` and `failed` (of all seeds) have no result.

    `config` adds to the experiment's settings or replaces some.
    """
    numbers = numbers or Numbers()
    names = list(vocabulary or (f"class_{c:02}" for c in range(numbers.classes)))
    experiment = _experiment(activations, selections, seeds, folds, numbers, config or {})
    store, plan = Store.open(folder), make_plan(experiment, "fake-data")
    maker = _Maker(experiment, FakeData.draw(numbers, names, folds, seed), seed, dict(effect or {}))
    maker.data.write(store)
    store.write_model(artifacts.RUN, _manifest(experiment, plan, names, store).sealed())
    for leg in plan.legs:
        place, lost = LegFolders.of(store)[leg], {(c.activation, c.selection) for c in leg.cells}
        if lost <= set(failed):
            place.fail("RuntimeError: out of memory")
        elif not lost <= set(missing):
            place.begin(leg, plan.identities[leg.id])
            maker.write_leg(place, leg)
    return Run.open(store)


def _experiment(
    activations: Sequence[str],
    selections: Sequence[str],
    seeds: Sequence[int],
    folds: int,
    numbers: Numbers,
    config: Mapping[str, Any],
) -> Experiment:
    first, second, third = numbers.iterations
    content: dict[str, Any] = {
        "name": "fake",
        "folds": folds,
        "seeds": list(seeds),
        "batches": {"size": numbers.batch, "crop_frames": 100, "clip_frames": 200},
        "schedule": {"evaluate_every": 5, "checkpoint_every": 10},
        "stages": [{"iterations": first}, {"iterations": second, "unverified": 0.5}, {"iterations": third}],
        "activations": {name: {} for name in activations},
        "selections": {name: {"k": 3} if name in RANKED else {} for name in selections},
    }
    return parse_experiment(content | dict(config), "fake")


def _manifest(experiment: Experiment, plan: Plan, vocabulary: list[str], store: Store) -> RunManifest:
    shared, alone = plan.iterations()
    return RunManifest(
        config=experiment.model_dump(mode="json"),
        source="fake.yaml",
        assignments=[],
        vocabulary=vocabulary,
        layout="zenodo",
        dropped=[],
        data_folder="data",
        features="0123456789abcdef",
        data_id="fake-data",
        legs=list(plan.legs),
        cells=plan.ends,
        iterations=shared,
        iterations_alone=alone,
        files={name: StoredFile.of(store.read(name)) for name in (artifacts.CLIPS, artifacts.NOISE_TRUTH)},
        environment={"python": "3.11", "torch": "2", "cpus": "2 x CPU", "gpus": "none", "git commit": "none"},
        started="2020-01-01T00:00:00+00:00",
        seconds=12.5,
    )


@dataclass(frozen=True)
class _Maker:
    """Makes the files of legs."""

    experiment: Experiment
    data: FakeData
    seed: int
    effect: dict[Pair, float]
    shared: dict[tuple[int, int], Floats] = field(default_factory=dict)

    def write_leg(self, place: LegFolder, leg: Leg) -> None:
        for fold in range(self.experiment.folds):
            folder = place.fold(fold)
            curves = self._curves(leg, fold)
            tables = {artifacts.PREDICTIONS: self._predictions(leg, fold)}
            if any(stage.selection for stage in leg.stages(self.experiment)):
                rows = np.flatnonzero(self.data.part == "unverified")
                scores = self._scores(leg, fold, len(leg.stages(self.experiment)) - 1)[rows]
                tables[artifacts.UNVERIFIED] = scores_table(rows, scores, self.data.names)
            tables[artifacts.JUDGEMENTS] = self._judgements(leg, fold, curves)
            tables[artifacts.CURVES] = pa.Table.from_pandas(curves, CURVE_COLUMNS, preserve_index=False)
            written = {name: folder.put(name, table_bytes(table)) for name, table in tables.items()}
            folder.finish(_result(curves, written, self._lwlrap(leg, fold)))
        assert place.finish(self.experiment.folds)

    def _scores(self, leg: Leg, fold: int, stage: int) -> NDArray[np.float32]:
        """Scores of all clips at the end of a stage: (clips, classes); legs that share the stage agree."""
        data, cell = self.data, leg.cells[0]
        key = (self.seed, fold)
        if key not in self.shared:
            self.shared[key] = generator("difficulty", *key).standard_normal(data.given.shape)
        history = [str(s.describe()) for s in leg.stages(self.experiment)[: stage + 1]]
        own = generator(self.seed, fold, cell.activation, cell.seed, history).standard_normal(
            data.given.shape
        )
        effect = self.effect.get((cell.activation, cell.selection), 0.0) if stage else 0.0
        above = data.numbers.separation + 0.1 * stage + effect
        logit = 0.8 * self.shared[key] + 0.6 * own + above * data.truth
        scores: NDArray[np.float32] = (1 / (1 + np.exp(2 - logit))).astype(np.float32)
        return scores

    def _predictions(self, leg: Leg, fold: int) -> pa.Table:
        parts = {"validation": np.flatnonzero(self.data.fold == fold)}
        parts["test"] = np.flatnonzero(self.data.part == "test")
        return pa.concat_tables(
            predictions_table(rows, self._scores(leg, fold, stage)[rows], self.data.names, part, stage)
            for stage in range(len(leg.stages(self.experiment)))
            for part, rows in parts.items()
        )

    def _lwlrap(self, leg: Leg, fold: int) -> float:
        """Of the validation clips at the end, as the predictions have it."""
        rows = np.flatnonzero(self.data.fold == fold)
        last = len(leg.stages(self.experiment)) - 1
        return lwlrap(self.data.given[rows], self._scores(leg, fold, last)[rows])

    def _curves(self, leg: Leg, fold: int) -> pd.DataFrame:
        """Losses fall, scores rise; eta, T and kept are filled in by the judgements."""
        counts = [stage.iterations for stage in leg.stages(self.experiment)]
        total, ends = sum(counts), np.cumsum(counts)
        rng = generator("curves", self.seed, fold, leg.id)
        time = np.arange(1, total + 1) / sum(self.data.numbers.iterations)
        every = self.experiment.schedule.evaluate_every
        scored = (np.arange(1, total + 1) % every == 0) | np.isin(np.arange(1, total + 1), ends)
        level = 1 - np.exp(-3 * time) + 0.02 * rng.standard_normal(total)
        columns = {
            "loss": 2 * np.exp(-2 * time) + 0.5 + 0.05 * rng.standard_normal(total),
            "eta": np.full(total, np.nan),
            "T": np.full(total, np.nan),
            "kept": np.full(total, np.nan),
            "fscore": np.where(scored, 0.7 * level, np.nan),
            "lwlrap": np.where(scored, 0.8 * level, np.nan),
        }
        frame = pd.DataFrame({name: values.astype(np.float32) for name, values in columns.items()})
        frame.insert(0, "stage", np.repeat(np.arange(len(counts), dtype=np.int32), counts))
        frame.insert(0, "iteration", np.arange(1, total + 1, dtype=np.int32))
        return frame

    def _judgements(self, leg: Leg, fold: int, curves: pd.DataFrame) -> pa.Table:
        """Wrong labels lose more, so mechanisms that rank mask them more often; fills in the curves."""
        rng = generator("judgements", self.seed, fold, leg.id)
        rows = np.flatnonzero(self.data.part == "unverified")
        pieces, start = [], 0
        for number, stage in enumerate(leg.stages(self.experiment)):
            count = unverified_clips(stage, self.experiment.batches.size)
            for t in range(start, start + stage.iterations if count else start):
                clip = rng.choice(rows, count, replace=False)
                loss = rng.gamma(4, 0.4, count) + 1.5 * (self.data.kind[clip] != "right")
                before = curves["eta"][t - 1] if t else np.nan
                keep, eta, ranked = _select(leg.cells[0].selection, loss, float(before), rng)
                for name, value in (("eta", eta), ("T", ranked), ("kept", keep.mean())):
                    curves.loc[t, name] = np.float32(value)
                pieces.append((np.full(count, t + 1), np.full(count, number), clip, loss, keep))
            start += stage.iterations
        empty = (np.zeros(0),) * 5
        iteration, stages, clips, losses, kept = map(np.concatenate, zip(*(pieces or [empty]), strict=True))
        codes = pa.array(clips.astype(np.int32))
        return pa.table(
            {
                "iteration": iteration.astype(np.int32),
                "stage": stages.astype(np.int32),
                "fname": pa.DictionaryArray.from_arrays(codes, pa.array(self.data.names, pa.string())),
                "loss": losses.astype(np.float32),
                "keep": kept.astype(np.float32),
            }
        )


def _result(curves: pd.DataFrame, written: dict[str, StoredFile], lwlrap: float) -> FoldResult:
    last = curves.iloc[-1]
    return FoldResult(
        iterations=len(curves), own_iterations=len(curves), seconds=1.0, rate=None,
        lwlrap=lwlrap, fscore=float(last["fscore"]), device="cpu", node="",
        files=written,
    )  # fmt: skip


def _select(
    selection: str, loss: Floats, before: float, rng: np.random.Generator
) -> tuple[Floats, float, float]:
    """Mask, eta and T_t of a batch's unverified clips, as the mechanism of this name would."""
    ranked = float(np.sort(loss)[-3])
    if selection == "top_k":
        return (loss < ranked).astype(float), np.nan, ranked
    if selection == "threshold":
        eta = ranked if np.isnan(before) else 0.9 * before + 0.1 * ranked
        return (loss <= eta).astype(float), eta, ranked
    keep = np.ones(len(loss))
    if selection == "random_k":
        keep[rng.choice(len(loss), 3, replace=False)] = 0
    return keep, np.nan, np.nan


def cell_of(run: Run, activation: str, selection: str, seed: int = 0) -> Cell:
    """The cell of that name, which must be in the run's grid."""
    cell = Cell(activation, selection, seed)
    assert cell in run.cells
    return cell


def replace_file(run: Run, cell: Cell, fold: int, name: str, table: pa.Table) -> None:
    """Let a fold of a cell have left another table."""
    leg = run.leg_of(cell)
    folder, result = leg.fold(fold), leg.fold(fold).result()
    folder.finish(
        result.model_copy(update={"files": result.files | {name: folder.put(name, table_bytes(table))}})
    )
    leg.store.delete(artifacts.RESULT)
    assert leg.finish(run.experiment.folds)


def with_noise_truth(run: Run, table: pa.Table | None) -> Run:
    """The run with another noise_truth.parquet, or without one."""
    others = {name: file for name, file in run.manifest.files.items() if name != artifacts.NOISE_TRUTH}
    run.store.delete(artifacts.NOISE_TRUTH)
    if table is not None:
        run.store.write_table(artifacts.NOISE_TRUTH, table)
        others[artifacts.NOISE_TRUTH] = StoredFile.of(run.store.read(artifacts.NOISE_TRUTH))
    return Run(run.store, run.manifest.model_copy(update={"files": others}))
