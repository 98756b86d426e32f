"""A person's own words: one file of the library root, which every rebuild of the lexicon reads."""

from __future__ import annotations

import fcntl
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from arqon_maestro.artifacts import atomic_text, text_lines
from arqon_maestro.errors import DataError, MissingPartError, UsageError, did_you_mean
from arqon_maestro.speech_engine.lexicon.build import MAXIMUM_G2P_LETTERS, is_said_by_letters
from arqon_maestro.speech_engine.lexicon.g2p import G2P, G2pModel
from arqon_maestro.speech_engine.lexicon.pronunciations import (
    SPELL_MARK,
    Lexicon,
    Pronunciation,
    checked_phones,
    unspelled,
    with_stress,
)
from arqon_maestro.speech_engine.lexicon.sources import SPELLED, WORD, acronyms, letter_phones
from arqon_maestro.speech_engine.lexicon.vocabulary import RESERVED

#: Source of the pronunciations in the file.
OWN = "own"
#: How a pronunciation came into the file, where a person typed it.
TYPED = "typed"
_LETTERS = re.compile(r"[a-z]+")
_HEADER = "# Own words: word, pronunciation, # how it was found. Written by `maestro lexicon add`."


@dataclass(frozen=True, slots=True)
class OwnWord:
    """One pronunciation of an own word.

    Attributes:
        word: lower case.
        phones: ARPAbet with stress.
        origin: ``typed``, ``g2p``, ``spelled``, or the source that knew the word already.
    """

    word: str
    phones: tuple[str, ...]
    origin: str

    def pronunciation(self) -> Pronunciation:
        """Returns it as an entry of the lexicon."""
        return Pronunciation(self.word, self.phones, OWN)


def checked_word(text: str) -> str:
    """Returns a word in lower case, after checking that the recogniser can have it.

    Raises:
        UsageError: a blank in it, a mark of language models, or characters that no word has.
    """
    word = text.lower()
    if text in RESERVED or word in RESERVED:
        raise UsageError(
            f"{text!r} cannot be added", why="it is a mark of language models, not a word"
        )
    if len(word.split()) != 1 or word != word.strip():
        raise UsageError(
            f"not one word: {text!r}",
            why="words are split at blanks",
            remedy="maestro lexicon add " + (" ".join(word.split()) or "WORD"),
        )
    body = unspelled(word)
    if word.endswith(SPELL_MARK):
        allowed = _LETTERS.fullmatch(body) is not None
    else:
        allowed = WORD.fullmatch(word) is not None
    if not allowed:
        raise UsageError(
            f"not a word: {text!r}",
            why="a-z, 0-9, apostrophe, full stop, hyphen and underscore can be in a word; "
            "write it as it is said",
        )
    return word


def typed(word: str, pronunciation: str) -> OwnWord:
    """Returns an own word with the pronunciation that a person typed, stress completed.

    Raises:
        UsageError: an unknown phone, or none.
    """
    try:
        phones = checked_phones(" ".join(pronunciation.upper().split()))
    except DataError as error:
        raise UsageError(
            f"the pronunciation of {word!r}: {error.what}",
            why=error.why,
            remedy="maestro lexicon show WORD prints the phones of words like it",
        ) from None
    return OwnWord(word, with_stress(phones), TYPED)


def propose(
    word: str, lexicon: Lexicon, model: G2pModel | None, *, n_best: int = 1
) -> list[OwnWord]:
    """Proposes pronunciations of a word: known ones, or its letters, or what G2P says.

    Args:
        word: as `checked_word` returns it.
        lexicon: pronunciations that are known.
        model: a G2P model, where there is one.
        n_best: pronunciations by G2P, at most.

    Raises:
        MissingPartError: only G2P could tell, and there is no model.
        UsageError: nothing can tell: digits or marks in the word, or the model has no answer.
    """
    known = lexicon.pronunciations(word)
    if known:
        return [OwnWord(word, with_stress(entry.phones), entry.source) for entry in known]
    if word.endswith(SPELL_MARK) or is_said_by_letters(word) or word in acronyms():
        return [OwnWord(word, letter_phones(unspelled(word)), SPELLED)]
    by_hand = f"maestro lexicon add {word} --pronunciation 'PH ON ES'"
    if not _LETTERS.fullmatch(word) or len(word) > MAXIMUM_G2P_LETTERS:
        raise UsageError(
            f"no pronunciation can be proposed for {word!r}",
            why=f"G2P reads words of up to {MAXIMUM_G2P_LETTERS} letters a-z",
            remedy=by_hand,
        )
    if model is None:
        raise MissingPartError(
            f"no pronunciation can be proposed for {word!r}",
            why="there is no G2P model",
            remedy=f"maestro g2p train, or {by_hand}",
        )
    predicted = model.predict([word], n_best=n_best).get(word, ())
    if not predicted:
        raise UsageError(f"the G2P model has no answer for {word!r}", remedy=by_hand)
    # Two predictions may differ in nothing but marks that are completed here.
    unique = dict.fromkeys(with_stress(phones) for phones in predicted)
    return [OwnWord(word, phones, G2P) for phones in unique]


def read_own_words(path: Path) -> tuple[OwnWord, ...]:
    """Reads the file of own words; without a file there are none.

    Raises:
        DataError: a malformed line, with its number.
    """
    if not path.exists():
        return ()
    found: list[OwnWord] = []
    for number, line in enumerate(text_lines(path), 1):
        body, _, origin = line.partition("#")
        word, _, phones = body.strip().partition(" ")
        if not word:
            continue
        place = f"{path}:{number}"
        try:
            checked_word(word)
        except UsageError as error:
            raise DataError(error.what, where=place, why=error.why) from None
        said = with_stress(checked_phones(phones, place))
        found.append(OwnWord(word, said, origin.strip() or TYPED))
    return tuple(found)


def add_own_words(path: Path, words: Iterable[OwnWord]) -> tuple[OwnWord, ...]:
    """Adds pronunciations to the file, atomically; those that are there already stay once.

    Returns:
        What is new.
    """
    with _locked(path):
        present = read_own_words(path)
        keys = {(own.word, own.phones) for own in present}
        new = {(own.word, own.phones): own for own in words}
        added = tuple(own for key, own in new.items() if key not in keys)
        if added:
            _write(path, [*present, *added])
    return added


def remove_own_words(path: Path, words: Sequence[str]) -> tuple[OwnWord, ...]:
    """Removes words with all their pronunciations, atomically; all of them or none.

    Returns:
        What was removed.

    Raises:
        UsageError: one of the words is not in the file.
    """
    with _locked(path):
        present = read_own_words(path)
        own = {entry.word for entry in present}
        for word in words:
            if word not in own:
                raise UsageError(
                    f"{word!r} is not one of your own words",
                    where=path,
                    why=did_you_mean(word, own) if own else "there are none",
                )
        _write(path, [entry for entry in present if entry.word not in words])
    return tuple(entry for entry in present if entry.word in words)


def _write(path: Path, words: Sequence[OwnWord]) -> None:
    with atomic_text(path) as stream:
        stream.write(_HEADER + "\n")
        for own in sorted(words, key=lambda own: own.word):
            stream.write(f"{own.word}  {' '.join(own.phones)}  # {own.origin}\n")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Two commands at a time must not lose each other's words."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_name(f".{path.name}.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
