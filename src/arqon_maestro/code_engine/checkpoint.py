"""Everything that a training needs to go on as if it had never stopped, in one atomic file."""

from __future__ import annotations

import pickle
import zipfile
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from arqon_maestro.artifacts import atomic_binary
from arqon_maestro.errors import DataError

CHECKPOINT_FILE = "checkpoint.pt"


@dataclass
class TrainingState:
    """Where a training stands.

    Attributes:
        fingerprint: digest of recipe and data; another one means another training.
        update: updates done.
        epoch: pass over the data, from 0.
        position: batches of this epoch that are done.
        words: target tokens trained on, ends of lines included.
        window_loss: summed loss since the last line of the log.
        window_words: target tokens since then.
        best_loss: lowest validation loss so far, in nats a token.
        best_update: when that was.
        stale_validations: validations since then.
        weights: the network.
        averaged: the moving average of the weights, if there is one.
        best: the validated weights at `best_update`.
        optimiser: Adam's state.
    """

    fingerprint: str
    update: int = 0
    epoch: int = 0
    position: int = 0
    words: int = 0
    window_loss: float = 0.0
    window_words: int = 0
    best_loss: float = float("inf")
    best_update: int = 0
    stale_validations: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)
    averaged: dict[str, Tensor] = field(default_factory=dict)
    best: dict[str, Tensor] = field(default_factory=dict)
    optimiser: dict[str, Any] = field(default_factory=dict)


def save_checkpoint(folder: Path, state: TrainingState) -> None:
    """Writes the checkpoint of a training folder, atomically."""
    with atomic_binary(folder / CHECKPOINT_FILE) as stream:
        # `asdict` would copy every tensor.
        torch.save({item.name: getattr(state, item.name) for item in fields(state)}, stream)


def load_checkpoint(folder: Path, fingerprint: str) -> TrainingState | None:
    """Reads the checkpoint of a training folder; None if there is none.

    Raises:
        DataError: it cannot be read, or belongs to another recipe or dataset.
    """
    path = folder / CHECKPOINT_FILE
    if not path.is_file():
        return None
    remedy = f"train with restart, or delete {path.name}"
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        state = TrainingState(**content)
    except (
        OSError,
        RuntimeError,
        EOFError,
        TypeError,
        ValueError,
        KeyError,
        pickle.UnpicklingError,
        zipfile.BadZipFile,
    ) as error:
        reason = str(error).split("\n")[0]
        raise DataError("not a checkpoint", where=path, why=reason, remedy=remedy) from None
    if state.fingerprint != fingerprint:
        raise DataError(
            "the checkpoint belongs to another recipe or dataset", where=path, remedy=remedy
        )
    return state
