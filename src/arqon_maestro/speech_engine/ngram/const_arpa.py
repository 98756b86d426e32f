"""ConstArpa: Kaldi's packed form of a back-off model, byte for byte.

Layout (toolchain: Kaldi's ``const-arpa-lm``): a state is ``[log-probability, back-off, number of
children, (word, info)…]`` in 32-bit words, for each 1-gram and each n-gram with children or a
back-off weight, in lexicographic order of the words' ids. ``info`` is the log-probability of a
child that is no state, with the lowest bit cleared, or ``2 * distance + 1`` to the child's state;
a distance that is too far is an index into a table, negative. Logarithms are natural.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.artifacts import atomic_binary
from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.ngram.model import ModelLevel, NgramModel
from arqon_maestro.speech_engine.ngram.text import SENTENCE_END, SENTENCE_START
from arqon_maestro.speech_engine.ngram.trie import bits_for, keys_of, sort_with_order

NO_UNKNOWN_WORD = -1
STATE_HEAD = 3
LARGEST_DISTANCE = (1 << 30) - 2
_LN10 = np.float64(np.log(10.0))


@dataclass(frozen=True, eq=False)
class _Numbered:
    """A level whose words are the symbol table's ids, sorted by them; `(n-grams,)` each."""

    parents: NDArray[np.int64]
    words: NDArray[np.int64]
    scores: NDArray[np.int32]
    backoffs: NDArray[np.int32]
    is_state: NDArray[np.bool_]
    children: NDArray[np.int64]


def write_const_arpa(
    model: NgramModel,
    symbols: dict[str, int],
    path: Path,
    *,
    unknown_word: str | None = None,
) -> None:
    """Writes a model as Kaldi's ``arpa-to-const-arpa`` does, atomically.

    Args:
        model: the model.
        symbols: id of each word, as the decoding graph numbers them.
        path: the file to write.
        unknown_word: word that stands for words outside the model; none by default.

    Raises:
        DataError: a word of the model without an id, or no ``<s>`` or ``</s>``.
    """
    missing = [word for word in model.vocabulary if word not in symbols]
    missing += [word for word in (SENTENCE_START, SENTENCE_END) if word not in model.word_ids]
    if unknown_word is not None and unknown_word not in symbols:
        missing.append(unknown_word)
    if missing:
        raise DataError(
            f"{len(missing)} words without a number, {missing[0]!r} among them",
            why="every word of the model needs a line in the symbol table",
            remedy="train with --vocabulary, or make words.txt from the model's words",
        )
    unknown = NO_UNKNOWN_WORD if unknown_word is None else symbols[unknown_word]
    info = (symbols[SENTENCE_START], symbols[SENTENCE_END], unknown, model.order)
    states, unigrams, overflow = _packed(_numbered(model, symbols))
    with atomic_binary(path) as stream:
        stream.write(b"\0B<ConstArpaLm> <LmInfo> ")
        stream.write(b"".join(_int32(value) for value in info))
        stream.write(b"</LmInfo> <LmStates> \x08" + struct.pack("<q", states.size))
        stream.write(states.astype("<i4").tobytes())
        stream.write(b"</LmStates> <LmUnigram> " + _int32(unigrams.size))
        stream.write(unigrams.astype("<i8").tobytes())
        stream.write(b"</LmUnigram> <LmOverflow> " + _int32(overflow.size))
        stream.write(overflow.astype("<i8").tobytes())
        stream.write(b"</LmOverflow> </ConstArpaLm> ")


def _int32(value: int) -> bytes:
    return b"\x04" + struct.pack("<i", value)


def _natural_bits(log10: NDArray[np.float32]) -> NDArray[np.int32]:
    # The product is made in double precision and then rounded, as Kaldi does.
    return (log10.astype(np.float64) * _LN10).astype(np.float32).view(np.int32)


def _numbered(model: NgramModel, symbols: dict[str, int]) -> list[_Numbered]:
    ids = np.array([symbols[word] for word in model.vocabulary], np.int64)
    bits = bits_for(int(ids.max()) + 1)
    sorted_levels: list[tuple[NDArray[np.int64], NDArray[np.int64], ModelLevel]] = []
    ranks = np.zeros(1, np.int64)
    orders: list[NDArray[np.int64]] = []
    for level in model.levels:
        parents, words = ranks[level.parents], ids[level.words]
        order, _ = sort_with_order(keys_of(parents, words, bits))
        ranks = np.empty(order.size, np.int64)
        ranks[order] = np.arange(order.size)
        orders.append(order)
        sorted_levels.append((parents[order], words[order], level))
    result: list[_Numbered] = []
    for place, (parents, words, level) in enumerate(sorted_levels):
        above = sorted_levels[place + 1][0] if place + 1 < model.order else parents[:0]
        children = np.bincount(above, minlength=words.size)
        backoffs = level.log10_backoffs[orders[place]]
        is_state = (children > 0) | (backoffs != 0) | (place == 0)
        scores = _natural_bits(level.log10_probabilities[orders[place]])
        result.append(
            _Numbered(parents, words, scores, _natural_bits(backoffs), is_state, children)
        )
    return result


def _packed(
    levels: list[_Numbered],
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Returns the states, the address of each 1-gram (plus one), and the overflow table."""
    sizes = [np.where(level.is_state, STATE_HEAD + 2 * level.children, 0) for level in levels]
    totals = sizes[-1].astype(np.int64)
    subtrees = [totals]
    for place in range(len(levels) - 2, -1, -1):
        ends = np.cumsum(levels[place].children)
        running = np.concatenate(([0], np.cumsum(totals)))
        deeper = running[ends] - running[ends - levels[place].children]
        totals = sizes[place] + deeper
        subtrees.append(totals)
    subtrees.reverse()
    buffer = np.zeros(int(subtrees[0].sum()), np.int32)
    addresses = np.cumsum(subtrees[0]) - subtrees[0]
    top = levels[0]
    unigrams = np.zeros(int(top.words[-1]) + 1, np.int64)
    unigrams[top.words] = addresses + 1
    far: list[NDArray[np.int64]] = []
    _write_heads(buffer, top, addresses)
    for level, subtree, size, parent in zip(
        levels[1:], subtrees[1:], sizes[:-1], levels[:-1], strict=True
    ):
        before = np.cumsum(subtree) - subtree
        firsts = np.cumsum(parent.children) - parent.children
        group_start = before[np.minimum(firsts, before.size - 1)] if before.size else firsts
        bases = addresses[level.parents]
        own = bases + size[level.parents] + before - group_start[level.parents]
        _write_heads(buffer, level, own)
        slots = bases + STATE_HEAD
        slots += 2 * (np.arange(level.words.size) - firsts[level.parents])
        buffer[slots] = level.words
        distances = own - bases
        info = np.where(level.is_state, distances * 2 + 1, level.scores & ~1)
        too_far = level.is_state & (distances > LARGEST_DISTANCE)
        if too_far.any():
            first = sum(part.size for part in far)
            places = first + np.arange(np.count_nonzero(too_far))
            info[too_far] = -2 * places - 1
            far.append(own[too_far])
        buffer[slots + 1] = info.astype(np.int32)
        addresses = own
    return buffer, unigrams, np.concatenate(far) if far else np.zeros(0, np.int64)


def _write_heads(buffer: NDArray[np.int32], level: _Numbered, addresses: NDArray[np.int64]) -> None:
    places = addresses[level.is_state]
    buffer[places] = level.scores[level.is_state]
    buffer[places + 1] = level.backoffs[level.is_state]
    buffer[places + 2] = level.children[level.is_state]
