"""Components of a network: what their files hold, and what they compute.

Source: the `Read` and `Write` of Kaldi's ``nnet3/nnet-simple-component``, ``nnet-tdnn-component``,
``nnet-normalize-component`` and ``nnet-general-component``. `T` rows (times), `I` columns in, `O`
columns out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import DataError, did_you_mean
from arqon_maestro.speech_engine.kaldi.io import KaldiReader, KaldiWriter

Floats = NDArray[np.float32]
#: Kinds of fields: a real, a double, an integer, a boolean, a matrix, a vector, a list of integers,
#: a token without a value, two reals, two integers.
REAL, DOUBLE, INTEGER, BOOLEAN, MATRIX, VECTOR, LIST, FLAG, REALS, INTEGERS = "fdibMVL-FI"

_UPDATABLE = {
    "LearningRateFactor": REAL,
    "IsGradient": BOOLEAN,
    "MaxChange": REAL,
    "L2Regularize": REAL,
    "LearningRate": REAL,
}
_NONLINEAR = {
    "Dim": INTEGER,
    "BlockDim": INTEGER,
    "ValueAvg": VECTOR,
    "DerivAvg": VECTOR,
    "Count": DOUBLE,
    "OderivRms": VECTOR,
    "OderivCount": DOUBLE,
    "NumDimsSelfRepaired": DOUBLE,
    "NumDimsProcessed": DOUBLE,
    "SelfRepairLowerThreshold": REAL,
    "SelfRepairUpperThreshold": REAL,
    "SelfRepairScale": REAL,
}
_NATURAL_GRADIENT = {
    "OrthonormalConstraint": REAL,
    "JointL2RegularizeProportion": REAL,
    "UseNaturalGradient": BOOLEAN,
    "RankIn": INTEGER,
    "RankOut": INTEGER,
    "Rank": INTEGER,
    "RankInOut": INTEGERS,
    "UpdatePeriod": INTEGER,
    "NumSamplesHistory": REAL,
    "Alpha": REAL,
    "AlphaInOut": REALS,
    "MaxChangePerSample": REAL,
    "MaxChangePerMinibatch": REAL,
    "UpdateCount": DOUBLE,
    "ActiveScalingCount": DOUBLE,
    "MaxChangeScaleStats": DOUBLE,
}
_AFFINE = {"LinearParams": MATRIX, "BiasParams": VECTOR}
#: What the file of each kind may hold, in any order; the kind is the class name without
#: ``Component``.
FIELDS: dict[str, dict[str, str]] = {
    "Affine": _UPDATABLE | _AFFINE | _NATURAL_GRADIENT,
    "NaturalGradientAffine": _UPDATABLE | _AFFINE | _NATURAL_GRADIENT,
    "FixedAffine": _AFFINE,
    "Linear": _UPDATABLE | {"Params": MATRIX} | _NATURAL_GRADIENT,
    "Tdnn": _UPDATABLE | {"TimeOffsets": LIST} | _AFFINE | _NATURAL_GRADIENT,
    "RectifiedLinear": _NONLINEAR,
    "Sigmoid": _NONLINEAR,
    "Tanh": _NONLINEAR,
    "Softmax": _NONLINEAR,
    "LogSoftmax": _NONLINEAR,
    "Normalize": _NONLINEAR | {"InputDim": INTEGER, "TargetRms": REAL, "AddLogStddev": BOOLEAN},
    "BatchNorm": {
        "Dim": INTEGER,
        "BlockDim": INTEGER,
        "Epsilon": REAL,
        "TargetRms": REAL,
        "TestMode": BOOLEAN,
        "Count": DOUBLE,
        "StatsMean": VECTOR,
        "StatsVar": VECTOR,
    },
    "NoOp": _NONLINEAR | {"BackpropScale": REAL},
    "Dropout": {
        "Dim": INTEGER,
        "DropoutProportion": REAL,
        "DropoutPerFrame": BOOLEAN,
        "TestMode": BOOLEAN,
    },
    "GeneralDropout": {
        "Dim": INTEGER,
        "BlockDim": INTEGER,
        "TimePeriod": INTEGER,
        "DropoutProportion": REAL,
        "TestMode": FLAG,
        "Continuous": FLAG,
        "SpecAugmentMaxProportion": REAL,
        "SpecAugmentMaxRegions": INTEGER,
    },
    "SpecAugmentTimeMask": {
        "Dim": INTEGER,
        "ZeroedProportion": REAL,
        "TimeMaskMaxFrames": INTEGER,
        "TestMode": FLAG,
    },
    "FixedScale": {"Scales": VECTOR},
    "FixedBias": {"Bias": VECTOR},
    "PerElementScale": _UPDATABLE | {"Params": VECTOR} | _NATURAL_GRADIENT,
    "NaturalGradientPerElementScale": _UPDATABLE | {"Params": VECTOR} | _NATURAL_GRADIENT,
    "PerElementOffset": _UPDATABLE | {"Offsets": VECTOR, "Dim": INTEGER} | _NATURAL_GRADIENT,
    "ScaleAndOffset": _UPDATABLE
    | {"Dim": INTEGER, "Scales": VECTOR, "Offsets": VECTOR}
    | _NATURAL_GRADIENT,
    "ElementwiseProduct": {"InputDim": INTEGER, "OutputDim": INTEGER},
}
_REQUIRED = {
    "Affine": ("LinearParams", "BiasParams"),
    "NaturalGradientAffine": ("LinearParams", "BiasParams"),
    "FixedAffine": ("LinearParams", "BiasParams"),
    "Linear": ("Params",),
    "Tdnn": ("TimeOffsets", "LinearParams", "BiasParams"),
    "BatchNorm": ("Dim", "BlockDim", "Epsilon", "TargetRms", "Count", "StatsMean", "StatsVar"),
    "Normalize": ("InputDim", "TargetRms", "AddLogStddev"),
    "FixedScale": ("Scales",),
    "FixedBias": ("Bias",),
    "PerElementScale": ("Params",),
    "NaturalGradientPerElementScale": ("Params",),
    "PerElementOffset": ("Offsets",),
    "ScaleAndOffset": ("Scales", "Offsets"),
    "ElementwiseProduct": ("InputDim", "OutputDim"),
}
#: Of these the output is the input, as dropout is for training.
_PASSED_THROUGH = frozenset({"NoOp", "Dropout", "GeneralDropout", "SpecAugmentTimeMask"})
_SCALES = {
    "FixedScale": "Scales",
    "PerElementScale": "Params",
    "NaturalGradientPerElementScale": "Params",
}
#: Below this mean square `Normalize` divides by it.
_SQUARED_NORM_FLOOR = 2.0**-66
_SUFFIX = "Component"


@dataclass(frozen=True, eq=False)
class Component:
    """A component.

    Attributes:
        kind: ``Affine``, ``RectifiedLinear`` …: Kaldi's class name without ``Component``.
        fields: what its file holds, in the file's order: name without brackets → value.
    """

    kind: str
    fields: Mapping[str, Any]

    @cached_property
    def input_dim(self) -> int:
        """`I`; of a `Tdnn` that of one time."""
        if self.kind == "Tdnn":
            return int(self.linear.shape[1]) // len(self.time_offsets)
        if self.linear.size:
            return int(self.linear.shape[1])
        return self._dim("InputDim")

    @cached_property
    def output_dim(self) -> int:
        """`O`."""
        if self.linear.size:
            return int(self.linear.shape[0])
        if self.kind == "Normalize":
            return self._dim("InputDim") + int(self.fields["AddLogStddev"])
        return self._dim("OutputDim")

    def _dim(self, name: str) -> int:
        for field in (name, "Dim"):
            if field in self.fields:
                return int(self.fields[field])
        for field in ("Scales", "Bias", "Params", "Offsets"):
            if field in self.fields:
                return len(self.fields[field])
        raise DataError(f"a {self.kind}{_SUFFIX} without a dimension")

    @cached_property
    def linear(self) -> Floats:
        """The matrix `(O, I)`, empty where there is none; of a `Tdnn` times are side by side."""
        matrix = self.fields.get("LinearParams", self.fields.get("Params"))
        if matrix is None or matrix.ndim != 2:
            return np.zeros((0, 0), np.float32)
        return np.asarray(matrix, np.float32)

    @property
    def time_offsets(self) -> tuple[int, ...]:
        """Times, relative to that of the output, whose values it takes; of most components one."""
        if self.kind == "Tdnn":
            return tuple(int(offset) for offset in self.fields["TimeOffsets"])
        return (0,)

    @cached_property
    def _normaliser(self) -> tuple[Floats, Floats]:
        """Scale and offset `(block,)` of a `BatchNorm` in test mode."""
        variance = np.maximum(np.asarray(self.fields["StatsVar"], np.float64), 0.0)
        scale = self.fields["TargetRms"] / np.sqrt(variance + self.fields["Epsilon"])
        offset = -np.asarray(self.fields["StatsMean"], np.float64) * scale
        return scale.astype(np.float32), offset.astype(np.float32)

    def compute(self, values: Floats) -> Floats:
        """Returns the output `(T, O)` of the input `(T, I)`.

        Of a `Tdnn` the input is `(T, I * times)`, the values of `time_offsets` side by side.
        """
        kind = self.kind
        if kind in _PASSED_THROUGH:
            return values
        if self.linear.size:
            result: Floats = values @ self.linear.T
            bias = self.fields.get("BiasParams")
            # A Tdnn may lack its bias.
            return result if bias is None or not len(bias) else result + bias.astype(np.float32)
        if kind == "RectifiedLinear":
            return np.maximum(values, np.float32(0))
        if kind == "BatchNorm":
            scale, offset = self._normaliser
            blocks = values.reshape(-1, len(scale))
            return np.asarray(blocks * scale + offset).reshape(values.shape)
        if kind in ("LogSoftmax", "Softmax"):
            shifted = values - values.max(axis=1, keepdims=True)
            logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
            return np.asarray(logs if kind == "LogSoftmax" else np.exp(logs))
        if kind == "Sigmoid":
            return np.asarray(0.5 * (1 + np.tanh(0.5 * values)), np.float32)
        if kind == "Tanh":
            return np.tanh(values)
        if kind == "Normalize":
            return self._normalise(values)
        if kind == "ElementwiseProduct":
            parts = values.reshape(len(values), -1, self.output_dim)
            return np.asarray(np.prod(parts, axis=1))
        return self._scale(values)

    def _normalise(self, values: Floats) -> Floats:
        size = int(self.fields.get("BlockDim", values.shape[1]))
        blocks = values.reshape(-1, size)
        target = float(self.fields["TargetRms"])
        power = np.mean(np.square(blocks, dtype=np.float64), axis=1, keepdims=True) / target**2
        floored = np.maximum(power, _SQUARED_NORM_FLOOR)
        scaled: NDArray[np.float64] = blocks / np.sqrt(floored)
        if self.fields["AddLogStddev"]:
            scaled = np.concatenate([scaled, 0.5 * np.log(floored * target**2)], axis=1)
        return np.asarray(scaled.reshape(len(values), -1), np.float32)

    def _scale(self, values: Floats) -> Floats:
        scale = self.fields.get(_SCALES.get(self.kind, "Scales"), np.ones(1))
        offset = self.fields.get("Bias", self.fields.get("Offsets", np.zeros(1)))
        ratio = max(1, values.shape[1] // max(len(scale), len(offset)))
        scale, offset = (
            np.tile(part, ratio) if len(part) > 1 else part for part in (scale, offset)
        )
        return np.asarray(values * scale + offset, np.float32)

    def problems(self) -> Iterator[str]:
        """Yields what is wrong with its sizes."""
        for name in _REQUIRED.get(self.kind, ()):
            if name not in self.fields:
                yield f"<{name}> is missing"
                return
        if "BiasParams" in self.fields and self.linear.size:
            rows = len(self.fields["BiasParams"])
            if rows != self.linear.shape[0] and not (rows == 0 and self.kind == "Tdnn"):
                yield f"{rows} biases for {self.linear.shape[0]} rows"
        if self.kind == "Tdnn" and (
            not self.time_offsets or self.linear.shape[1] % len(self.time_offsets)
        ):
            yield f"{self.linear.shape[1]} columns for {len(self.time_offsets)} times"
        if self.kind == "BatchNorm":
            if self.fields["Count"] == 0:
                yield "no statistics, so it cannot be used (Kaldi: train it first)"
            sizes = (len(self.fields["StatsMean"]), len(self.fields["StatsVar"]))
            block = self.fields["BlockDim"]
            if sizes != (block, block) or block <= 0 or self.fields["Dim"] % block:
                yield f"statistics of {sizes} for blocks of {block} in {self.fields['Dim']}"
        if self.kind == "ElementwiseProduct" and (
            self.fields["OutputDim"] <= 0 or self.fields["InputDim"] % self.fields["OutputDim"]
        ):
            yield f"products of {self.fields['OutputDim']} out of {self.fields['InputDim']}"
        for name, value in self.fields.items():
            if isinstance(value, np.ndarray) and not np.isfinite(value).all():
                yield f"<{name}> has values that are not finite"


def read_component(reader: KaldiReader, name: str) -> Component:
    """Reads ``<AffineComponent> … </AffineComponent>`` in binary form.

    Args:
        reader: at the component's first token.
        name: of the component in the network, for errors.

    Raises:
        DataError: an unknown kind of component, or an unknown field in it; it is named.
    """
    opening = reader.token()
    kind = opening.removeprefix("<").removesuffix(f"{_SUFFIX}>")
    if opening != f"<{kind}{_SUFFIX}>" or kind not in FIELDS:
        reader.fail(
            f"components of the kind {opening.strip('<>')!r} are not known (component {name!r})",
            why=did_you_mean(kind, FIELDS),
        )
    fields: dict[str, Any] = {}
    while (token := reader.token()) != f"</{kind}{_SUFFIX}>":
        field = token.strip("<>")
        form = FIELDS[kind].get(field)
        if form is None or token != f"<{field}>":
            reader.fail(
                f"{token!r} in the {kind}{_SUFFIX} {name!r} is not known",
                why=did_you_mean(field, FIELDS[kind]),
            )
        fields[field] = _read_field(reader, form)
    component = Component(kind, fields)
    for problem in component.problems():
        reader.fail(f"the {kind}{_SUFFIX} {name!r} cannot be used", why=problem)
    return component


def _read_field(reader: KaldiReader, form: str) -> Any:
    match form:
        case "f" | "d":
            return reader.real()
        case "i":
            return reader.int32()
        case "b":
            return reader.boolean()
        case "M":
            return reader.matrix()
        case "V":
            return reader.vector()
        case "L":
            return reader.int_vector()
        case "F":
            return (reader.real(), reader.real())
        case "I":
            return (reader.int32(), reader.int32())
    return True


def write_component(writer: KaldiWriter, component: Component) -> None:
    """Writes ``<AffineComponent> … </AffineComponent>`` in binary form."""
    writer.token(f"<{component.kind}{_SUFFIX}>")
    for field, value in component.fields.items():
        writer.token(f"<{field}>")
        match FIELDS[component.kind][field]:
            case "f":
                writer.real(value)
            case "d":
                writer.double(value)
            case "i":
                writer.int32(value)
            case "b":
                writer.boolean(value)
            case "M":
                writer.matrix(value)
            case "V":
                writer.vector(value)
            case "L":
                writer.int_vector(value)
            case "F":
                writer.real(value[0])
                writer.real(value[1])
            case "I":
                writer.int32(value[0])
                writer.int32(value[1])
    writer.token(f"</{component.kind}{_SUFFIX}>")
