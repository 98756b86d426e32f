"""A pronunciation, the phone set it is written in, and the lexicon that holds them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from arqon_maestro.errors import DataError, did_you_mean

# fmt: off
#: The 15 vowels of the CMU dictionary (ARPAbet).
VOWELS = frozenset([
    "AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW",
])
#: Its 24 consonants.
CONSONANTS = frozenset([
    "B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N",
    "NG", "P", "R", "S", "SH", "T", "TH", "V", "W", "Y", "Z", "ZH",
])
# fmt: on
UNSTRESSED, PRIMARY, SECONDARY = "012"
STRESSES = (UNSTRESSED, PRIMARY, SECONDARY)
#: The 39 phones without stress: the embedded acoustic model's.
PHONES = VOWELS | CONSONANTS
#: The 69 phones with stress: every vowel ends in its stress, 0 (none), 1 (primary), 2 (secondary).
_STRESSED_VOWELS = frozenset(vowel + stress for vowel in VOWELS for stress in STRESSES)
STRESSED_PHONES = CONSONANTS | _STRESSED_VOWELS
_PLAIN = {phone: phone[:-1] for phone in _STRESSED_VOWELS}
_ANY_PHONES = PHONES | STRESSED_PHONES
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
        phones: ARPAbet; every vowel with its stress, or none with it.
        source: ``own``, ``hand:<file>``, ``cmudict``, ``letters``, ``spelled``, ``compound``,
            ``g2p``, or a file read.
    """

    word: str
    phones: tuple[str, ...]
    source: str

    def without_stress(self) -> Pronunciation:
        """Returns the pronunciation without marks of stress."""
        return Pronunciation(self.word, plain(self.phones), self.source)


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

    def without_stress(self) -> Lexicon:
        """Returns the lexicon without marks of stress; what then is the same is there once."""
        return Lexicon.of(entry.without_stress() for entry in self.entries)

    def stressed_as(self, phones: Iterable[str]) -> Lexicon:
        """Returns the lexicon with stress if any of `phones` has it, and without it otherwise."""
        return self if not _STRESSED_VOWELS.isdisjoint(phones) else self.without_stress()

    def in_phones(self, phones: frozenset[str], where: object = None) -> Lexicon:
        """Returns the lexicon in the phones of an acoustic model, stress kept if it has stress.

        Args:
            phones: of the acoustic model.
            where: the model, which errors name.

        Raises:
            DataError: a pronunciation with a phone that the model does not have.
        """
        lexicon = self.stressed_as(phones)
        for entry in lexicon:
            strange = [phone for phone in entry.phones if phone not in phones]
            if strange:
                raise DataError(
                    f"the acoustic model has no phone {strange[0]!r}",
                    where=where,
                    why=f"{entry.word} is said {' '.join(entry.phones)}",
                    remedy="use an acoustic model of the CMU dictionary's phones",
                )
        return lexicon

    def sources(self) -> dict[str, int]:
        """Returns how many pronunciations each source gave."""
        return dict(sorted(Counter(entry.source for entry in self.entries).items()))


def plain(phones: Iterable[str]) -> tuple[str, ...]:
    """Removes the marks of stress."""
    return tuple(_PLAIN.get(phone, phone) for phone in phones)


def is_stressed(phones: Iterable[str]) -> bool:
    """Says whether every vowel carries its stress."""
    return STRESSED_PHONES.issuperset(phones)


def with_stress(phones: Iterable[str]) -> tuple[str, ...]:
    """Marks vowels that carry no stress, where a person or a model gave none: a guess.

    If nothing is stressed yet, the first vowel other than ``AH``, or else the first, is; all others
    are unstressed. What carries stress already stays as it is.
    """
    marked = list(phones)
    open_vowels = [index for index, phone in enumerate(marked) if phone in VOWELS]
    if open_vowels and not any(phone.endswith(PRIMARY) for phone in marked):
        first = next((index for index in open_vowels if marked[index] != "AH"), open_vowels[0])
        marked[first] += PRIMARY
    return tuple(phone + UNSTRESSED if phone in VOWELS else phone for phone in marked)


def checked_phones(text: str, where: object = None, *, stress: bool = False) -> tuple[str, ...]:
    """Splits a pronunciation into phones, with or without stress.

    Args:
        text: phones between blanks.
        where: the place that errors name, ``path:line``.
        stress: every vowel must carry its stress.

    Raises:
        DataError: empty, an unknown phone, or a vowel without the stress asked for.
    """
    phones = tuple(text.split())
    if phones and (STRESSED_PHONES if stress else _ANY_PHONES).issuperset(phones):
        return phones
    if not phones:
        raise DataError("a word without a pronunciation", where=where)
    for phone in phones:
        if phone in VOWELS and stress:
            raise DataError(
                f"a vowel without stress: {phone!r}",
                where=where,
                why=", ".join(phone + mark for mark in STRESSES),
            )
        if phone not in _ANY_PHONES:
            break
    raise DataError(
        f"unknown phone {phone!r}", where=where, why=did_you_mean(phone.upper(), PHONES)
    )


def is_spelled(word: str) -> bool:
    """Says whether `word` carries the mark of a word said letter by letter."""
    return word.endswith(SPELL_MARK)


def spelled(word: str) -> str:
    """Marks `word` as said letter by letter."""
    return word + SPELL_MARK


def unspelled(word: str) -> str:
    """Removes the mark, if there is one."""
    return word.removesuffix(SPELL_MARK)
