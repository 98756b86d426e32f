"""Everything that a training of an acoustic model needs to go on as if it had never stopped."""

from __future__ import annotations

import pickle
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from arqon_maestro.artifacts import atomic_binary
from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.acoustic.training.updates import Update

CHECKPOINT_FILE = "checkpoint.pt"


@dataclass
class TrainingState:
    """Where a training stands."""

    fingerprint: str
    update: int = 0
    epoch: int = 0
    position: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)
    optimisers: dict[str, Any] = field(default_factory=dict)
    log: list[dict[str, float]] = field(default_factory=list)


def save_checkpoint(folder: Path, state: TrainingState, update: Update) -> None:
    """Writes the checkpoint, atomically."""
    state.weights = update.network.state_dict()
    state.optimisers = update.optimisers()
    with atomic_binary(folder / CHECKPOINT_FILE) as stream:
        torch.save(vars(state), stream)


def load_checkpoint(folder: Path) -> TrainingState | None:
    """Reads the checkpoint; None where there is none.

    Raises:
        DataError: it is damaged.
    """
    path = folder / CHECKPOINT_FILE
    if not path.is_file():
        return None
    try:
        return TrainingState(**torch.load(path, weights_only=True))
    except (RuntimeError, TypeError, EOFError, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        raise DataError(
            "a checkpoint that cannot be read",
            where=path,
            why=str(error).partition("\n")[0],
            remedy=f"rm {path}, to train from the start",
        ) from None
