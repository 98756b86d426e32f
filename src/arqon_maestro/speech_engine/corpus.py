"""The language model's text: languages combined by share, words outside the vocabulary replaced."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from arqon_maestro.artifacts import atomic_text, text_lines
from arqon_maestro.corpusgen.choices import seed_of
from arqon_maestro.errors import ConfigurationError, DataError
from arqon_maestro.progress import SILENT, Reporter
from arqon_maestro.speech_engine.lexicon.vocabulary import HINT


@dataclass(frozen=True)
class FilterStatistics:
    """What `filter_corpus` did.

    Attributes:
        sentences: sentences written.
        words: words of all sentences.
        replaced: how many of them became `HINT`.
    """

    sentences: int
    words: int
    replaced: int


def read_sentences(path: Path) -> Iterator[str]:
    """Yields the non-empty lines of a text, stripped.

    Raises:
        DataError: bytes that are not UTF-8.
    """
    for line in text_lines(path):
        if sentence := line.strip():
            yield sentence


def count_words(paths: Iterable[Path]) -> Counter[str]:
    """Counts the words of texts, split on blanks."""
    counts: Counter[str] = Counter()
    for path in paths:
        for sentence in read_sentences(path):
            counts.update(sentence.split())
    return counts


def combine_corpora(
    destination: Path,
    corpora: Mapping[str, Path],
    *,
    shares: Mapping[str, float] | None = None,
    maximum_sentences: int | None = None,
    seed: int = 0,
    reporter: Reporter = SILENT,
) -> dict[str, int]:
    """Writes one text out of the texts of several languages, in the languages' order by name.

    Args:
        destination: the text to write.
        corpora: language to text.
        shares: language to its relative share of `maximum_sentences`; a language without one has 1.
            A language that has less text than its share gives all it has.
        maximum_sentences: sentences in all; without it every sentence is taken.
        seed: decides which sentences of a language are taken.
        reporter: progress.

    Returns:
        Sentences taken, by language.

    Raises:
        ConfigurationError: a negative share, a share of an unknown language, or none above zero.
        DataError: no sentence in any of the texts.
    """
    weights = dict.fromkeys(corpora, 1.0) | dict(shares or {})
    for language, share in weights.items():
        if language not in corpora:
            raise ConfigurationError(f"a share for {language!r}, which has no corpus")
        if share < 0:
            raise ConfigurationError(f"the share of {language!r} is negative")
    total = sum(weights.values())
    if total <= 0:
        raise ConfigurationError("no language has a share above zero")
    taken: dict[str, int] = {}
    with (
        atomic_text(destination) as stream,
        reporter.task("combine corpora", len(corpora), "languages") as task,
    ):
        for language, path in sorted(corpora.items()):
            count = sum(1 for _ in read_sentences(path))
            if maximum_sentences is None:
                wanted = count if weights[language] else 0
            else:
                wanted = min(count, round(maximum_sentences * weights[language] / total))
            chosen = random.Random(seed_of(seed, "combine", language)).sample(range(count), wanted)
            numbers = set(chosen)
            for number, sentence in enumerate(read_sentences(path)):
                if number in numbers:
                    stream.write(sentence + "\n")
            taken[language] = wanted
            task.advance(1, language)
        if not any(taken.values()):
            raise DataError(
                "no sentence in any corpus",
                where=", ".join(map(str, corpora)),
                why="every text is empty, or every share rounds to nothing",
                remedy="maestro speech-engine generate-dataset --force",
            )
    return taken


def filter_corpus(source: Path, destination: Path, vocabulary: Iterable[str]) -> FilterStatistics:
    """Writes ``corpus-filtered.txt``: words outside `vocabulary` become `HINT`.

    The empty sentences that raise the probability of "nothing was said" are not written here: they
    are a weight given to the n-gram counts.

    Args:
        source: text, one sentence a line.
        destination: the filtered text.
        vocabulary: words kept.

    Raises:
        DataError: no sentence in the text.
    """
    known = frozenset(vocabulary)
    sentences = words = replaced = 0
    with atomic_text(destination) as stream:
        for sentence in read_sentences(source):
            tokens = sentence.split()
            filtered = [word if word in known else HINT for word in tokens]
            stream.write(" ".join(filtered) + "\n")
            sentences += 1
            words += len(tokens)
            replaced += filtered.count(HINT)
        if not sentences:
            raise DataError(
                "no sentence in this text",
                where=source,
                remedy="maestro corpusgen text, or maestro speech-engine generate-dataset",
            )
    return FilterStatistics(sentences, words, replaced)
