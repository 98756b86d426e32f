"""The search finds the most probable allowed outputs, and says so only where it is certain."""

from __future__ import annotations

import random
from itertools import product
from pathlib import Path

import pytest
import torch

from arqon_maestro.code_engine import search
from arqon_maestro.code_engine.network import Network
from arqon_maestro.code_engine.recipe import NetworkRecipe
from arqon_maestro.code_engine.search import Found, Search
from arqon_maestro.code_engine.stepping import StepNetwork
from arqon_maestro.code_engine.weights import write_model

LETTERS = "abcdef"
IDS = {letter: number + 2 for number, letter in enumerate(LETTERS)}
SOURCE = [4, 2, 6, 0]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> StepNetwork:
    recipe = NetworkRecipe(encoder_layers=1, decoder_layers=2, dim=16, ffn=24, heads=2)
    path = tmp_path_factory.mktemp("model") / "model.npz"
    with torch.random.fork_rng():
        torch.manual_seed(2)
        made = Network(recipe, len(LETTERS) + 2)
        for parameter in made.parameters():
            torch.nn.init.normal_(parameter, std=0.5)
        write_model(path, made.eval())
    return StepNetwork.load(path)


def allow(words: list[str]) -> search.Following[str]:
    """Allows exactly some words, the state being their beginning."""
    wanted = {word + "." for word in words}

    def following(prefix: str) -> list[tuple[str, str]]:
        after = {word[len(prefix)] for word in wanted if word.startswith(prefix)}
        # A word that others go on from cannot be told from them before its end.
        assert "." not in after or len(after) == 1
        return [(letter, prefix + letter) for letter in sorted(after - {"."})]

    return following


def run(network: StepNetwork, words: list[str], n_best: int) -> list[Found]:
    source = network.encode(SOURCE)
    return Search(network, source, allow(words), IDS.__getitem__).best("", n_best)


def score(network: StepNetwork, word: str) -> float:
    source = network.encode(SOURCE)
    ids = [IDS[letter] for letter in word]
    _, (rows,) = network.extend(source, [source.past], [[0, *ids]])
    return float(sum(rows[at, number] for at, number in enumerate([*ids, 0])))


def words_of(seed: int, number: int, length: int = 5) -> list[str]:
    rng = random.Random(seed)
    every = ["".join(letters) for letters in product(LETTERS, repeat=length)]
    # Common beginnings and runs without a choice, but no word that is the beginning of another.
    return sorted(word + "fa" * (seed % 3) for word in rng.sample(every, number))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("n_best", [1, 4])
def test_the_best_of_all(network: StepNetwork, seed: int, n_best: int) -> None:
    words = words_of(seed, 60)
    expected = sorted(words, key=lambda word: -score(network, word))[:n_best]
    found = run(network, words, n_best)
    assert ["".join(one.tokens) for one in found] == expected
    for one in found:
        assert one.proven
        assert one.score == pytest.approx(score(network, "".join(one.tokens)), abs=1e-4)


def test_fewer_than_asked_for(network: StepNetwork) -> None:
    found = run(network, ["abc", "abd"], 10)
    assert {"".join(one.tokens) for one in found} == {"abc", "abd"}
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_no_choice_at_all(network: StepNetwork) -> None:
    source = network.encode(SOURCE)
    single = Search(network, source, allow(["abcdef"]), IDS.__getitem__)
    (found,) = single.best("", 3)
    assert "".join(found.tokens) == "abcdef"
    assert single.fed == 1


def test_a_small_budget(network: StepNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    words = words_of(1, 400)
    monkeypatch.setattr(search, "BUDGET", 10)
    found = run(network, words, 5)
    assert len({one.tokens for one in found}) == 5
    assert {"".join(one.tokens) for one in found} <= set(words)
    assert not all(one.proven for one in found)
    unproven = [one.score for one in found if not one.proven]
    assert unproven == sorted(unproven, reverse=True)
    exact = run_unbounded(network, words, monkeypatch)
    proven = [one.tokens for one in found if one.proven]
    assert proven == [one.tokens for one in exact][: len(proven)]


def run_unbounded(
    network: StepNetwork, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> list[Found]:
    monkeypatch.setattr(search, "BUDGET", 100_000)
    return run(network, words, 5)


def test_again_the_same(network: StepNetwork, tmp_path: Path) -> None:
    words = words_of(3, 100)
    assert run(network, words, 5) == run(network, list(reversed(words)), 5)
