"""What a graph needs of an acoustic model: its tree, its transition model, its phones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.speech_engine.graph.lang import Lang
from arqon_maestro.speech_engine.graph.phone_table import PhoneTable
from arqon_maestro.speech_engine.kaldi.transition_model import (
    TransitionModel,
    read_transition_model,
)
from arqon_maestro.speech_engine.kaldi.tree import ContextDependency, read_tree

MODEL_FILE, TREE_FILE, PHONES_FILE = "final.mdl", "tree", "phones.txt"


@dataclass(frozen=True)
class GraphModel:
    """The parts of an acoustic model that a graph is made of.

    Attributes:
        folder: where it is.
        tree: pdfs of phones in context.
        transitions: transition ids.
        phones: names of its phones; None where the folder has no ``phones.txt``.
    """

    folder: Path
    tree: ContextDependency
    transitions: TransitionModel
    phones: PhoneTable | None


def read_graph_model(folder: Path) -> GraphModel:
    """Reads ``tree``, the head of ``final.mdl`` and, if it is there, ``phones.txt``.

    Raises:
        MissingPartError: no such folder, or no tree or model in it.
        DataError: a damaged file, or a tree and a model that don't belong together.
    """
    if not folder.is_dir():
        raise MissingPartError("no such folder", where=folder)
    missing = [name for name in (MODEL_FILE, TREE_FILE) if not (folder / name).is_file()]
    if missing:
        raise MissingPartError(
            "not a Kaldi acoustic model", where=folder, why=f"it lacks {', '.join(missing)}"
        )
    tree = read_tree(folder / TREE_FILE)
    transitions = read_transition_model(folder / MODEL_FILE)
    _check_together(tree, transitions, folder)
    path = folder / PHONES_FILE
    phones = PhoneTable.read(path) if path.is_file() else None
    if phones is not None:
        _check_phones(phones, transitions, path)
    return GraphModel(folder, tree, transitions, phones)


def _check_together(tree: ContextDependency, model: TransitionModel, folder: Path) -> None:
    """Checks that the tree has the model's transition states."""
    why = "tree and final.mdl belong to different models"
    try:
        expected = TransitionModel.of(tree, model.topology)
    except DataError as error:
        raise DataError(error.what, where=folder / TREE_FILE, why=why) from None
    if not np.array_equal(expected.tuples, model.tuples):
        raise DataError(
            "the tree gives other transition states than the model has",
            where=folder / TREE_FILE,
            why=why,
            remedy="take both files from one folder",
        )


def _check_phones(table: PhoneTable, model: TransitionModel, path: Path) -> None:
    known = set(model.topology.phones)
    unknown = [name for name, number in table.ids.items() if number not in known]
    if unknown:
        raise DataError(
            f"{len(unknown)} phones that the model lacks, {unknown[0]!r} among them",
            where=path,
            why="phones.txt and final.mdl belong to different models",
        )


def check_lang(lang: Lang, model: GraphModel) -> None:
    """Checks that the phones of a lang folder are those of the model.

    Raises:
        DataError: one that the model lacks, or numbers otherwise.
    """
    where = lang.folder / "phones.txt"
    remedy = f"maestro graph lang --acoustic-model {model.folder}"
    known = set(model.transitions.topology.phones)
    for name, number in lang.real_phones.items():
        if model.phones is not None and name not in model.phones.ids:
            raise DataError(
                f"the acoustic model has no phone {name!r}",
                where=where,
                why=f"it is not in {model.folder / PHONES_FILE}",
                remedy=remedy,
            )
        of_model = number if model.phones is None else model.phones.ids[name]
        if number != of_model or number not in known:
            raise DataError(
                f"the phone {name!r} is number {number} here",
                where=where,
                why=f"{of_model} in the model" if number != of_model else "the model has none such",
                remedy=remedy,
            )
