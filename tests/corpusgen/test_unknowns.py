"""Unknown replacement: one id space a line, equality of tokens, no pair silently lost."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arqon_maestro.corpusgen.choices import RandomChoices
from arqon_maestro.corpusgen.unknowns import (
    MAX_UNKNOWNS,
    DropReason,
    EncodedPair,
    TooManyUnknownsError,
    UnknownReplacer,
    count_lexicon,
)

KNOWN = ("CTX", "ENG", "SP", "NL", "(", ")", ",", "_", "max", "def", "of", "comma", "min", "I")

tokens = st.one_of(
    st.sampled_from(KNOWN),
    st.sampled_from(["clip", "width", "foo", "foo's", "²", "UNK3", "w"]),
)
lines = st.lists(tokens, min_size=1, max_size=25).map(" ".join)
seeds = st.one_of(st.none(), st.integers(0, 1000).map(RandomChoices))


def test_the_specification_s_example() -> None:
    replacer = UnknownReplacer([*KNOWN, ":", "return", "v"])
    source = "max _ width CTX def SP clip ( v ) : I return SP ENG min of v comma max width"
    encoded, mapping = replacer.encode(source)
    assert encoded == ("max _ UNK0 CTX def SP UNK1 ( v ) : I return SP ENG min of v comma max UNK0")
    assert mapping == {"UNK0": "width", "UNK1": "clip"}
    assert replacer.resolve("min ( v , SP max _ UNK0 )", mapping) == "min ( v , SP max _ width )"


@given(lines, seeds)
def test_resolving_undoes_encoding(line: str, choices: RandomChoices | None) -> None:
    replacer = UnknownReplacer(KNOWN)
    encoded, mapping = replacer.encode(line, choices)
    assert replacer.resolve(encoded, mapping) == line
    assert all(token in KNOWN or token in mapping for token in encoded.split(" "))
    assert all(re.fullmatch(r"UNK1?\d", placeholder) for placeholder in mapping)


@given(lines, lines, seeds)
def test_pairs_share_their_placeholders(
    source: str, target: str, choices: RandomChoices | None
) -> None:
    replacer = UnknownReplacer(KNOWN)
    pair = replacer.encode_pair(source, target, choices)
    covered = set(source.split(" ")) | set(KNOWN)
    if not set(target.split(" ")) <= covered:
        assert pair is DropReason.TARGET_UNKNOWN
        return
    assert isinstance(pair, EncodedPair)
    mapping = dict(zip(pair.source.split(" "), source.split(" "), strict=True))
    assert [mapping.get(token, token) for token in pair.target.split(" ")] == target.split(" ")


@given(lines)
def test_without_choices_ids_count_up(line: str) -> None:
    encoded, mapping = UnknownReplacer(KNOWN).encode(line)
    assert list(mapping) == [f"UNK{number}" for number in range(len(mapping))]
    appearance = dict.fromkeys(token for token in encoded.split(" ") if token in mapping)
    assert list(appearance) == list(mapping)


def test_whole_tokens_only() -> None:
    replacer = UnknownReplacer(["ENG"])
    pair = replacer.encode_pair("ENG foo ²", "foo ²", None)
    assert pair == EncodedPair("ENG UNK0 UNK1", "UNK0 UNK1")
    # The reference's pattern `\bfoo\b` would hit inside of foo's.
    assert replacer.encode_pair("ENG foo", "foo's", None) is DropReason.TARGET_UNKNOWN


def test_random_ids_reach_all_placeholders() -> None:
    replacer, choices = UnknownReplacer([]), RandomChoices(5)
    seen = Counter(next(iter(replacer.encode("word", choices)[1])) for _ in range(2000))
    assert len(seen) == MAX_UNKNOWNS
    assert min(seen.values()) > 50


def test_twenty_unknowns_are_the_most() -> None:
    replacer = UnknownReplacer(["ENG"])
    twenty = " ".join(f"w{number}" for number in range(20))
    encoded, mapping = replacer.encode(twenty, RandomChoices(1))
    assert sorted(encoded.split(" ")) == sorted(f"UNK{number}" for number in range(20))
    assert len(mapping) == 20
    with pytest.raises(TooManyUnknownsError, match="more than 20"):
        replacer.encode(twenty + " more")
    assert replacer.encode_pair(twenty + " more", "ENG") is DropReason.TOO_MANY_UNKNOWNS


def test_an_invented_placeholder_stays() -> None:
    assert UnknownReplacer([]).resolve("UNK7 = UNK1", {"UNK1": "a"}) == "UNK7 = a"


def test_a_target_to_score_gets_the_source_s_placeholders() -> None:
    replacer = UnknownReplacer(["ENG"])
    _, mapping = replacer.encode("ENG left right")
    assert replacer.apply("right left ENG other", mapping) == "UNK1 UNK0 ENG other"


def test_lexicon_order() -> None:
    text = ["b a a é", "c b <rare> </rare> SP UNK4", "a c ( <"]
    assert count_lexicon(text, 100) == ["</rare>", "<rare>", "SP", "a", "b", "c", "(", "<", "é"]
    assert count_lexicon(text, 5) == ["</rare>", "<rare>", "SP", "a", "b"]


@given(st.lists(lines, max_size=8), st.integers(1, 30))
def test_lexicon_against_a_plain_count(text: list[str], size: int) -> None:
    counts = Counter(" ".join(text).split())
    lexicon = count_lexicon(text, size)
    assert len(lexicon) == min(size, len([token for token in counts if token != "UNK3"]))
    words = [token for token in lexicon if not token[0].isupper()]
    left = [token for token in counts if token not in lexicon and not token[0].isupper()]
    assert all(counts[kept] >= counts[lost] for kept in words for lost in left)
    assert [counts[token] for token in words] == sorted(
        (counts[token] for token in words), reverse=True
    )
