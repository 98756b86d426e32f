"""G against Kaldi's own ARPA compiler, arc by arc."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.graph.fst import Fst
from arqon_maestro.speech_engine.graph.fst_file import read_fst
from arqon_maestro.speech_engine.graph.grammar_fst import grammar_fst
from arqon_maestro.speech_engine.graph.lang_folder import word_table
from arqon_maestro.speech_engine.ngram import train
from arqon_maestro.speech_engine.ngram.model import NgramModel

from .oracles import kaldilm_grammar

# "b c" is missing, and "a b c" is there: as cut-offs and pruning leave it.
PRUNED = """\
\\data\\
ngram 1=5
ngram 2=4
ngram 3=2

\\1-grams:
-99 <s> -0.3
-0.7 </s>
-0.5 a -0.25
-0.6 b -0.125
-0.8 c -0.5

\\2-grams:
-0.2 <s> a -0.1
-0.3 a b -0.2
-0.4 c </s>
-0.9 c a -0.6

\\3-grams:
-0.1 a b c
-0.2 <s> a b

\\end\\
"""


def table(model: NgramModel, *without: str) -> dict[str, int]:
    words = (w for w in model.vocabulary if w not in ("<s>", "</s>", *without))
    return word_table(words, ())


def without_idle_states(fst: Fst, disambiguation: int) -> Fst:
    """Kaldi leaves out states that only back off; the wheel keeps them."""
    counts = np.diff(fst.offsets)
    first = np.minimum(fst.offsets[:-1], fst.num_arcs - 1)
    idle = (counts == 1) & ~fst.is_final & (fst.ilabels[first] == disambiguation)
    idle[fst.start] = False
    targets, weights = fst.targets.copy(), fst.weights.copy()
    while idle[targets].any():
        rows = np.flatnonzero(idle[targets])
        weights[rows] += fst.weights[first[targets[rows]]]
        targets[rows] = fst.targets[first[targets[rows]]]
    return replace(fst, targets=targets, weights=weights).connected()


def numbered(fst: Fst) -> tuple[list[tuple[int, int, int, int]], list[float], list[float]]:
    """Arcs, costs, final costs, with states numbered by a walk from the start."""
    fst = fst.sorted_by_input()
    numbers, order = {fst.start: 0}, [fst.start]
    arcs, costs = [], []
    for state in order:
        for arc in range(fst.offsets[state], fst.offsets[state + 1]):
            target = int(fst.targets[arc])
            if target not in numbers:
                numbers[target] = len(order)
                order.append(target)
            labels = int(fst.ilabels[arc]), int(fst.olabels[arc])
            arcs.append((numbers[state], *labels, numbers[target]))
            costs.append(float(fst.weights[arc]))
    return arcs, costs, fst.finals[order].tolist()


def assert_as_kaldi(arpa: Path, folder: Path, *without: str) -> None:
    model = NgramModel.read(arpa)
    words = table(model, *without)
    (folder / "words.txt").write_text("".join(f"{w} {i}\n" for w, i in words.items()))
    kaldilm_grammar(arpa, folder / "words.txt", model.order, folder / "theirs.fst")
    theirs = without_idle_states(read_fst(folder / "theirs.fst"), words["#0"])
    ours = grammar_fst(model, words, disambiguation=words["#0"]).fst
    arcs, costs, finals = numbered(ours)
    their_arcs, their_costs, their_finals = numbered(theirs)
    assert arcs == their_arcs
    assert costs == pytest.approx(their_costs, abs=1e-6)
    assert finals == pytest.approx(their_finals, abs=1e-6)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_kaldi_compiles_the_same(order, tmp_path):
    chooser = random.Random(order)
    words = [f"w{i}" for i in range(60)]
    text = tmp_path / "text.txt"
    text.write_text(
        "".join(" ".join(chooser.choices(words[: 5 + i % 55], k=i % 7)) + "\n" for i in range(800))
    )
    train(text, tmp_path / "a.arpa", order=order, min_counts=[1, 2, 2, 2][:order])
    assert_as_kaldi(tmp_path / "a.arpa", tmp_path)
    assert_as_kaldi(tmp_path / "a.arpa", tmp_path, "w3", "w11", "w59")


def test_models_that_lack_a_suffix(tmp_path):
    (tmp_path / "a.arpa").write_text(PRUNED)
    assert_as_kaldi(tmp_path / "a.arpa", tmp_path)


def test_words_that_the_graph_lacks_are_told(tmp_path):
    (tmp_path / "a.arpa").write_text(PRUNED)
    model = NgramModel.read(tmp_path / "a.arpa")
    words = table(model, "b")
    grammar = grammar_fst(model, words, disambiguation=words["#0"])
    assert grammar.missing_words == ("b",)
    assert grammar.left_out == 4
    assert set(np.unique(grammar.fst.ilabels)) == {words["a"], words["c"], words["#0"]}


def test_silent_words_put_nothing_out(tmp_path):
    (tmp_path / "a.arpa").write_text(PRUNED)
    model = NgramModel.read(tmp_path / "a.arpa")
    words = table(model)
    fst = grammar_fst(model, words, disambiguation=words["#0"], silent_words=["b"]).fst
    assert words["b"] in fst.ilabels
    assert words["b"] not in fst.olabels
    assert (fst.olabels[fst.ilabels == words["#0"]] == 0).all()


def test_models_that_cannot_be_used(tmp_path):
    (tmp_path / "a.arpa").write_text(PRUNED)
    model = NgramModel.read(tmp_path / "a.arpa")
    with pytest.raises(DataError, match="no word of the language model"):
        grammar_fst(model, {"<eps>": 0, "other": 1, "#0": 2}, disambiguation=2)
    (tmp_path / "b.arpa").write_text("\\data\\\nngram 1=1\n\n\\1-grams:\n-1 a\n\n\\end\\\n")
    model = NgramModel.read(tmp_path / "b.arpa")
    with pytest.raises(DataError, match="without <s>"):
        grammar_fst(model, {"<eps>": 0, "a": 1, "#0": 2}, disambiguation=2)
