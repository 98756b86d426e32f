"""The lexicon: building, files, round trips."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.speech_engine.lexicon.build import (
    build_lexicon,
    known_pronunciations,
    missing_words,
)
from arqon_maestro.speech_engine.lexicon.formats import (
    from_pocketsphinx,
    read_lexicon,
    to_pocketsphinx,
    write_lexicon,
    write_pocketsphinx_dictionary,
    write_word_symbols,
)
from arqon_maestro.speech_engine.lexicon.pronunciations import (
    PHONES,
    STRESSED_PHONES,
    Lexicon,
    Pronunciation,
)
from arqon_maestro.speech_engine.lexicon.sources import acronyms


def test_tabs_and_crlf_of_other_tools(tmp_path):
    path = tmp_path / "lexicon.txt"
    path.write_bytes(b"!sil SIL\r\nfoo\tF UW\r\nbar  B  AA R\r\n")
    assert [(entry.word, entry.phones) for entry in read_lexicon(path)] == [
        ("bar", ("B", "AA", "R")),
        ("foo", ("F", "UW")),
    ]


PRONUNCIATIONS = st.builds(
    Pronunciation,
    word=st.from_regex(r"[a-z']{1,8}(\(spell\))?", fullmatch=True),
    phones=st.lists(st.sampled_from(sorted(STRESSED_PHONES)), min_size=1, max_size=6).map(tuple),
    source=st.just("lexicon.txt"),
)


@pytest.fixture(scope="module")
def lexicon():
    return build_lexicon(["zzyq(spell)", "import"], [Pronunciation("foozle", ("F", "UW"), "g2p")])


def test_sources_are_recorded(lexicon):
    sources = {word: {e.source for e in lexicon.pronunciations(word)} for word in lexicon.words()}
    assert sources["println"] == {"hand:general"}
    assert sources["banana"] == {"cmudict"}
    assert sources["foozle"] == {"g2p"}
    assert sources["sql(spell)"] == {"spelled"}
    assert sources["n(spell)"] == {"letters"}
    assert sum(lexicon.sources().values()) == len(lexicon)


def test_a_few_words_can_be_asked_for_without_building_the_rest(lexicon):
    words = ["println", "zzyq(spell)", "sql", "banana", "nobodysaysthis"]
    own = [Pronunciation("banana", ("B", "AH1"), "own")]
    few, whole = known_pronunciations(words, own), build_lexicon(words, own=own)
    assert few == whole.restricted(words)
    assert few.words() == ("banana", "println", "sql", "zzyq(spell)")


def test_words_spelled_in_the_corpus_get_a_pronunciation(lexicon):
    assert "zzyq(spell)" in lexicon


def test_sources_that_agree_give_one_entry(lexicon):
    seen = [(entry.word, entry.phones) for entry in lexicon]
    assert len(seen) == len(set(seen))


def test_hand_labelled_pronunciations_come_first(lexicon):
    assert lexicon.pronunciations("int")[0].source == "hand:general"


def test_missing_words_are_the_commonest_pronounceable_ones(lexicon):
    counts = {"lxq": 90, "frobnicate": 5, "wibbly": 9, "zorp": 9, "import": 99, "é": 50, "q9": 7}
    assert missing_words(counts, lexicon, 10) == ["wibbly", "zorp", "frobnicate"]
    assert missing_words(counts, lexicon, 1) == ["wibbly"]


def test_lexicon_file_is_one_pronunciation_a_line_under_its_header(tmp_path):
    path = tmp_path / "lexicon.txt"
    entries = [Pronunciation("b", ("B", "IY"), "x"), Pronunciation("a(spell)", ("EY",), "x")]
    write_lexicon(path, Lexicon.of(entries))
    assert path.read_text() == "!sil SIL\nnspc SPN\na(spell) EY\nb B IY\n"


@settings(max_examples=25)
@given(entries=st.lists(PRONUNCIATIONS, min_size=1, max_size=20))
def test_lexicon_file_round_trip(tmp_path_factory, entries):
    path = tmp_path_factory.mktemp("lexicon") / "lexicon.txt"
    written = Lexicon.of(entries)
    write_lexicon(path, written)
    assert read_lexicon(path) == written


@given(entry=PRONUNCIATIONS, number=st.integers(2, 12))
def test_pocketsphinx_names_round_trip(entry, number):
    name = to_pocketsphinx(entry.word)
    assert "(" not in name
    assert from_pocketsphinx(name) == entry.word
    assert from_pocketsphinx(f"{name}({number})") == entry.word


def test_pocketsphinx_dictionary_numbers_variants_from_two(tmp_path):
    path = tmp_path / "dictionary.txt"
    entries = [
        Pronunciation("io(spell)", ("AY", "OW"), "x"),
        Pronunciation("read", ("R", "EH", "D"), "x"),
        Pronunciation("read", ("R", "IY", "D"), "x"),
    ]
    write_pocketsphinx_dictionary(path, Lexicon.of(entries))
    assert path.read_text() == "io~spell AY OW\nread R EH D\nread(2) R IY D\n"


def test_pocketsphinx_dictionary_has_no_stress(tmp_path):
    path = tmp_path / "dictionary.txt"
    entries = [
        Pronunciation("permit", ("P", "ER0", "M", "IH1", "T"), "x"),
        Pronunciation("permit", ("P", "ER1", "M", "IH2", "T"), "x"),
    ]
    write_pocketsphinx_dictionary(path, Lexicon.of(entries))
    assert path.read_text() == "permit P ER M IH T\n"


def test_a_lexicon_is_put_in_the_phones_of_an_acoustic_model():
    lexicon = Lexicon.of([Pronunciation("ago", ("AH0", "G", "OW1"), "x")])
    assert lexicon.in_phones(STRESSED_PHONES) == lexicon
    assert lexicon.in_phones(PHONES).entries[0].phones == ("AH", "G", "OW")
    with pytest.raises(DataError, match="no phone 'G'") as raised:
        lexicon.in_phones(PHONES - {"G"}, "other-model")
    assert raised.value.where == "other-model"
    assert "ago is said AH G OW" in raised.value.why


def test_word_symbols_end_with_the_marks_that_the_runtime_looks_for(tmp_path):
    path = tmp_path / "words.txt"
    write_word_symbols(path, ["zip", "add"])
    words = [line.split()[0] for line in path.read_text().splitlines()]
    assert words == [
        *["<eps>", "!sil", "add", "nspc", "zip", "#0", "<s>", "</s>"],
        *["#nonterm_begin", "#nonterm_end", "#nonterm:hint"],
    ]
    numbers = [int(line.split()[1]) for line in path.read_text().splitlines()]
    assert numbers == list(range(len(words)))


def test_acronyms_and_short_words_without_a_vowel_are_said_letter_by_letter():
    lexicon = build_lexicon(["zq", "bcdfgh", "sqm", "x"])
    assert [e.source for e in lexicon.pronunciations("zq")] == ["spelled"]
    assert "bcdfgh" not in lexicon
    for word in acronyms():
        assert word in lexicon, word
        assert f"{word}(spell)" in lexicon, word


def test_own_pronunciations_come_first_and_keep_the_others():
    own = Pronunciation("tuple", ("T", "UW1", "P", "UH0", "L"), "own")
    ways = build_lexicon(own=[own]).pronunciations("tuple")
    assert ways[0] == own
    assert len(ways) == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no pronunciation"),
        (b"!sil SIL\nnspc SPN\n", "no pronunciation"),
        (b"word W ER D\nbad XX\n", r"lexicon.txt:2: unknown phone 'XX'"),
        (b"word\n", r"lexicon.txt:1: a word without a pronunciation"),
        (b"w\xff W\n", "not UTF-8"),
    ],
)
def test_bad_lexicon_files_are_refused(tmp_path, content, message):
    path = tmp_path / "lexicon.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_lexicon(path)


def test_no_lexicon_file(tmp_path):
    with pytest.raises(MissingPartError):
        read_lexicon(tmp_path / "lexicon.txt")
