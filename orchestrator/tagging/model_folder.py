"""A model as a folder that can be given away: weights, settings, and a card that says what it is."""

from pathlib import Path

from orchestrator.files.store import Store
from orchestrator.legs.run import Run
from orchestrator.tagging.model_card import model_card
from orchestrator.tagging.systems import System, read_weights
from trainable.errors import UserError
from trainable.tagger import MODEL, Tagger, read_model_file

CARD = "README.md"
ONNX = "model.onnx"


def export_model(run: Run, system: System, folder: Path, onnx: bool = False) -> list[str]:
    """Write the system to `folder` (see `trainable.tagger`), model.json last; the names of its files.

    `onnx`: also model.onnx, which needs neither torch nor this program.

    Raises:
        UserError: the folder holds something else, or ONNX is not installed.
    """
    described, weights = read_weights(run, system)
    tagger = Tagger.assemble(described, weights, "cpu")  # refused here, not where it is opened
    files = {member.file: data for member, data in zip(described.members, weights, strict=True)}
    if onnx:
        from orchestrator.tagging.onnx_file import onnx_bytes

        files[ONNX] = onnx_bytes(tagger)
    files[CARD] = model_card(run, system, described, onnx).encode()
    store = Store.open(folder)
    _clear(store)
    for name, data in files.items():
        store.write(name, data)
    store.write_model(MODEL, described)
    return [*files, MODEL]


def _clear(store: Store) -> None:
    """Remove a model that is here; nothing else is touched."""
    left = store.names()
    if not left:
        return
    if MODEL not in left:
        raise UserError(f"{store} holds something else ({left[0]}): name a new folder for the model")
    members = [member.file for member in read_model_file(Path(store.base)).members]
    for name in (MODEL, CARD, ONNX, *members):
        store.delete(name)
