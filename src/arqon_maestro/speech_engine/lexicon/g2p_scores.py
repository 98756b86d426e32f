"""How near predicted pronunciations come to known ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from arqon_maestro.evaluation.metrics import edit_distance
from arqon_maestro.speech_engine.lexicon.pronunciations import plain

Phones = tuple[str, ...]


@dataclass(frozen=True)
class G2pScores:
    """Quality on held-out words; a word with several pronunciations is scored by the nearest.

    Attributes:
        training_words: words trained on.
        held_out_words: words measured on.
        phone_error_rate: edits per reference phone, stress left out.
        word_error_rate: share of words with any edit, stress left out.
        stressed_phone_error_rate: edits per reference phone; a wrong stress is an edit.
        stressed_word_error_rate: share of words with any edit or any wrong stress.
    """

    training_words: int
    held_out_words: int
    phone_error_rate: float
    word_error_rate: float
    stressed_phone_error_rate: float
    stressed_word_error_rate: float


def nearest(predicted: Phones, known: Sequence[Phones]) -> tuple[int, Phones]:
    """Returns the edits to the nearest of the known pronunciations, and that pronunciation."""
    distances = [edit_distance(phones, predicted) for phones in known]
    best = min(range(len(known)), key=lambda index: (distances[index], len(known[index])))
    return distances[best], known[best]


def score(
    predicted: Mapping[str, Phones], references: Mapping[str, Sequence[Phones]], training_words: int
) -> G2pScores:
    """Compares predictions with known pronunciations.

    Args:
        predicted: word to its best prediction; a word without one counts as all wrong.
        references: word to its known pronunciations.
        training_words: of the model, for the record.
    """
    bare = {word: [plain(phones) for phones in known] for word, known in references.items()}
    phone_errors, word_errors = _rates({w: plain(p) for w, p in predicted.items()}, bare)
    stressed_phone_errors, stressed_word_errors = _rates(predicted, references)
    return G2pScores(
        training_words=training_words,
        held_out_words=len(references),
        phone_error_rate=phone_errors,
        word_error_rate=word_errors,
        stressed_phone_error_rate=stressed_phone_errors,
        stressed_word_error_rate=stressed_word_errors,
    )


def _rates(
    predicted: Mapping[str, Phones], references: Mapping[str, Sequence[Phones]]
) -> tuple[float, float]:
    edits = phones = wrong = 0
    for word, known in references.items():
        distance, reference = nearest(predicted.get(word, ()), known)
        edits += distance
        phones += len(reference)
        wrong += distance > 0
    if not references:
        return 0.0, 0.0
    return edits / phones, wrong / len(references)
