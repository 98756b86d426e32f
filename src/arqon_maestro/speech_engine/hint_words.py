"""Which words of an open file are worth a hint: names that somebody may be about to say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container

from arqon_maestro.corpusgen.tokens import WORDS, token_stream

#: As many as the runtime takes.
MOST_HINTS = 500
#: Single letters are spelled.
_SHORTEST = 2


def hint_words(source: str, known: Container[str], most: int = MOST_HINTS) -> list[str]:
    """Returns the words of identifiers and comments, the most frequent first.

    Args:
        source: the file's text.
        known: words that can be said anyway.
        most: as many at most.
    """
    stream = token_stream(source)
    counts = Counter(
        word
        for word, shape in zip(stream.text, stream.shape, strict=True)
        if shape in WORDS and len(word) >= _SHORTEST and word not in known
    )
    # Equally frequent ones in the order of the file.
    return [word for word, _ in counts.most_common(most)]
