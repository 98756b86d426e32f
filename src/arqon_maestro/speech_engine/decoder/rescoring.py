"""ConstArpa models as the n-best search asks for them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.lexicon.vocabulary import HINT
from arqon_maestro.speech_engine.ngram.const_arpa_reader import ConstArpa
from arqon_maestro.speech_engine.ngram.text import SENTENCE_END, SENTENCE_START

_LN_10 = math.log(10)
#: What a hint word costs besides its class, as in the runtime: a natural logarithm.
HINT_COST = 6.9
#: For words that a model does not have at all: a path with one is left to the very last.
_IMPOSSIBLE = -1e4


class PackedModel:
    """A ConstArpa model over the words of a decoding graph.

    Args:
        model: the model.
        words: number of each word, those of the file that the model was packed with.
        hint_cost: what a hint word costs besides the class of all hints.

    Raises:
        DataError: model and words do not belong together.
    """

    def __init__(
        self, model: ConstArpa, words: Mapping[str, int], hint_cost: float = HINT_COST
    ) -> None:
        for word, number in ((SENTENCE_START, model.start), (SENTENCE_END, model.end)):
            if words.get(word) != number:
                raise DataError(
                    f"a packed language model where {word} is {number}",
                    why=f"in words.txt it is {words.get(word)}",
                )
        self._model = model
        self._words = words
        self._hint = words.get(HINT, -1)
        self._hint_log10 = -hint_cost / _LN_10

    @property
    def order(self) -> int:
        """Length of the longest n-gram."""
        return self._model.order

    @property
    def word_ids(self) -> Mapping[str, int]:
        """Number of each word."""
        return self._words

    @property
    def unknown_id(self) -> int:
        """Number of the words that are not in the table: none has it."""
        return -1

    def ngram_log10_probabilities(
        self, columns: Sequence[NDArray[np.int32]]
    ) -> NDArray[np.float64]:
        """Returns log10 p(last | before) of n-grams `(N,)` given column by column."""
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return np.array([self._log10(row) for row in rows], np.float64)

    def context_lengths(self, columns: Sequence[NDArray[np.int32]]) -> NDArray[np.int64]:
        """Returns how many of the last words of histories `(N,)` matter to what comes next."""
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return np.array([self._model.context_length(row) for row in rows], np.int64)

    def _log10(self, ngram: tuple[int, ...]) -> float:
        found = self._model.log_probability(ngram[:-1], ngram[-1]) / _LN_10
        if ngram[-1] == self._hint:
            found += self._hint_log10
        return max(found, _IMPOSSIBLE)
