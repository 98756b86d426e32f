"""A pronunciation, the phone set it is written in, and the lexicon that holds them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from arqon_maestro.errors import DataError, did_you_mean

#: The 39 phones of the CMU dictionary, without stress (ARPAbet): 15 vowels and 24 consonants.
# fmt: off
PHONES = frozenset([
    "AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW",
    "B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N",
    "NG", "P", "R", "S", "SH", "T", "TH", "V", "W", "Y", "Z", "ZH",
])
# fmt: on
SILENCE_PHONE = "SIL"
NOISE_PHONE = "SPN"
#: The two words that head a Kaldi ``lexicon.txt``: silence, and speech-like noise.
HEADER_ENTRIES = (("!sil", SILENCE_PHONE), ("nspc", NOISE_PHONE))
#: Ends a word that is said letter by letter: ``sql(spell)``, ``n(spell)``.
SPELL_MARK = "(spell)"


@dataclass(frozen=True, slots=True)
class Pronunciation:
    """One way to say a word.

    Attributes:
        word: lower case, without blanks.
        phones: ARPAbet without stress.
        source: ``cmudict``, ``hand:<file>``, ``letters``, ``spelled``, ``g2p``, or a file read.
    """

    word: str
    phones: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Lexicon:
    """Pronunciations sorted by word; those of one word in the order of their sources."""

    entries: tuple[Pronunciation, ...]

    @classmethod
    def of(cls, entries: Iterable[Pronunciation]) -> Lexicon:
        """Collects `entries`: the first of two equal (word, phones) stays."""
        unique: dict[tuple[str, tuple[str, ...]], Pronunciation] = {}
        for entry in entries:
            unique.setdefault((entry.word, entry.phones), entry)
        return cls(tuple(sorted(unique.values(), key=lambda entry: entry.word)))

    @cached_property
    def _by_word(self) -> dict[str, list[Pronunciation]]:
        table: dict[str, list[Pronunciation]] = {}
        for entry in self.entries:
            table.setdefault(entry.word, []).append(entry)
        return table

    def __contains__(self, word: object) -> bool:
        return word in self._by_word

    def __iter__(self) -> Iterator[Pronunciation]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def words(self) -> tuple[str, ...]:
        """Returns each word once, sorted."""
        return tuple(self._by_word)

    def pronunciations(self, word: str) -> Sequence[Pronunciation]:
        """Returns the pronunciations of `word`, none if it is not in the lexicon."""
        return self._by_word.get(word, ())

    def restricted(self, words: Iterable[str]) -> Lexicon:
        """Returns the lexicon of those of `words` that are in this one."""
        kept = sorted({word for word in words if word in self})
        return Lexicon(tuple(entry for word in kept for entry in self._by_word[word]))

    def sources(self) -> dict[str, int]:
        """Returns how many pronunciations each source gave."""
        return dict(sorted(Counter(entry.source for entry in self.entries).items()))


def checked_phones(text: str, where: str) -> tuple[str, ...]:
    """Splits a pronunciation into phones, all of which must be in `PHONES`.

    Raises:
        DataError: empty, or an unknown phone, with `where` (``path:line``).
    """
    phones = tuple(text.split())
    if not phones:
        raise DataError("a word without a pronunciation", where=where)
    for phone in phones:
        if phone not in PHONES:
            raise DataError(
                f"unknown phone {phone!r}", where=where, why=did_you_mean(phone, PHONES)
            )
    return phones


def is_spelled(word: str) -> bool:
    """Says whether `word` carries the mark of a word said letter by letter."""
    return word.endswith(SPELL_MARK)


def spelled(word: str) -> str:
    """Marks `word` as said letter by letter."""
    return word + SPELL_MARK


def unspelled(word: str) -> str:
    """Removes the mark, if there is one."""
    return word.removesuffix(SPELL_MARK)
