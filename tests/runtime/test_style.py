"""What auto-style and the contextual model are asked is what they were trained on (section 2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from arqon_maestro.corpusgen import generate_mappings
from arqon_maestro.corpusgen.modes import mapping_lines
from arqon_maestro.runtime.parse import Hypothesis
from arqon_maestro.runtime.style import Styler

SOURCES = {
    "at the first character": "total = sum(items)\n",
    "after a blank line": "\n\ntotal = sum(items)\n",
    "in an indented file": "    total = sum(items)\n    more = 2\n",
    "nested": "class Tank:\n    def level(self):\n        return self.depth\n\n\nMOST = [1, 20]\n",
}


class Recorder:
    """Takes down what it is asked, and answers nothing."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.pairs: list[tuple[str, str]] = []

    def translate(self, lines: Sequence[str], n_best: int = 1) -> list[list[Hypothesis]]:
        self.lines += lines
        return [[] for _ in lines]

    def rescore(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        self.pairs += pairs
        return [0.0 for _ in pairs]


def asked(source: str, offset: int, words: Sequence[str], container: str | None) -> list[str]:
    """Returns the leading tokens that both models are given at use."""
    recorder = Recorder()
    Styler(recorder, recorder).style(source, offset, words, container)
    (line,), ((leading, said),) = recorder.lines, recorder.pairs
    marker = "ENG" if container is None else f"SNIP_{container}"
    before, _, rest = line.partition("CTX ")[2].partition(f"{marker} ")
    assert (before.split(), rest) == (leading.split(), said) == (leading.split(), " ".join(words))
    return leading.split()


@pytest.mark.parametrize("name", SOURCES)
def test_leading_contexts_are_those_of_training(name: str) -> None:
    source = SOURCES[name]
    kinds: Counter[str] = Counter()
    for seed in range(40):
        for mapping in generate_mappings(source, "python", seed=seed):
            trained = list(mapping.leading_tokens)
            used = asked(source, mapping.start, mapping.words, mapping.container)
            # Lengths are drawn in training; the shorter context is the end of the longer one.
            shorter, longer = sorted((trained, used), key=len)
            assert longer[len(longer) - len(shorter) :] == shorter
            kinds[mapping.kind] += 1
    assert kinds["insert"] > 40
    assert name != "nested" or kinds["add"] > 40


def test_an_empty_file_has_a_line_break_before_it_in_training_too() -> None:
    assert asked("", 0, ["total"], None) == ["NL"]
    for model, start in (("auto-style", "CTX NL ENG "), ("contextual-language-model", "NL")):
        lines: Counter[bool] = Counter()
        for seed in range(200):
            path = f"file{seed}.py"
            source = "total = 1\n" * 12
            first = mapping_lines(source, path, "python", model, seed=seed).lines[0][0]
            lines[first.startswith(start)] += 1
        # One context in fifty has no token, here as anywhere in a file.
        assert lines[True] > 185
