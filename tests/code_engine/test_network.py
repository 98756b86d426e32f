"""The network: Marian's positions, no look ahead, no influence of padding; files round trip."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from arqon_maestro.code_engine.marian import (
    OPTIONS_NAME,
    POSITIONS_NAME,
    encode_options,
    model_options,
    position_table,
    read_arrays,
    read_options,
    write_arrays,
)
from arqon_maestro.code_engine.network import Batch, Network
from arqon_maestro.code_engine.recipe import DatasetRecipe, NetworkRecipe
from arqon_maestro.code_engine.weights import named_weights, read_model, write_model
from arqon_maestro.errors import DataError, MissingPartError

RECIPE = NetworkRecipe(encoder_layers=2, decoder_layers=3, dim=16, ffn=24, heads=2, dropout=0.0)
SIZE = 11


@pytest.fixture
def network() -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = Network(RECIPE, SIZE).eval()
        with torch.no_grad():
            for parameter in made.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.2)
    return made


def batch(source: list[list[int]], target: list[list[int]]) -> Batch:
    width, height = max(map(len, source)), max(map(len, target))
    mask = torch.tensor([[0.0] * len(row) + [-math.inf] * (width - len(row)) for row in source])[
        :, None, None
    ]
    positions = [row * height + i for row, ids in enumerate(target) for i in range(len(ids))]
    return Batch(
        torch.tensor([row + [0] * (width - len(row)) for row in source]),
        mask,
        torch.tensor([row + [0] * (height - len(row)) for row in target]),
        torch.tensor(positions),
    )


def test_position_table() -> None:
    table = position_table(7, 8)
    for position in range(7):
        for index in range(4):
            angle = position * 10_000 ** (-index / 3)
            assert table[position, index] == pytest.approx(math.sin(angle), abs=1e-6)
            assert table[position, 4 + index] == pytest.approx(math.cos(angle), abs=1e-6)


def test_padding_changes_nothing(network: Network) -> None:
    rows = [([4, 5, 6, 0], [7, 8, 0]), ([9, 0], [3, 4, 5, 6, 0]), ([2, 3, 0], [0])]
    with torch.no_grad():
        alone = sum(network(batch([source], [target])).item() for source, target in rows)
        together = network(batch([row[0] for row in rows], [row[1] for row in rows])).item()
    assert together == pytest.approx(alone, rel=1e-5)


def test_no_look_ahead(network: Network) -> None:
    one = batch([[4, 5, 0]], [[6, 7, 8, 0]])
    other = batch([[4, 5, 0]], [[6, 7, 3, 2]])
    with torch.no_grad():
        memory = network.encode(one.source, one.source_mask)
        first = network.decode(memory, one.source_mask, one.target)
        second = network.decode(memory, one.source_mask, other.target)
    assert torch.allclose(first[:, :3], second[:, :3], atol=1e-6)
    assert not torch.allclose(first[:, 3], second[:, 3], atol=1e-3)


def test_greedy_scores_are_those_of_the_loss(network: Network) -> None:
    source = [[4, 5, 6, 0], [9, 0]]
    outputs, scores = network.greedy(batch(source, [[0], [0]]), max_length=6)
    for row, output, score in zip(source, outputs, scores, strict=True):
        ended = output if len(output) == 6 else [*output, 0]
        with torch.no_grad():
            loss = network(batch([row], [ended])).item()
        assert score == pytest.approx(-loss, abs=1e-4)
        assert 1 not in output


def test_label_smoothing_costs_a_sure_network(network: Network) -> None:
    one = batch([[4, 0]], [[5, 0]])
    with torch.no_grad():
        assert network(one, 0.1).item() != pytest.approx(network(one).item())


def test_model_round_trip(network: Network, tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    write_model(path, network)
    again = read_model(path)
    assert again.recipe.model_copy(update={"init_scale": 0.3}) == RECIPE
    for name, value in network.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name
    first = path.read_bytes()
    write_model(path, again)
    assert path.read_bytes() == first


def test_names_and_shapes_are_marian_s(network: Network, tmp_path: Path) -> None:
    write_model(tmp_path / "model.npz", network)
    arrays = read_arrays(tmp_path / "model.npz")
    attention = 4 * 2 + 2
    expected = (
        2 + RECIPE.encoder_layers * (attention + 6) + RECIPE.decoder_layers * (2 * attention + 6)
    )
    assert len(arrays) == expected + 2  # Wpos and the options
    shapes = {
        "Wemb": (SIZE, 16),
        "decoder_ff_logit_out_b": (1, SIZE),
        "encoder_l2_self_Wq": (16, 16),
        "encoder_l1_self_bo": (1, 16),
        "decoder_l3_context_Wv": (16, 16),
        "decoder_l1_context_Wo_ln_bias": (1, 16),
        "decoder_l1_ffn_W1": (16, 24),
        "decoder_l1_ffn_b1": (1, 24),
        "encoder_l1_ffn_W2": (24, 16),
        "encoder_l1_ffn_ffn_ln_scale": (1, 16),
        POSITIONS_NAME: (1024, 16),
    }
    assert {name: arrays[name].shape for name in shapes} == shapes
    layer = network.decoder[0]
    weight = layer.context.project.weight[:16].detach().numpy()
    assert np.array_equal(arrays["decoder_l1_context_Wk"], weight.T)
    assert read_options(tmp_path, arrays)["dec-depth"] == 3
    with zipfile.ZipFile(tmp_path / "model.npz") as archive:
        assert {item.compress_type for item in archive.infolist()} == {zipfile.ZIP_STORED}


def test_the_reference_s_depths() -> None:
    network = Network(NetworkRecipe(encoder_layers=8, decoder_layers=8), 5500)
    assert len(list(named_weights(network))) == 338


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop("Wemb"), "Wemb is missing"),
        (lambda a: a.pop(OPTIONS_NAME), "special:model.yml is missing"),
        (lambda a: a.update({"encoder_l1_self_Wq": a["Wemb"]}), "has shape"),
        (lambda a: a.update({OPTIONS_NAME: np.frombuffer(b"[\0", np.int8)}), "cannot be read"),
        (lambda a: a.update({OPTIONS_NAME: np.frombuffer(b"a\0", np.int8)}), "no YAML map"),
        (lambda a: a.update({OPTIONS_NAME: encode_options({"type": "s2s"})}), "type: 's2s'"),
        (lambda a: a.update({OPTIONS_NAME: encode_options({})}), "incomplete"),
        (
            lambda a: a.update(
                {OPTIONS_NAME: encode_options(model_options(RECIPE, 4) | {"dim-vocabs": [4, 5]})}
            ),
            "differ in size",
        ),
    ],
)
def test_damaged_models(network: Network, tmp_path: Path, change, message: str) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "model.npz"
    write_model(path, network)
    arrays = read_arrays(path)
    change(arrays)
    write_arrays(path, arrays)
    with pytest.raises(DataError, match=message):
        read_model(path)


def test_what_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    with pytest.raises(MissingPartError):
        read_model(path)
    for content in (b"", b"no archive", b"PK\x03\x04 half"):
        path.write_bytes(content)
        with pytest.raises(DataError, match="not a model of Marian"):
            read_model(path)


def test_shapes_that_cannot_be() -> None:
    for values in ({"dim": 10, "heads": 4}, {"dim": 9, "heads": 3}, {"encoder_layers": 0}):
        with pytest.raises(ValidationError):
            NetworkRecipe(**{"encoder_layers": 1, "decoder_layers": 1, **values})


def test_a_vocabulary_without_room_for_the_lexicon() -> None:
    DatasetRecipe(lexicon_size=100, vocabulary="words", vocabulary_size=122)
    DatasetRecipe(lexicon_size=100, vocabulary="pieces", vocabulary_size=50)
    with pytest.raises(ValidationError, match="no room"):
        DatasetRecipe(lexicon_size=100, vocabulary="words", vocabulary_size=121)
