"""The choice among ten: n-gram scores against the model itself, accuracies, comparisons."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from arqon_maestro.errors import DataError
from arqon_maestro.evaluation.cases import cases_of
from arqon_maestro.evaluation.contest import (
    ALTERNATIVES,
    Contest,
    NgramScorer,
    contextual_scorer,
    hold,
    make_confuser,
    make_contests,
    summed,
    word_frequencies,
)
from arqon_maestro.speech_engine.lexicon.pronunciations import Lexicon, Pronunciation
from arqon_maestro.speech_engine.ngram.model import NgramModel
from arqon_maestro.speech_engine.ngram.training import train

SENTENCES = ["insert for node", "insert node", "insert no", "insert n(spell) o(spell)", "insert n"]
CONTEST = Contest("NL x", ("node",), (("no",), ("for",)))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> NgramModel:
    folder = tmp_path_factory.mktemp("lm")
    (folder / "text").write_text("\n".join(SENTENCES * 20) + "\n")
    train(folder / "text", folder / "model.arpa", order=2)
    return NgramModel.read(folder / "model.arpa")


def probability(model: NgramModel, words: Sequence[str]) -> float:
    """The chance of words and the end after "insert", word by word."""
    history = ["<s>", "insert"]
    total = 0.0
    for word in [*words, "</s>"]:
        total += model.log10_probability(history, word)
        history.append(word)
    return 10**total


def test_ngram_scores_are_the_models(model: NgramModel) -> None:
    ((node, no, other),) = NgramScorer(model)([CONTEST])
    assert math.exp(node) == pytest.approx(probability(model, ["node"]), rel=1e-5)
    assert math.exp(no) == pytest.approx(probability(model, ["no"]), rel=1e-5)
    assert math.exp(other) == pytest.approx(probability(model, ["for"]), rel=1e-5)


def test_spellings_are_summed(model: NgramModel) -> None:
    ((score,),) = NgramScorer(model)([Contest("", ("n", "o"), ())])
    ways = [["n", "o(spell)"], ["n(spell)", "o(spell)"]]
    assert math.exp(score) == pytest.approx(sum(probability(model, way) for way in ways), rel=1e-5)
    frequencies = word_frequencies(model)
    assert math.exp(frequencies["n"]) == pytest.approx(
        sum(10 ** model.log10_probability([], word) for word in ("n", "n(spell)")), rel=1e-5
    )
    assert "<s>" not in frequencies


def test_no_contest_has_no_scores(model: NgramModel) -> None:
    assert NgramScorer(model)([]) == []
    with pytest.raises(DataError, match="no transcript"):
        hold([], {"a": []})


def test_contextual_scores_go_to_their_texts() -> None:
    class Lengths:
        def rescore(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
            assert all(source == "NL x" for source, _ in pairs)
            return [float(len(target)) for _, target in pairs]

    assert contextual_scorer(Lengths())([CONTEST] * 11) == [[4.0, 2.0, 3.0]] * 11


def test_accuracy_and_comparison() -> None:
    long = Contest("", ("a", "b", "c"), (("d",),))
    contests = [CONTEST, CONTEST, long]
    right, wrong = (
        [[-1.0, -2.0, -2.0], [-1.0, -1.5, -9.0], [-1.0, -2.0]],
        [
            [-3.0, -3.0, -9.0],  # a tie is no choice
            [-2.0, -1.0, -3.0],
            [-1.0, -2.0],
        ],
    )
    scores = hold(contests, {"good": right, "bad": wrong, "both": summed(right, wrong)})
    found = scores["scorers"]
    assert [found[name]["accuracy"]["count"] for name in found] == [3, 1, 2]
    assert found["good"]["nats_a_word"] == pytest.approx(3 / 8)
    assert list(found["bad"]["by_length"]) == ["1–2 words", "3–5 words"]
    assert found["bad"]["by_length"]["1–2 words"]["count"] == 0
    (bad, both) = scores["comparisons"]
    assert (bad["second"], bad["first_only"], bad["second_only"], bad["both"]) == ("bad", 2, 0, 1)
    assert both["second"] == "both"
    assert scores["misses"] == []
    missed = hold(contests, {"bad": wrong})["misses"]
    assert [miss["chosen"] for miss in missed] == ["no"]


def test_contests_of_a_file() -> None:
    words = ["node", "note", "mode", "load", "code", "toad", "nod", "nude", "need", "nerd"]
    words += ["known", "owed", "no", "nodes"]
    spoken = "N OW D,N OW T,M OW D,L OW D,K OW D,T OW D,N AA D,N UW D,N IY D,N ER D,N OW N,OW D"
    sounds = dict(zip(words, [*spoken.split(","), "N OW", "N OW D Z"], strict=True))
    lexicon = Lexicon.of(Pronunciation(w, tuple(p.split()), "test") for w, p in sounds.items())
    source = "node\n" * 12
    made = cases_of(source, "r/a.py", "python", "contextual-language-model", 1)
    assert made.cases

    class Frequencies:
        vocabulary = tuple(sounds)
        levels = (type("Level", (), {"log10_probabilities": [-2.0] * len(sounds)}),)

    confuser = make_confuser(lexicon, Frequencies())  # type: ignore[arg-type]
    drawn = make_contests(made.cases, {"r/a.py": made.source}, confuser, 3)
    assert drawn.contests
    assert len(drawn.contests) + drawn.unknown + drawn.unrivalled == len(made.cases)
    assert all(contest.words == ("node",) for contest in drawn.contests)
    assert all(len(contest.rivals) == ALTERNATIVES for contest in drawn.contests)
    # The context is what comes before the very place of each.
    assert all(contest.context.endswith("NL") for contest in drawn.contests)
    assert drawn == make_contests(made.cases, {"r/a.py": made.source}, confuser, 3)
