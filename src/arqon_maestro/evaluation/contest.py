"""Which of ten transcripts that sound alike a model takes for the true one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise, product
from typing import Any

from arqon_maestro.corpusgen.choices import seed_of
from arqon_maestro.corpusgen.context import leading_tokens
from arqon_maestro.errors import DataError
from arqon_maestro.evaluation.cases import Case
from arqon_maestro.evaluation.confusions import Confuser, Words
from arqon_maestro.evaluation.groups import least_words, length_group
from arqon_maestro.evaluation.metrics import Paired, wilson
from arqon_maestro.progress import SILENT, Reporter
from arqon_maestro.speech_engine.lexicon.pronunciations import Lexicon, unspelled
from arqon_maestro.speech_engine.ngram.model import NgramModel

ALTERNATIVES = 9
#: The command that the words are said in; the n-grams have learnt commands.
COMMAND = "insert"
#: Ways to write a transcript for an n-gram model that are looked at; each spelled word has two.
MOST_SPELLINGS = 256
_BATCH_CONTESTS = 8
SHOWN = 20


@dataclass(frozen=True)
class Contest:
    """A true transcript among others that sound like it.

    Attributes:
        context: the leading context as in use: tokens of the 35 units before the caret.
        words: the true transcript.
        rivals: the others.
    """

    context: str
    words: Words
    rivals: tuple[Words, ...]

    @property
    def texts(self) -> list[Words]:
        """All of them, the true one first."""
        return [self.words, *self.rivals]


@dataclass(frozen=True)
class Contests:
    """Contests, and how many cases gave none.

    Attributes:
        unknown: cases with a word that the recogniser does not know.
        unrivalled: cases with fewer than nine alternatives.
    """

    contests: tuple[Contest, ...]
    unknown: int
    unrivalled: int


Scorer = Callable[[Sequence[Contest]], list[list[float]]]
"""Gives each text of each contest a log probability in nats."""


def make_contests(
    cases: Sequence[Case],
    sources: Mapping[str, str],
    confuser: Confuser,
    seed: int,
    *,
    label: str = "alternatives",
    reporter: Reporter = SILENT,
) -> Contests:
    """Draws nine alternatives for every case.

    Args:
        cases: inserts, with their places.
        sources: file → normalised source.
        confuser: finds alternatives.
        seed: with a case's place it decides the draw.
    """
    contests: list[Contest] = []
    unknown = unrivalled = 0
    with reporter.task(label, len(cases), "lines") as task:
        for case in cases:
            task.advance()
            if not confuser.knows(case.words):
                unknown += 1
                continue
            case_seed = seed_of(seed, "alternatives", case.file, case.start, *case.words)
            rivals = confuser.alternatives(case.words, ALTERNATIVES, case_seed)
            if len(rivals) < ALTERNATIVES:
                unrivalled += 1
                continue
            context = " ".join(leading_tokens(sources[case.file], case.start))
            contests.append(Contest(context, case.words, tuple(rivals)))
    return Contests(tuple(contests), unknown, unrivalled)


def contextual_scorer(
    rescorer: Any, *, label: str = "contextual model", reporter: Reporter = SILENT
) -> Scorer:
    """Scores words given the leading context, as the runtime does (corpusgen.md, section 7.3)."""

    def score(contests: Sequence[Contest]) -> list[list[float]]:
        scores: list[list[float]] = []
        with reporter.task(label, len(contests), "contests") as task:
            for start in range(0, len(contests), _BATCH_CONTESTS):
                batch = contests[start : start + _BATCH_CONTESTS]
                pairs = [
                    (contest.context, " ".join(text)) for contest in batch for text in contest.texts
                ]
                found = iter(rescorer.rescore(pairs))
                scores += [[next(found) for _ in contest.texts] for contest in batch]
                task.advance(len(batch))
        return scores

    return score


class NgramScorer:
    """Scores words as what follows "insert" in a command, by an n-gram model.

    The model's vocabulary marks words said letter by letter (``json(spell)``), which transcripts do
    not: a transcript's probability is the sum over its spellings.

    Args:
        model: of commands.
    """

    def __init__(self, model: NgramModel) -> None:
        self.model = model
        self._spellings: dict[str, list[str]] = {}
        for word in model.vocabulary:
            self._spellings.setdefault(unspelled(word), []).append(word)

    def __call__(self, contests: Sequence[Contest]) -> list[list[float]]:
        texts = [text for contest in contests for text in contest.texts]
        sentences: list[list[str]] = []
        bounds = [0]
        for text in texts:
            ways = product(*(self._spellings.get(word, [word]) for word in text))
            sentences += [[COMMAND, *way] for way in islice(ways, MOST_SPELLINGS)]
            bounds.append(len(sentences))
        if not sentences:
            return []
        # What stands before the words is the same for all of a contest, and no part of them.
        prefix = float(self.model.score_sentences([[COMMAND]], include_eos=False)[0])
        logs = [
            (float(value) - prefix) * math.log(10)
            for value in self.model.score_sentences(sentences)
        ]
        found = iter(_log_sum(logs[low:high]) for low, high in pairwise(bounds))
        return [[next(found) for _ in contest.texts] for contest in contests]


def word_frequencies(model: NgramModel) -> dict[str, float]:
    """Returns word → logarithm of its frequency by a model's 1-grams, spelled ones with it."""
    found: dict[str, list[float]] = {}
    for word, log10 in zip(model.vocabulary, model.levels[0].log10_probabilities, strict=True):
        if word[0].isalpha():
            found.setdefault(unspelled(word), []).append(float(log10) * math.log(10))
    return {word: _log_sum(values) for word, values in found.items()}


def make_confuser(lexicon: Lexicon, model: NgramModel) -> Confuser:
    """Returns what finds alternatives among the words of a lexicon that a model has."""
    sounds = [(unspelled(entry.word), entry.phones) for entry in lexicon.without_stress()]
    return Confuser(sounds, word_frequencies(model))


def hold(contests: Sequence[Contest], scorers: Mapping[str, list[list[float]]]) -> dict[str, Any]:
    """Says how often each scorer ranks the true transcript first, and compares them in pairs.

    Args:
        contests: with nine rivals each.
        scorers: name → what it gave each text of each contest; the first is compared with all
            others.

    Returns:
        JSON: ``scorers`` → accuracy, loss and accuracy by length; ``comparisons`` by McNemar's
        test; ``misses`` of the first scorer.

    Raises:
        DataError: there is no contest.
    """
    if not contests:
        raise DataError("no transcript of known words to choose", remedy="evaluate more lines")
    wins = {
        name: [scores[0] > max(scores[1:]) for scores in given] for name, given in scorers.items()
    }
    words = sum(len(contest.words) + 1 for contest in contests)
    first, *others = scorers
    return {
        "scorers": {
            name: {
                "accuracy": wilson(sum(wins[name]), len(contests)).to_json(),
                "nats_a_word": -sum(scores[0] for scores in given) / words,
                "by_length": _by_length(contests, wins[name]),
            }
            for name, given in scorers.items()
        },
        "comparisons": [
            {"first": first, "second": other, **Paired.of(wins[first], wins[other]).to_json()}
            for other in others
        ],
        "misses": [
            {
                "context": contest.context,
                "reference": " ".join(contest.words),
                "chosen": " ".join(contest.texts[_best(scores)]),
            }
            for contest, scores in zip(contests, scorers[first], strict=True)
            if _best(scores)
        ][:SHOWN],
    }


def summed(first: list[list[float]], second: list[list[float]]) -> list[list[float]]:
    """Returns the sums of two scorers' scores."""
    return [
        [a + b for a, b in zip(ours, theirs, strict=True)]
        for ours, theirs in zip(first, second, strict=True)
    ]


def _best(scores: Sequence[float]) -> int:
    return max(range(len(scores)), key=scores.__getitem__)


def _by_length(contests: Sequence[Contest], wins: Sequence[bool]) -> dict[str, Any]:
    groups: dict[str, list[bool]] = {}
    for contest, won in zip(contests, wins, strict=True):
        groups.setdefault(length_group(contest.words), []).append(won)
    return {
        name: wilson(sum(groups[name]), len(groups[name])).to_json()
        for name in sorted(groups, key=least_words)
    }


def _log_sum(values: Sequence[float]) -> float:
    most = max(values)
    return most + math.log(sum(math.exp(value - most) for value in values))
