"""Kaldi's ``final.mdl``: transition model, network, priors; and the folder that it lies in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.artifacts import atomic_binary
from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.acoustic.nnet3.computation import context
from arqon_maestro.speech_engine.acoustic.nnet3.network import Nnet
from arqon_maestro.speech_engine.kaldi.io import KaldiReader, KaldiWriter
from arqon_maestro.speech_engine.kaldi.transition_model import TransitionModel


@dataclass(frozen=True, eq=False)
class AcousticModel:
    """What ``final.mdl`` holds.

    Attributes:
        transitions: transition ids and their pdfs.
        network: features to pdfs.
        left_context: frames before the first that an output needs, as the file says.
        right_context: frames after the last.
        priors: `(D,)` of the pdfs; empty in chain models, whose outputs are not divided by them.
    """

    transitions: TransitionModel
    network: Nnet
    left_context: int
    right_context: int
    priors: NDArray[np.float32]


def read_acoustic_model(path: Path) -> AcousticModel:
    """Reads ``final.mdl`` in binary form.

    Raises:
        MissingPartError: no such file.
        DataError: truncated, a component or descriptor that is not known, or parts that don't
            belong together.
    """
    reader = KaldiReader.open(path)
    transitions = TransitionModel.read(reader)
    if reader.at_end or reader.peek() != "<Nnet3>":
        reader.fail(
            "no nnet3 network after the transition model",
            why="only chain models of nnet3 are known; a GMM or nnet2 model perhaps",
        )
    network = Nnet.read(reader)
    reader.expect("<LeftContext>")
    left = reader.int32()
    reader.expect("<RightContext>")
    right = reader.int32()
    reader.expect("<Priors>")
    priors = reader.vector().astype(np.float32)
    if not reader.at_end:
        reader.fail("something after the end of the model")
    model = AcousticModel(transitions, network, left, right, priors)
    _check(model, path)
    return model


def write_acoustic_model(path: Path, model: AcousticModel) -> None:
    """Writes ``final.mdl`` in binary form."""
    writer = KaldiWriter()
    model.transitions.write(writer)
    model.network.write(writer)
    writer.token("<LeftContext>")
    writer.int32(model.left_context)
    writer.token("<RightContext>")
    writer.int32(model.right_context)
    writer.token("<Priors>")
    writer.vector(model.priors.astype(np.float32))
    with atomic_binary(path) as stream:
        stream.write(bytes(writer))


def acoustic_model(transitions: TransitionModel, network: Nnet) -> AcousticModel:
    """Joins a transition model and a network, whose context is computed.

    Raises:
        DataError: they don't belong together.
    """
    left, right = context(network)
    model = AcousticModel(transitions, network, left, right, np.zeros(0, np.float32))
    _check(model, None)
    return model


def _check(model: AcousticModel, where: object) -> None:
    pdfs = model.transitions.num_pdfs
    if model.network.output_dim != pdfs:
        raise DataError(
            f"the network has {model.network.output_dim} outputs, the transition model {pdfs} pdfs",
            where=where,
            why="parts of two models",
        )
    if len(model.priors) not in (0, pdfs):
        raise DataError(f"{len(model.priors)} priors for {pdfs} pdfs", where=where)
