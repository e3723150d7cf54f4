"""`export`: a model or curves, for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.options import CellName, EnsembleName, RunFolder, console, say, system_name
from orchestrator.files.store import Store
from orchestrator.legs.run import Run
from trainable.errors import UserError


def export(
    out: RunFolder,
    tensorboard: Annotated[Path | None, typer.Option(help="Folder for TensorBoard's event files.")] = None,
    mlflow: Annotated[str | None, typer.Option(help="MLflow tracking server, such as http://...")] = None,
    model: Annotated[Path | None, typer.Option(help="New folder for a model that tags without Ray.")] = None,
    cell: CellName = None,
    ensemble: EnsembleName = None,
    onnx: Annotated[bool, typer.Option("--onnx", help="Put the model there as model.onnx too.")] = False,
) -> None:
    """Give a trained model away, or the curves of finished cells to TensorBoard or MLflow."""
    from orchestrator.watch.export import to_mlflow, to_tensorboard

    if tensorboard is None and mlflow is None and model is None:
        raise UserError("say where to: --model FOLDER, --tensorboard FOLDER or --mlflow URI")
    if model is None and (cell or ensemble or onnx):
        raise UserError("--cell, --ensemble and --onnx are about a model: say where to with --model FOLDER")
    exported = Run.open(Store.open(out))
    if model is not None:
        _export_model(exported, system_name(cell, ensemble), model, onnx)
    if tensorboard is not None:
        say(f"{to_tensorboard(exported, tensorboard)} new cells in {tensorboard}")
    if mlflow is not None:
        name = exported.experiment.name
        say(f"{to_mlflow(exported, mlflow)} new cells in MLflow experiment {name}")


def _export_model(run: Run, name: str | None, folder: Path, onnx: bool) -> None:
    from orchestrator.tagging.model_folder import export_model
    from orchestrator.tagging.systems import choose_system

    with console.status("writing the model"):
        system = choose_system(run, name)
        written = export_model(run, system, folder, onnx)
    say(f"{system.label}: {', '.join(written)} in {folder}")
