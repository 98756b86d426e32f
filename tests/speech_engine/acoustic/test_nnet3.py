"""Networks of nnet3: files, checks, forward pass."""

import numpy as np
import pytest

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.acoustic.nnet3.components import (
    Component,
    read_component,
    write_component,
)
from arqon_maestro.speech_engine.acoustic.nnet3.computation import Stream, context
from arqon_maestro.speech_engine.acoustic.nnet3.descriptors import (
    Append,
    Const,
    NodeRef,
    Offset,
    ReplaceTime,
    Round,
    Scale,
    Sum,
    parse_descriptor,
)
from arqon_maestro.speech_engine.acoustic.nnet3.network import Nnet
from arqon_maestro.speech_engine.kaldi.io import KaldiReader, KaldiWriter
from tests.speech_engine.acoustic.networks import affine, plain, tdnn_f, tdnn_f_plainly


def whole(network, features, ivector=None, **options):
    stream = Stream(network, **options)
    if ivector is not None:
        stream.accept_ivector(ivector)
    stream.accept(features, last=True)
    return stream.compute()


def features_of(frames, columns=5, seed=1):
    return np.random.default_rng(seed).standard_normal((frames, columns)).astype(np.float32)


def test_descriptors_are_parsed():
    text = " Append( Offset(a.b-1, -3), Sum(Scale(-0.5, c), Const(1e-1,4)),ReplaceIndex(v,t,0) )"
    assert parse_descriptor(text) == Append(
        (
            Offset(NodeRef("a.b-1"), -3),
            Sum((Scale(-0.5, NodeRef("c")), Const(0.1, 4))),
            ReplaceTime(NodeRef("v"), 0),
        )
    )
    assert parse_descriptor("IfDefined(Offset(a, 2, 0))").part == Offset(NodeRef("a"), 2)
    assert parse_descriptor("Round(a, 3)") == Round(NodeRef("a"), 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Offset(a, -1", "the end"),
        ("Offset(a, 1.5)", "whole number"),
        ("Offset(a)", "','"),
        ("Append(a, b) c", "after its end"),
        ("Append(a; b)", "is not understood"),
        ("Offsett(a, 1)", "'Offsett' are not known"),
        ("Stack(a, b)", "'Stack' are not known"),
        ("ReplaceIndex(a, n, 0)", "only t is known"),
        ("Round(a, 0)", "less than 1"),
        ("Offset(a, 1, 2)", "only t is known"),
        ("", "the end"),
    ],
)
def test_bad_descriptors(text, message):
    with pytest.raises(DataError, match=message):
        parse_descriptor(text)


@pytest.mark.parametrize("ivector", [0, 3])
def test_forward_pass_is_that_of_plain_functions(ivector):
    network = tdnn_f(ivector=ivector)
    features = features_of(23)
    speaker = features_of(1, ivector)[0] if ivector else None
    found = whole(network, features, speaker)
    assert found.shape == (8, 7)
    for row, time in enumerate(range(0, 23, 3)):
        wanted = tdnn_f_plainly(network, features, time, speaker)
        assert np.abs(found[row] - wanted).max() < 1e-4
    logs = whole(network, features, speaker, output="output-xent")
    assert np.allclose(np.exp(logs).sum(axis=1), 1, atol=1e-5)
    assert np.allclose(logs - logs[:, :1], found - found[:, :1], atol=1e-4)


@pytest.mark.parametrize("step", [1, 2, 5, 11, 100])
@pytest.mark.parametrize("limit", [None, 2])
def test_pieces_give_the_outputs_of_the_whole(step, limit):
    network = tdnn_f()
    features = features_of(40)
    stream = Stream(network)
    found = []
    for start in range(0, 40, step):
        stream.accept(features[start : start + step], last=start + step >= 40)
        found.append(stream.compute(limit))
    while len(rest := stream.compute(limit)):
        found.append(rest)
    assert np.abs(np.concatenate(found) - whole(network, features)).max() < 1e-5


def test_outputs_come_as_soon_as_their_context_is_there():
    network = tdnn_f()
    assert context(network) == (1 + 1 + 3, 1 + 1 + 3)
    stream = Stream(network)
    stream.accept(features_of(5))
    assert stream.ready() == 0
    stream.accept(features_of(1))
    assert stream.ready() == 1
    stream.accept(features_of(3))
    assert stream.ready() == 2


def test_ivectors_are_renewed():
    network = tdnn_f(ivector=2)
    features = features_of(40)
    speakers = features_of(6, 2)
    stream = Stream(network, ivector_period=9)
    with pytest.raises(DataError, match="no i-vector"):
        whole(network, features)
    for speaker in speakers:
        stream.accept_ivector(speaker)
    stream.accept(features, last=True)
    found = stream.compute()
    # The output of 0 takes hidden values of -5 to 4, all of the first period.
    assert np.abs(found[0] - tdnn_f_plainly(network, features, 0, speakers[0])).max() < 1e-4
    # That of 12 takes those of 7 to 16, of the first period and the second.
    for speaker in speakers[:2]:
        assert np.abs(found[4] - tdnn_f_plainly(network, features, 12, speaker)).max() > 1e-3
    same = Stream(network, ivector_period=9)
    for _ in range(6):
        same.accept_ivector(speakers[0])
    same.accept(features, last=True)
    assert np.abs(same.compute() - whole(network, features, speakers[0])).max() < 1e-5


def test_streaming_waits_for_ivectors():
    network = tdnn_f(ivector=2)
    stream = Stream(network, ivector_period=9)
    stream.accept(features_of(40))
    assert stream.ready() == 0
    stream.accept_ivector(np.zeros(2, np.float32))
    assert stream.ready() == 2


def test_utterance_without_frames():
    stream = Stream(tdnn_f())
    stream.accept(np.zeros((0, 5), np.float32), last=True)
    assert stream.compute().shape == (0, 7)


def test_bad_features():
    stream = Stream(tdnn_f())
    with pytest.raises(DataError, match="takes 5 columns"):
        stream.accept(np.zeros((3, 4), np.float32))
    with pytest.raises(DataError, match="not finite"):
        stream.accept(np.full((3, 5), np.nan, np.float32))


def written(network):
    writer = KaldiWriter(mark=False)
    network.write(writer)
    return bytes(writer)


@pytest.mark.parametrize("ivector", [0, 3])
def test_networks_survive_a_round_trip(ivector):
    network = tdnn_f(ivector=ivector)
    data = written(network)
    again = Nnet.read(KaldiReader(data))
    assert written(again) == data
    assert (again.feature_dim, again.ivector_dim, again.output_dim) == (5, ivector, 7)


def test_every_truncation_is_an_error():
    data = written(tdnn_f())
    for size in range(0, len(data) - 1, 37):
        with pytest.raises(DataError):
            Nnet.read(KaldiReader(data[:size]))


def test_unknown_component_is_named():
    data = written(tdnn_f()).replace(b"RectifiedLinearComponent", b"LstmNonlinearityComponent")
    with pytest.raises(DataError, match="'LstmNonlinearityComponent' are not known"):
        Nnet.read(KaldiReader(data))


def test_unknown_field_is_named():
    data = written(tdnn_f()).replace(b"<TargetRms>", b"<TargetRmz>")
    with pytest.raises(DataError, match="'<TargetRmz>' in the BatchNormComponent"):
        Nnet.read(KaldiReader(data))


def test_batch_norm_without_statistics():
    component = plain(
        "BatchNorm",
        Dim=2,
        BlockDim=2,
        Epsilon=1e-3,
        TargetRms=1.0,
        TestMode=False,
        Count=0.0,
        StatsMean=np.zeros(2, np.float32),
        StatsVar=np.zeros(2, np.float32),
    )
    writer = KaldiWriter(mark=False)
    write_component(writer, component)
    with pytest.raises(DataError, match="no statistics"):
        read_component(KaldiReader(bytes(writer)), "norm")


def network_of(*lines, **components):
    return Nnet.of(lines, components)


IN, OUT = "input-node name=input dim=4", "output-node name=output input=a"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([IN], "without the nodes input and output"),
        ([IN, "component-node name=a component=b input=input", OUT], "'b', which is not there"),
        ([IN, OUT], "takes 'a', which is not there"),
        ([IN, IN], "two nodes"),
        (["inputnode name=input dim=4"], "not a kind of node"),
        (["input-node name=input dim=four"], "no number"),
        (["input-node name=input"], "without dim="),
        ([IN, "component-node name=a component=a input=Append(input, input)", OUT], "takes 4 col"),
        ([IN, "component-node name=a component=a input=Offset(a, -1)", OUT], "depends on itself"),
        ([IN, "dim-range-node name=a input-node=input dim-offset=2 dim=3", OUT], "which has 4"),
        ([IN, "input-node name=speaker dim=4", "output-node name=output input=input"], "speaker"),
    ],
)
def test_networks_that_do_not_hold_together(lines, message):
    with pytest.raises(DataError, match=message):
        network_of(*lines, a=affine(np.random.default_rng(0), 4, 4))


def one(component, values):
    return component.compute(np.asarray(values, np.float32))


def test_simple_components():
    values = np.array([[-1.0, 2.0, 0.5, -0.25]], np.float32)
    assert np.allclose(one(plain("Sigmoid", Dim=4), values), 1 / (1 + np.exp(-values)))
    assert np.allclose(one(plain("Tanh", Dim=4), values), np.tanh(values))
    assert np.allclose(one(plain("Softmax", Dim=4), values).sum(), 1)
    scales = np.array([1.0, 2.0], np.float32)
    assert np.allclose(
        one(plain("FixedScale", Scales=np.tile(scales, 2)), values), [-1, 4, 0.5, -0.5]
    )
    assert np.allclose(one(plain("FixedBias", Bias=values[0]), values), 2 * values)
    both = plain("ScaleAndOffset", Dim=4, Scales=scales, Offsets=np.array([0.0, 1.0], np.float32))
    assert np.allclose(one(both, values), [-1, 5, 0.5, 0.5])
    product = plain("ElementwiseProduct", InputDim=4, OutputDim=2)
    assert np.allclose(one(product, values), [[-0.5, -0.5]])


def test_normalize_component():
    values = np.array([[3.0, -4.0], [0.0, 0.0]], np.float32)
    component = plain("Normalize", InputDim=2, TargetRms=1.0, AddLogStddev=True)
    found = one(component, values)
    assert np.allclose(found[0], [3 / np.sqrt(12.5), -4 / np.sqrt(12.5), np.log(np.sqrt(12.5))])
    assert np.isfinite(found).all() and component.output_dim == 3


def test_range_nodes_and_rounded_times():
    network = network_of(
        IN,
        "dim-range-node name=part input-node=input dim-offset=1 dim=2",
        "component-node name=a component=a input=Append(Round(part, 4), Const(2.0, 2))",
        OUT,
        a=Component("NoOp", {"Dim": 4, "BackpropScale": 1.0}),
    )
    features = features_of(10, 4)
    found = whole(network, features, subsampling=1)
    for time in range(10):
        wanted = [*features[time // 4 * 4, 1:3], 2.0, 2.0]
        assert np.allclose(found[time], wanted)


def test_switched_descriptors():
    network = network_of(
        IN,
        "component-node name=a component=a input=Switch(input, Scale(2.0, Offset(input, -1)))",
        OUT,
        a=Component("NoOp", {"Dim": 4, "BackpropScale": 1.0}),
    )
    features = features_of(9, 4)
    found = whole(network, features, subsampling=1)
    assert np.allclose(found[0::2], features[0::2])
    assert np.allclose(found[1::2], 2 * features[0:8:2])
