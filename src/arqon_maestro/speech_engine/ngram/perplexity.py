"""Perplexity of a model on a text, counted as the field does.

As in SRILM's ``ngram -ppl``: words outside the vocabulary are left out and counted, unless the
model has ``<unk>``; ``perplexity`` counts the end of each sentence as a word,
``perplexity_excluding_eos`` (SRILM's ppl1) divides the same total by the words alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from arqon_maestro.errors import DataError
from arqon_maestro.progress import SILENT, Reporter
from arqon_maestro.speech_engine.ngram.model import OUT_OF_VOCABULARY, NgramModel, SentenceScores
from arqon_maestro.speech_engine.ngram.text import TextBlock, read_blocks


@dataclass(frozen=True)
class Perplexity:
    """How well a model predicts a text.

    Attributes:
        log10_probability: of the whole text, with the ends of the sentences.
        words: number of words, those outside the vocabulary included, ends of sentences not.
        oovs: number of words outside the vocabulary.
        scored_words: number of words in `log10_probability`.
        sentences: number of sentences.
    """

    log10_probability: float
    words: int
    oovs: int
    scored_words: int
    sentences: int

    @property
    def perplexity(self) -> float:
        """Per word and end of sentence."""
        return float(10 ** (-self.log10_probability / (self.scored_words + self.sentences)))

    @property
    def perplexity_excluding_eos(self) -> float:
        """The same total per word alone; infinite if no word is known."""
        if not self.scored_words:
            return float("inf")
        return float(10 ** (-self.log10_probability / self.scored_words))

    def as_dict(self) -> dict[str, float | int]:
        """Returns the figures under the names of the command's JSON."""
        return {
            "perplexity": self.perplexity,
            "perplexity_excluding_eos": self.perplexity_excluding_eos,
            "log10_probability": self.log10_probability,
            "words": self.words,
            "oovs": self.oovs,
            "sentences": self.sentences,
        }


def perplexity(
    model: NgramModel, paths: Sequence[Path], *, reporter: Reporter = SILENT
) -> Perplexity:
    """Returns the perplexity of text files (see `read_blocks`), empty sentences included.

    Raises:
        DataError: a malformed text, or one without any sentence.
    """
    scores: list[SentenceScores] = []
    with reporter.task("scoring", unit="sentences") as task:
        for path in paths:
            for block in read_blocks(path):
                scores.append(score_block(model, block))
                task.advance(block.lengths.size)
    return _total(scores, model, str(paths[0]) if paths else "")


def perplexity_of(model: NgramModel, sentences: Sequence[Sequence[str]]) -> Perplexity:
    """As `perplexity`, for sentences in memory."""
    return _total([model.score(sentences)], model, "")


def score_block(model: NgramModel, block: TextBlock) -> SentenceScores:
    """Scores the lines of a block as sentences."""
    get, unknown = model.word_ids.get, model.unknown_id
    ids = np.array([get(word, unknown) for word in block.words], np.int32)
    return model.score_tokens(ids[block.tokens], block.lengths)


def _total(scores: Sequence[SentenceScores], model: NgramModel, where: str) -> Perplexity:
    sentences = sum(part.words.size for part in scores)
    if not sentences:
        raise DataError("a text without sentences", where=where or None)
    words = sum(int(part.words.sum()) for part in scores)
    oovs = sum(int(part.oovs.sum()) for part in scores)
    return Perplexity(
        log10_probability=sum(float(part.log10_probabilities.sum()) for part in scores),
        words=words,
        oovs=oovs,
        scored_words=words - (oovs if model.unknown_id == OUT_OF_VOCABULARY else 0),
        sentences=sentences,
    )
