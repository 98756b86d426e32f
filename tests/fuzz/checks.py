"""What holds of CorpusGen whatever it is given: shared by the property tests and the fuzzer."""

from __future__ import annotations

import re
from itertools import pairwise

from arqon_maestro import languages
from arqon_maestro.corpusgen import Mapping, detokenize, generate_mappings, tokenize
from arqon_maestro.corpusgen.choices import RandomChoices
from arqon_maestro.corpusgen.drafts import insert_drafts
from arqon_maestro.corpusgen.explain import explain_edit, sayings_at
from arqon_maestro.corpusgen.generation import SPEECH
from arqon_maestro.corpusgen.grammar import (
    accept_parse,
    accepts,
    canonical,
    parse_markup,
    parses,
    words,
    write_markup,
)
from arqon_maestro.corpusgen.inserts import InsertGenerator
from arqon_maestro.corpusgen.modes import mapping_lines, text_lines
from arqon_maestro.corpusgen.normalise import normalise
from arqon_maestro.corpusgen.snippets import snippet_source
from arqon_maestro.corpusgen.tokens import contractions, decode, token_stream
from arqon_maestro.corpusgen.unknowns import (
    MAX_UNKNOWNS,
    EncodedPair,
    TooManyUnknownsError,
    UnknownReplacer,
)
from arqon_maestro.errors import DataError, UsageError

CLOSERS = ")]}>\"'`|_"
CONTAINER = re.compile(r"[A-Z][A-Za-z]*_?")
_CONTRACTIONS = {form.lower() for form in contractions()}
_TOKEN = re.compile(r"SP|NL|I|D|A|C|[a-z]+|[0-9]|[!-/:-@\[-`{-~]")
_SPOKEN = re.compile(r"[a-z']+(\(spell\))?")
_MOST_TREES = 5


def is_token(token: str) -> bool:
    """Returns whether a token is in the inventory of corpusgen.md, section 1.1."""
    return bool(_TOKEN.fullmatch(token)) or token in _CONTRACTIONS


def without_ends(source: str) -> list[str]:
    """Returns the lines without the blanks around them."""
    return [line.strip(" ") for line in source.split("\n")]


def check_tokens(source: str) -> None:
    """Tokens, units and text agree; only the width of indentations and trailing blanks go."""
    normal = normalise(source)
    assert normalise(normal) == normal
    assert all(character == "\n" or " " <= character <= "~" for character in normal)
    tokens = tokenize(source)
    assert tokens == tokenize(normal)
    assert tokens[0] in ("NL", "I")
    assert all(map(is_token, tokens)), tokens
    back = detokenize(tokens)
    # Apostrophes of contractions in capitals are dropped by decoding (section 1.3), and those
    # are never read: capitals end before the apostrophe.
    assert without_ends(back) == without_ends(normal)
    check_units(normal)


def check_units(source: str) -> None:
    """Units tile a normalised source."""
    stream = token_stream(source)
    count = len(stream)
    assert len(stream.printed) == len(stream.text) == count
    assert len(stream.start) == count + 1
    assert stream.start[0] == 0 and stream.start[-1] == len(source)
    assert all(before <= after for before, after in pairwise(stream.start))
    assert (
        "".join(source[stream.start[unit] : stream.start[unit + 1]] for unit in range(count))
        == source
    )
    for offset in range(0, len(source), 7):
        unit = stream.index_at(offset)
        assert stream.start[unit] <= offset < stream.start[unit + 1]


def check_insert(source: str, mapping: Mapping) -> None:
    """An insert's target is its piece of the source, and closers of what ended early."""
    assert mapping.container is None
    assert mapping.words and mapping.tokens
    text = decode(mapping.tokens).text.replace("\n", "")
    wanted = source[mapping.start : mapping.stop]
    assert "CRSR" in mapping.tokens or text.startswith(wanted), mapping
    assert "CRSR" in mapping.tokens or not text[len(wanted) :].strip(CLOSERS), mapping


def check_mappings(source: str, language: str, seed: int = 0) -> list[Mapping]:
    """Mappings are well-formed and the same twice; nothing but line breaks is left unsaid."""
    normal = normalise(source)
    mappings = generate_mappings(source, language, seed)
    assert mappings == generate_mappings(normal, language, seed)
    said = bytearray(len(normal))
    alone = bytearray(len(normal))  # said without a snippet, of which parts are said later
    for mapping in mappings:
        assert all(map(_SPOKEN.fullmatch, mapping.words)), mapping
        tokens = [token for token in mapping.tokens if token != "CRSR"]
        assert all(map(is_token, tokens)), mapping
        assert all(map(is_token, mapping.leading_tokens)), mapping
        assert len(mapping.tokens) - len(tokens) <= 1 or mapping.kind == "insert", mapping
        assert 0 <= mapping.start <= mapping.stop <= len(normal)
        if mapping.kind == "add":
            assert mapping.container is not None and CONTAINER.fullmatch(mapping.container)
            assert (mapping.cursor is not None) == ("CRSR" in mapping.tokens)
        else:
            check_insert(normal, mapping)
            if "CRSR" not in mapping.tokens:
                # A plural ending that starts a mapping was said with its word, too.
                fresh = mapping.start + len(mapping.words[0]) * (mapping.words[0] in ("s", "es"))
                assert not any(alone[fresh : mapping.stop]), mapping
                alone[mapping.start : mapping.stop] = b"\1" * (mapping.stop - mapping.start)
            said[mapping.start : mapping.stop] = b"\1" * (mapping.stop - mapping.start)
    if not any("CRSR" in mapping.tokens for mapping in mappings if mapping.kind == "insert"):
        lost = {normal[at] for at in range(len(normal)) if not said[at]}
        assert lost <= set(" \n;" + CLOSERS), lost
    return mappings


def check_text(source: str, language: str, seed: int = 0) -> None:
    """Text mode and the models' lines: printable, aligned, the same twice; also unfiltered."""
    text = text_lines(source, "a/b", language, seed)
    assert text == text_lines(source, "a/b", language, seed)
    assert all(map(_speakable, text.lines))
    for model in ("auto-style", "contextual-language-model", "transcript-parser"):
        pairs = mapping_lines(source, "a/b", language, model, seed)
        assert all(line.isascii() and "\n" not in line for pair in pairs.lines for line in pair)
        if model == "transcript-parser":
            for transcript, markup in pairs.lines:
                assert accept_parse(transcript.split(), markup) is not None, markup
    # The filter turns short sources away; what it would let through has to work too.
    stream = token_stream(source)
    known = languages.get(language)
    snippets = snippet_source(stream, known)
    generator = InsertGenerator(
        stream, known, RandomChoices(seed), options=SPEECH, snippets=snippets
    )
    for draft in insert_drafts(generator):
        assert all(map(_SPOKEN.fullmatch, draft.words)), draft


def _speakable(line: str) -> bool:
    return bool(line) and all(map(_SPOKEN.fullmatch, line.split(" ")))


def check_transcript(transcript: list[str]) -> None:
    """The parser's trees are accepted, canonical and have the transcript's words."""
    try:
        found = parses(transcript)
        costs = []
        for _, parse in zip(range(_MOST_TREES), found, strict=False):
            costs.append(parse.cost)
            assert words(parse.tree) == transcript
            assert accepts(parse.tree)
            assert canonical(parse.tree) == parse.tree
            assert accept_parse(transcript, parse.markup) == parse.tree
    except DataError:
        return
    assert costs == sorted(costs)


def check_markup(markup: str) -> None:
    """Markup that reads is written back the same, and an accepted tree is left as it is."""
    try:
        tree = parse_markup(markup)
    except DataError:
        return
    assert write_markup(tree).split() == markup.split()
    assert parse_markup(write_markup(tree)) == tree
    accepted = accept_parse(words(tree), markup)
    assert accepted is None or accepted == tree
    canonical(tree)


def check_unknowns(source: str, target: str, lexicon: list[str], seed: int) -> None:
    """Unknown tokens come back, and only tokens of the lexicon are left."""
    replacer = UnknownReplacer(lexicon)
    tokens = source.split(" ")
    unknown = set(tokens) - set(lexicon) - {""} | {
        token for token in tokens if re.fullmatch(r"UNK\d+", token)
    }
    try:
        encoded, mapping = replacer.encode(source, RandomChoices(seed))
    except TooManyUnknownsError:
        assert len(unknown) > MAX_UNKNOWNS
        return
    assert set(mapping.values()) == unknown
    assert replacer.count_unknowns(source) == len(unknown) <= MAX_UNKNOWNS
    assert replacer.resolve(encoded, mapping) == source
    for token, original in zip(encoded.split(" "), tokens, strict=True):
        assert mapping.get(token, token) == original
        assert token in mapping or token in lexicon or token == ""
    pair = replacer.encode_pair(source, target, RandomChoices(seed))
    if isinstance(pair, EncodedPair):
        assert pair.source == encoded
        assert pair.target == replacer.apply(target, mapping)
        assert replacer.resolve(pair.target, mapping) == target


def check_explain(
    transcript: str, before: str, typed: str, language: str, behind: str = ""
) -> None:
    """Explanations are chances, and so is what is listed as likely, for text typed at a caret."""
    after = before + typed + behind
    try:
        explanation = explain_edit(transcript, before + behind, after, language)
    except UsageError:  # no words
        return
    assert 0 <= explanation.probability <= 1 + 1e-9
    assert 0 <= explanation.unexplored <= 1 + 1e-9
    assert explanation.producible == (explanation.probability > 0)
    source, at = normalise(after), len(normalise(before))
    if at >= len(source):
        return
    for ranked in sayings_at(source, language, at, 3):
        assert 0 < ranked.probability <= 1 + 1e-9
