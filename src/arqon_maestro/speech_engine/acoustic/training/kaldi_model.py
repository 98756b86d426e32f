"""A trained network as a Kaldi model, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.acoustic.model import AcousticModel, acoustic_model
from arqon_maestro.speech_engine.acoustic.nnet3.components import Component
from arqon_maestro.speech_engine.acoustic.nnet3.network import Nnet
from arqon_maestro.speech_engine.acoustic.training.network import Tdnn, TdnnShape
from arqon_maestro.speech_engine.acoustic.training.phone_set import PhoneSet
from arqon_maestro.speech_engine.kaldi.transition_model import TransitionModel

_NORM_EPSILON = 1e-3
_LEARNING_RATE = 0.001
#: Kaldi wants to know over how many frames statistics were taken; any number does.
_NORM_COUNT = 10000.0


def to_kaldi(network: Tdnn, phones: PhoneSet) -> AcousticModel:
    """Returns the model of a trained network, with both of its outputs.

    The second output, ``output-xent``, is not needed for recognition, but to train further.
    """
    weights = {name: value.detach().numpy() for name, value in network.state_dict().items()}
    components: dict[str, Component] = {"input.batchnorm": _norm(weights, "input_norm")}
    for number in range(len(network.shape.contexts)):
        _layer(f"tdnn{number + 1}", f"affines.{number}", f"norms.{number}", weights, components)
    _layer("prefinal", "prefinal", "prefinal_norm", weights, components)
    components["output.affine"] = _affine(weights, "output")
    components["output-xent.affine"] = _affine(weights, "cross_entropy")
    components["output-xent.log-softmax"] = _nonlinear("LogSoftmax", network.pdfs)
    transitions = TransitionModel.of(phones.tree(), phones.topology())
    return acoustic_model(transitions, Nnet.of(to_lines(network), components))


def to_lines(network: Tdnn) -> tuple[str, ...]:
    """Returns the configuration lines of a network."""
    lines = [f"input-node name=input dim={network.features}"]

    def add(component: str, given: str) -> str:
        lines.append(f"component-node name={component} component={component} input={given}")
        return component

    last = add("input.batchnorm", "input")
    layers = {f"tdnn{number + 1}": reach for number, reach in enumerate(network.shape.contexts)}
    for name, reach in {**layers, "prefinal": 0}.items():
        if reach:
            last = f"Append(Offset({last}, -{reach}), {last}, Offset({last}, {reach}))"
        for part in ("affine", "relu", "batchnorm"):
            last = add(f"{name}.{part}", last)
    output = add("output.affine", last)
    lines.append(f"output-node name=output input={output} objective=linear")
    cross_entropy = add("output-xent.log-softmax", add("output-xent.affine", last))
    lines.append(f"output-node name=output-xent input={cross_entropy} objective=linear")
    return tuple(lines)


def _layer(
    name: str,
    affine: str,
    norm: str,
    weights: dict[str, NDArray[Any]],
    components: dict[str, Component],
) -> None:
    """Adds the components of affine transform, rectifier and normalisation."""
    components[f"{name}.affine"] = _affine(weights, affine)
    components[f"{name}.relu"] = _nonlinear("RectifiedLinear", len(weights[f"{affine}.bias"]))
    components[f"{name}.batchnorm"] = _norm(weights, norm)


def _affine(weights: dict[str, NDArray[Any]], name: str) -> Component:
    return Component(
        "NaturalGradientAffine",
        {
            "LearningRate": _LEARNING_RATE,
            "LinearParams": weights[f"{name}.weight"].astype(np.float32),
            "BiasParams": weights[f"{name}.bias"].astype(np.float32),
            "RankIn": 20,
            "RankOut": 80,
            "UpdatePeriod": 4,
            "NumSamplesHistory": 2000.0,
            "Alpha": 4.0,
        },
    )


def _nonlinear(kind: str, dim: int) -> Component:
    nothing = np.zeros(0, np.float32)
    return Component(
        kind,
        {
            "Dim": dim,
            "ValueAvg": nothing,
            "DerivAvg": nothing,
            "Count": 0.0,
            "OderivRms": nothing,
            "OderivCount": 0.0,
            "NumDimsSelfRepaired": 0.0,
            "NumDimsProcessed": 0.0,
        },
    )


def _norm(weights: dict[str, NDArray[Any]], name: str) -> Component:
    mean = weights[f"{name}.running_mean"].astype(np.float32)
    return Component(
        "BatchNorm",
        {
            "Dim": len(mean),
            "BlockDim": len(mean),
            "Epsilon": _NORM_EPSILON,
            "TargetRms": 1.0,
            "TestMode": False,
            "Count": _NORM_COUNT,
            "StatsMean": mean,
            "StatsVar": weights[f"{name}.running_var"].astype(np.float32),
        },
    )


def from_kaldi(model: AcousticModel) -> tuple[TdnnShape, dict[str, Tensor]]:
    """Returns shape and weights of a model that `to_kaldi` made, to train it further.

    Raises:
        DataError: another kind of model.
    """
    components = model.network.components
    layers = sum(name.startswith("tdnn") and name.endswith(".affine") for name in components)
    try:
        shape = TdnnShape(
            dim=components["prefinal.affine"].output_dim,
            fast_layers=TdnnShape.fast_layers,
            slow_layers=layers - TdnnShape.fast_layers,
        )
        network = Tdnn(model.network.feature_dim, model.network.output_dim, shape)
        if to_lines(network) != model.network.lines:
            raise DataError("its layers are others")
        weights = network.state_dict()
        names = {"input_norm": "input", "prefinal": "prefinal", "prefinal_norm": "prefinal"}
        names |= {f"affines.{n}": f"tdnn{n + 1}" for n in range(layers)}
        names |= {f"norms.{n}": f"tdnn{n + 1}" for n in range(layers)}
        names |= {"output": "output", "cross_entropy": "output-xent"}
        for key in weights:
            module, _, part = key.rpartition(".")
            if part in ("weight", "bias"):
                fields = components[f"{names[module]}.affine"].fields
                value = fields["LinearParams" if part == "weight" else "BiasParams"]
            elif part in ("running_mean", "running_var"):
                fields = components[f"{names[module]}.batchnorm"].fields
                value = fields["StatsMean" if part == "running_mean" else "StatsVar"]
            else:
                continue
            weights[key] = torch.from_numpy(np.array(value, np.float32))
    except (KeyError, DataError) as error:
        raise DataError(
            "not a model that was trained by this program",
            why=f"{error}; others cannot be trained further",
        ) from None
    return shape, weights
