"""Small random networks for tests, and their plain computation."""

import numpy as np

from arqon_maestro.speech_engine.acoustic.nnet3.components import Component
from arqon_maestro.speech_engine.acoustic.nnet3.network import Nnet


def affine(chooser, rows, columns, kind="NaturalGradientAffine", scale=0.3):
    fields = {
        "LearningRate": 0.001,
        "LinearParams": (chooser.standard_normal((rows, columns)) * scale).astype(np.float32),
        "BiasParams": chooser.standard_normal(rows).astype(np.float32),
    }
    if kind == "FixedAffine":
        del fields["LearningRate"]
    if kind == "NaturalGradientAffine":
        fields |= {"RankIn": 20, "RankOut": 80, "UpdatePeriod": 4}
        fields |= {"NumSamplesHistory": 2000.0, "Alpha": 4.0}
    return Component(kind, fields)


def linear(chooser, rows, columns):
    matrix = (chooser.standard_normal((rows, columns)) * 0.3).astype(np.float32)
    return Component(
        "Linear",
        {
            "LearningRate": 0.001,
            "Params": matrix,
            "OrthonormalConstraint": -1.0,
            "UseNaturalGradient": True,
            "RankInOut": (20, 80),
            "Alpha": 4.0,
            "NumSamplesHistory": 2000.0,
            "UpdatePeriod": 4,
        },
    )


def tdnn(chooser, rows, columns, offsets, biased=True):
    shape = (rows, columns * len(offsets))
    bias = chooser.standard_normal(rows if biased else 0).astype(np.float32)
    return Component(
        "Tdnn",
        {
            "LearningRate": 0.001,
            "TimeOffsets": np.array(offsets, np.int32),
            "LinearParams": (chooser.standard_normal(shape) * 0.3).astype(np.float32),
            "BiasParams": bias,
            "OrthonormalConstraint": 0.0,
            "UseNaturalGradient": True,
            "NumSamplesHistory": 2000.0,
            "AlphaInOut": (4.0, 4.0),
            "RankInOut": (20, 80),
        },
    )


def relu(dim):
    return Component(
        "RectifiedLinear",
        {
            "Dim": dim,
            "ValueAvg": np.zeros(dim, np.float32),
            "DerivAvg": np.zeros(dim, np.float32),
            "Count": 3.0,
            "NumDimsSelfRepaired": 0.0,
            "NumDimsProcessed": 1.0,
            "SelfRepairScale": 1e-5,
        },
    )


def batch_norm(chooser, dim, block=None):
    block = block or dim
    return Component(
        "BatchNorm",
        {
            "Dim": dim,
            "BlockDim": block,
            "Epsilon": 1e-3,
            "TargetRms": 0.5,
            "TestMode": False,
            "Count": 100.0,
            "StatsMean": chooser.standard_normal(block).astype(np.float32),
            "StatsVar": chooser.uniform(0.5, 2, block).astype(np.float32),
        },
    )


def plain(kind, **fields):
    return Component(kind, fields)


def tdnn_f(features=5, ivector=0, pdfs=7, seed=0, output_scale=0.3):
    """A factored TDNN as Kaldi's recipes configure it, made small."""
    chooser = np.random.default_rng(seed)
    given = "Append(Offset(input, -1), input, Offset(input, 1)"
    given += ", ReplaceIndex(ivector, t, 0))" if ivector else ")"
    lines = [f"input-node name=ivector dim={ivector}"] if ivector else []
    lines += [
        f"input-node name=input dim={features}",
        f"component-node name=lda component=lda input={given}",
        "component-node name=tdnn1.affine component=tdnn1.affine input=lda",
        "component-node name=tdnn1.relu component=tdnn1.relu input=tdnn1.affine",
        "component-node name=tdnn1.batchnorm component=tdnn1.batchnorm input=tdnn1.relu",
        "component-node name=tdnnf2.linear component=tdnnf2.linear input=tdnn1.batchnorm",
        "component-node name=tdnnf2.affine component=tdnnf2.affine input=tdnnf2.linear",
        "component-node name=tdnnf2.relu component=tdnnf2.relu input=tdnnf2.affine",
        "component-node name=tdnnf2.dropout component=tdnnf2.dropout input=tdnnf2.relu",
        "component-node name=tdnnf2.noop component=tdnnf2.noop"
        " input=Sum(Scale(0.66, tdnn1.batchnorm), tdnnf2.dropout)",
        "component-node name=tdnnf3.linear component=tdnnf3.linear"
        " input=Append(Offset(tdnnf2.noop, -3), tdnnf2.noop)",
        "component-node name=tdnnf3.affine component=tdnnf3.affine"
        " input=Append(tdnnf3.linear, Offset(tdnnf3.linear, 3))",
        "component-node name=prefinal component=prefinal input=tdnnf3.affine",
        "component-node name=output.affine component=output.affine input=prefinal",
        "output-node name=output input=output.affine objective=linear",
        "component-node name=output-xent.log-softmax component=output-xent.log-softmax"
        " input=output.affine",
        "output-node name=output-xent input=output-xent.log-softmax objective=linear",
    ]
    width = 3 * features + ivector
    components = {
        "lda": affine(chooser, width, width, "FixedAffine"),
        "tdnn1.affine": affine(chooser, 8, width),
        "tdnn1.relu": relu(8),
        "tdnn1.batchnorm": batch_norm(chooser, 8),
        "tdnnf2.linear": tdnn(chooser, 4, 8, (-1, 0), biased=False),
        "tdnnf2.affine": tdnn(chooser, 8, 4, (0, 1)),
        "tdnnf2.relu": relu(8),
        "tdnnf2.dropout": plain(
            "GeneralDropout",
            Dim=8,
            BlockDim=8,
            TimePeriod=0,
            DropoutProportion=0.0,
            Continuous=True,
        ),
        "tdnnf2.noop": plain("NoOp", Dim=8, BackpropScale=1.0),
        "tdnnf3.linear": linear(chooser, 4, 16),
        "tdnnf3.affine": affine(chooser, 8, 8, "Affine"),
        "prefinal": batch_norm(chooser, 8, 4),
        "output.affine": affine(chooser, pdfs, 8, scale=output_scale),
        "output-xent.log-softmax": plain(
            "LogSoftmax",
            Dim=pdfs,
            ValueAvg=np.zeros(0, np.float32),
            DerivAvg=np.zeros(0, np.float32),
            Count=0.0,
            NumDimsSelfRepaired=0.0,
            NumDimsProcessed=0.0,
        ),
    }
    return Nnet.of(tuple(lines), components)


def tdnn_f_plainly(network, features, time, ivector=None):
    """The output `(D,)` of `tdnn_f` at one time, by functions that call one another."""
    parts = {name: part.fields for name, part in network.components.items()}

    def frame(t):
        return features[min(max(t, 0), len(features) - 1)].astype(float)

    def matrix(name, values):
        bias = parts[name]["BiasParams"]
        return parts[name]["LinearParams"] @ values + (bias if len(bias) else 0)

    def norm(name, values):
        p = parts[name]
        size = p["BlockDim"]
        rows = values.reshape(-1, size)
        rows = (rows - p["StatsMean"]) / np.sqrt(p["StatsVar"] + p["Epsilon"]) * p["TargetRms"]
        return rows.reshape(-1)

    def first(t):
        tail = [] if ivector is None else [ivector]
        spliced = np.concatenate([frame(t - 1), frame(t), frame(t + 1), *tail])
        hidden = matrix("tdnn1.affine", matrix("lda", spliced))
        return norm("tdnn1.batchnorm", np.maximum(hidden, 0))

    def second_linear(t):
        return matrix("tdnnf2.linear", np.concatenate([first(t - 1), first(t)]))

    def second(t):
        hidden = matrix("tdnnf2.affine", np.concatenate([second_linear(t), second_linear(t + 1)]))
        return 0.66 * first(t) + np.maximum(hidden, 0)

    def third_linear(t):
        return parts["tdnnf3.linear"]["Params"] @ np.concatenate([second(t - 3), second(t)])

    hidden = matrix("tdnnf3.affine", np.concatenate([third_linear(time), third_linear(time + 3)]))
    return matrix("output.affine", norm("prefinal", hidden))
