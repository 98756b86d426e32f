"""Blends lie between two networks, and the one chosen has not forgotten."""

from __future__ import annotations

import pytest
import torch

from arqon_maestro.code_engine.blending import Blend, blend, choose_blend, measure_blends
from arqon_maestro.code_engine.network import Network
from arqon_maestro.code_engine.recipe import NetworkRecipe
from arqon_maestro.errors import WorkFailedError

SHAPE = NetworkRecipe(encoder_layers=1, decoder_layers=1, dim=8, ffn=8, heads=2)


@pytest.fixture
def networks() -> tuple[Network, Network]:
    torch.manual_seed(1)
    return Network(SHAPE, 12), Network(SHAPE, 12)


def test_a_blend_is_the_weighted_mean(networks: tuple[Network, Network]) -> None:
    base, tuned = networks
    before = {name: value.clone() for name, value in base.state_dict().items()}
    mixed = blend(base, tuned, 0.25).state_dict()
    for name, value in tuned.state_dict().items():
        assert torch.allclose(mixed[name], 0.75 * before[name] + 0.25 * value, atol=1e-6)
        assert torch.equal(base.state_dict()[name], before[name])


def test_the_ends_are_the_networks_themselves(networks: tuple[Network, Network]) -> None:
    base, tuned = networks
    for share, network in ((0.0, base), (1.0, tuned)):
        mixed = blend(base, tuned, share)
        for left, right in zip(mixed.parameters(), network.parameters(), strict=True):
            assert torch.allclose(left, right, atol=1e-7)


def test_every_blend_and_the_base_are_measured(networks: tuple[Network, Network]) -> None:
    base, tuned = networks

    def first(network: Network) -> float:
        return next(network.parameters()).flatten()[0].item()

    found = measure_blends(base, tuned, [1.0, 0.5, 0.5], first, lambda network: 2 * first(network))
    assert [one.share for one in found] == [0.0, 0.5, 1.0]
    assert found[1].own_loss == pytest.approx((first(base) + first(tuned)) / 2)
    assert found[2].old_loss == pytest.approx(2 * first(tuned))


def test_the_best_on_new_data_of_those_that_remember() -> None:
    blends = [
        Blend(0.0, 1.0, 0.500),
        Blend(0.5, 0.8, 0.490),
        Blend(0.75, 0.7, 0.505),
        Blend(1.0, 0.6, 0.520),
    ]
    assert choose_blend(blends, 0.01).share == 0.75
    assert choose_blend(blends, 0.04).share == 1.0
    assert choose_blend(blends, 0.0).share == 0.5


@pytest.mark.parametrize(
    "tuned", [Blend(1.0, 1.1, 0.4), Blend(1.0, 0.5, 0.6)], ids=["no-gain", "forgets"]
)
def test_nothing_gained_is_an_error(tuned: Blend) -> None:
    with pytest.raises(WorkFailedError, match="gained nothing") as caught:
        choose_blend([Blend(0.0, 1.0, 0.5), tuned], 0.01)
    assert f"1: {tuned.own_loss:.3f} and {tuned.old_loss:.3f}" in str(caught.value)
