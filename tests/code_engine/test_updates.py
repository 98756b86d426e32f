"""However an update is computed, it changes the weights in the same way."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import islice

import pytest
import torch
from torch import Tensor

from arqon_maestro.code_engine.batching import EXACT, Padding
from arqon_maestro.code_engine.devices import CPU, Execution, check_gpus, gpu_execution
from arqon_maestro.code_engine.feeding import Fed, feed
from arqon_maestro.code_engine.graphs import Replayer
from arqon_maestro.code_engine.network import Batch, Network, attend, attend_fused
from arqon_maestro.code_engine.parameters import FlatParameters
from arqon_maestro.code_engine.recipe import NetworkRecipe, TrainingRecipe
from arqon_maestro.code_engine.schedule import learning_rate
from arqon_maestro.code_engine.updates import ADAM_BETAS, ADAM_EPSILON, Updater
from arqon_maestro.errors import MissingPartError, UsageError

from .test_feeding import make_pairs

NETWORK = NetworkRecipe(encoder_layers=1, decoder_layers=1, dim=16, ffn=24, heads=2, dropout=0.0)
RECIPE = TrainingRecipe(
    updates=100,
    batch_tokens=100,
    accumulation=2,
    learning_rate=0.01,
    warmup=2,
    clip_norm=0.5,
    label_smoothing=0.1,
    average_decay=0.9,
    validate_every=1,
    save_every=1,
)
VOCABULARY = 30
FIXED = Padding(source=8, target=8, rows=8, fixed=True)


def make_network(recipe: NetworkRecipe = NETWORK) -> Network:
    torch.manual_seed(5)
    return Network(recipe, VOCABULARY)


def updates(count: int, padding: Padding = EXACT) -> list[list[Fed]]:
    feds = list(islice(feed(make_pairs(), RECIPE, 0, 0, padding=padding), 2 * count))
    return [feds[2 * number : 2 * number + 2] for number in range(count)]


def run(updater: Updater, batches: list[list[Fed]]) -> list[Tensor]:
    return [updater.update(feds, number) for number, feds in enumerate(batches)]


def assert_same_weights(
    one: Network, other: Network, rtol: float = 1e-4, atol: float = 1e-5
) -> None:
    for name, value in one.state_dict().items():
        # Biases of keys change nothing; Adam makes steps of the rounding of their gradients.
        if not name.endswith("project.bias"):
            torch.testing.assert_close(value, other.state_dict()[name], rtol=rtol, atol=atol)


def test_as_pytorch_does_it() -> None:
    network, batches = make_network(), updates(4)
    updater = Updater(make_network(), RECIPE, CPU)
    found = run(updater, batches)
    optimiser = torch.optim.Adam(network.parameters(), betas=ADAM_BETAS, eps=ADAM_EPSILON)
    averaged = [parameter.detach().clone() for parameter in network.parameters()]
    for number, (feds, values) in enumerate(zip(batches, found, strict=True)):
        optimiser.zero_grad()
        optimiser.param_groups[0]["lr"] = learning_rate(RECIPE, number)
        losses = []
        for fed in feds:
            assert fed.batch is not None
            loss = network(fed.batch, RECIPE.label_smoothing)
            (loss / sum(fed.words for fed in feds)).backward()
            losses.append(loss)
        norm = torch.nn.utils.clip_grad_norm_(network.parameters(), RECIPE.clip_norm)
        optimiser.step()
        torch.testing.assert_close(values, torch.stack([*losses, norm]))
        decay = min(RECIPE.average_decay, (number + 2) / (number + 11))
        for mean, parameter in zip(averaged, network.parameters(), strict=True):
            mean.lerp_(parameter.detach(), 1 - decay)
    assert updater.averaged is updater.evaluated
    assert_same_weights(updater.network, network)
    with torch.no_grad():
        for mean, parameter in zip(averaged, network.parameters(), strict=True):
            parameter.copy_(mean)
    assert_same_weights(updater.evaluated, network)


def again(work: Callable[[], Tensor]) -> Callable[[], Tensor]:
    """In place of a CUDA graph: does the work each time, with the addresses of the first."""
    return work


@pytest.mark.parametrize(
    ("execution", "padding"),
    [
        (CPU, Padding(source=8, target=4)),
        (CPU, FIXED),
        (Execution(graphs=True), FIXED),
    ],
    ids=["rounded lengths", "fixed shapes", "replayed"],
)
def test_padding_and_replaying_change_nothing(execution: Execution, padding: Padding) -> None:
    plain = Updater(make_network(), RECIPE, CPU)
    other = Updater(make_network(), RECIPE, execution, record=again)
    expected, found = run(plain, updates(12)), run(other, updates(12, padding))
    torch.testing.assert_close(torch.stack(found), torch.stack(expected), rtol=1e-4, atol=1e-5)
    assert_same_weights(other.network, plain.network, rtol=1e-3, atol=1e-4)
    assert (other.recorded > 0) == execution.graphs


def test_bfloat16_learns_as_float32_does() -> None:
    batches = updates(30)
    curves = []
    for execution in (CPU, Execution(bfloat16=True)):
        updater = Updater(make_network(), RECIPE, execution)
        losses = torch.stack(run(updater, batches))[:, :-1].sum(1)
        words = torch.tensor([sum(fed.words for fed in feds) for feds in batches])
        curves.append(losses / words)
        assert {parameter.dtype for parameter in updater.network.parameters()} == {torch.float32}
    plain, low = curves
    assert not torch.equal(plain, low)
    torch.testing.assert_close(low, plain, rtol=0.02, atol=0.0)


def test_dropout_is_drawn_anew_for_every_update_and_process() -> None:
    recipe = NETWORK.model_copy(update={"dropout": 0.3})
    still = RECIPE.model_copy(update={"learning_rate": 1e-30})
    (feds,) = updates(1)

    def loss(number: int) -> float:
        updater = Updater(make_network(recipe), still, CPU)
        return float(updater.update(feds, number)[0])

    assert loss(3) == loss(3)
    assert loss(3) != loss(4)


def test_replaying_has_a_limit() -> None:
    calls: list[int] = []

    def compute(batch: Batch, scale: Tensor) -> Tensor:
        calls.append(len(batch.source))
        return batch.source.sum() * scale

    replayer = Replayer(compute, again, limit=1)
    one = torch.ones(())
    batches = [fed.batch for fed in islice(feed(make_pairs(), RECIPE, 0, 0, padding=FIXED), 6)]
    for _ in range(3):
        for batch in batches:
            assert batch is not None
            assert replayer(batch, one) == batch.source.sum()
    assert len(replayer) == 1
    assert len(calls) == 18


@pytest.mark.parametrize("causal", [False, True])
def test_fused_attention_is_attention(causal: bool) -> None:
    generator = torch.Generator().manual_seed(1)
    query, key, value = (torch.randn(2, 3, 5, 8, generator=generator) for _ in range(3))
    mask = None
    if not causal:
        mask = torch.zeros(2, 1, 1, 5)
        mask[0, ..., 3:] = -math.inf
    torch.testing.assert_close(
        attend_fused(query, key, value, mask, causal=causal),
        attend(query, key, value, mask, causal=causal),
    )


def test_one_vector_holds_the_weights() -> None:
    network = make_network()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    flat = FlatParameters(network)
    assert all(torch.equal(network.state_dict()[name], value) for name, value in before.items())
    with torch.no_grad():
        flat.weights.zero_()
    assert all(not parameter.any() for parameter in network.parameters())
    network.load_state_dict(before)
    squares = sum(float(value.square().sum()) for value in before.values())
    assert float(flat.weights.detach().square().sum()) == pytest.approx(squares)
    for view in flat.gradients:
        view.fill_(2.0)
    count = sum(parameter.numel() for parameter in network.parameters())
    assert float(flat.norm()) == pytest.approx(2.0 * math.sqrt(count))


def test_gpus_that_there_are_not() -> None:
    check_gpus(0)
    with pytest.raises(UsageError, match="-1 GPUs"):
        check_gpus(-1)
    missing = torch.cuda.device_count() + 1
    with pytest.raises(MissingPartError, match=f"{missing} GPUs asked for, {missing - 1} found"):
        check_gpus(missing)


def test_large_batches_need_no_graphs() -> None:
    small, large = gpu_execution(1, 2500), gpu_execution(0, 100_000)
    assert (small.device, small.graphs, small.padding.fixed) == ("cuda:1", True, True)
    assert (large.device, large.graphs, large.padding.fixed) == ("cuda:0", False, False)
