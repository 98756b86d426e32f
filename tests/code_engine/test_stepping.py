"""The network on numpy computes what PyTorch's does, whatever prefix it goes on from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from arqon_maestro.code_engine.marian import POSITIONS_NAME, read_arrays
from arqon_maestro.code_engine.network import Network
from arqon_maestro.code_engine.recipe import NetworkRecipe
from arqon_maestro.code_engine.stepping import Floats, StepNetwork
from arqon_maestro.code_engine.weights import write_model
from arqon_maestro.errors import DataError

VOCABULARY = 40
SOURCE = [7, 3, 11, 3, 0]
TARGETS = ([5, 6, 7, 8, 9, 2], [5, 6, 7, 1, 30, 31, 32, 0], [12])


@pytest.fixture(scope="module", params=[(2, 3), (3, 1)], ids=["2-3", "3-1"])
def network(request: pytest.FixtureRequest) -> Network:
    encoder, decoder = request.param
    recipe = NetworkRecipe(encoder_layers=encoder, decoder_layers=decoder, dim=24, ffn=40, heads=3)
    with torch.random.fork_rng():
        torch.manual_seed(4)
        made = Network(recipe, VOCABULARY)
        for parameter in made.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
    return made.eval()


@pytest.fixture(scope="module")
def stepping(network: Network, tmp_path_factory: pytest.TempPathFactory) -> StepNetwork:
    path = tmp_path_factory.mktemp("model") / "model.npz"
    write_model(path, network)
    return StepNetwork.load(path)


def expected(network: Network, target: list[int]) -> Floats:
    """Log probabilities (T, V) of the token at every place of a target."""
    with torch.no_grad():
        memory = network.encode(torch.tensor([SOURCE]), None)
        states = network.decode(memory, None, torch.tensor([target]))
        rows: Floats = network.logits(states)[0].log_softmax(-1).numpy()
    return rows


@pytest.mark.parametrize("cuts", [[6], [1, 5], [1, 1, 1, 1, 1, 1], [2, 3, 1]], ids=str)
def test_any_cut_of_a_target(network: Network, stepping: StepNetwork, cuts: list[int]) -> None:
    target = TARGETS[0]
    source = stepping.encode(SOURCE)
    past, found, start = source.past, [], 0
    # What is fed is the token before: none at the beginning.
    fed = [0, *target[:-1]]
    for length in cuts:
        (past,), (rows,) = stepping.extend(source, [past], [fed[start : start + length]])
        found.append(rows)
        start += length
    assert past.length == len(target)
    assert np.concatenate(found) == pytest.approx(expected(network, target), abs=1e-4)


def test_several_prefixes_at_once(network: Network, stepping: StepNetwork) -> None:
    source = stepping.encode(SOURCE)
    fed = [[0, *target[:-1]] for target in TARGETS]
    begun, first = stepping.extend(source, [source.past] * 3, [ids[:3] for ids in fed])
    _, then = stepping.extend(source, begun[:2], [fed[0][3:], fed[1][3:]])
    for number in (0, 1):
        rows = np.concatenate([first[number], then[number]])
        assert rows == pytest.approx(expected(network, TARGETS[number]), abs=1e-4)
    assert first[2] == pytest.approx(expected(network, TARGETS[2]), abs=1e-4)


def test_the_first_token_stands_for_the_beginning(stepping: StepNetwork) -> None:
    source = stepping.encode(SOURCE)
    _, (one,) = stepping.extend(source, [source.past], [[0]])
    _, (other,) = stepping.extend(source, [source.past], [[17]])
    assert (one == other).all()


def test_longer_than_the_positions(network: Network, tmp_path: Path) -> None:
    write_model(tmp_path / "model.npz", network)
    arrays = read_arrays(tmp_path / "model.npz")
    arrays[POSITIONS_NAME] = arrays[POSITIONS_NAME][:6]
    short = StepNetwork(arrays, tmp_path / "model.npz")
    source = short.encode(SOURCE)
    (past,), _ = short.extend(source, [source.past], [[0] * 6])
    with pytest.raises(DataError, match="7 tokens"):
        short.extend(source, [past], [[3]])
    with pytest.raises(DataError, match="7 tokens"):
        short.encode([1] * 7)


@pytest.mark.parametrize("change", ["missing", "shape"])
def test_a_damaged_model(network: Network, tmp_path: Path, change: str) -> None:
    write_model(tmp_path / "model.npz", network)
    arrays = read_arrays(tmp_path / "model.npz")
    name = "decoder_l1_context_Wk"
    if change == "missing":
        del arrays[name]
    else:
        arrays[name] = arrays[name][:5]
    with pytest.raises(DataError, match=name):
        StepNetwork(arrays, tmp_path / "model.npz")
