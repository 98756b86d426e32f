"""Lang folders: what Kaldi's scripts put in them, in the order that the runtime counts on."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.speech_engine.graph.fst import Fst
from arqon_maestro.speech_engine.graph.fst_file import read_fst
from arqon_maestro.speech_engine.graph.lang import read_lang
from arqon_maestro.speech_engine.graph.lang_folder import LangSettings, word_table, write_lang
from arqon_maestro.speech_engine.graph.lexicon_fst import Entry, disambiguated, entries_of
from arqon_maestro.speech_engine.graph.phone_table import PhoneTable
from arqon_maestro.speech_engine.lexicon.pronunciations import Lexicon, Pronunciation

from .conftest import HINT, SILENCE, lexicon
from .oracles import TIMEOUT_S

# As make_lexicon_fst.py prints it, compiled and given loops by OpenFst and Kaldi's classes.
LEXICON_BY_HAND = """
import sys, kaldifst
text, output, phone, word = sys.argv[1:]
fst = kaldifst.compile(open(text).read())
kaldifst.add_self_loops(fst, [int(phone)], [int(word)])
kaldifst.arcsort(fst, "olabel")
fst.write(output)
"""


def phones_of(known: Lexicon, *, position_dependent: bool = True) -> PhoneTable:
    spoken = sorted({phone for entry in known for phone in entry.phones})
    return PhoneTable.of(spoken, SILENCE, position_dependent=position_dependent)


def make(folder: Path, known: Lexicon | None = None, **settings: object) -> Path:
    known = known or lexicon()
    write_lang(folder / "lang", known, phones_of(known), LangSettings(**settings))
    return folder / "lang"


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_the_order_that_the_runtime_counts_on(tmp_path):
    lang = make(tmp_path)
    words = [line.split()[0] for line in lines(lang / "words.txt")]
    assert words[-6:] == ["#0", "<s>", "</s>", "#nonterm_begin", "#nonterm_end", HINT]
    assert words[0] == "<eps>"
    assert words[1:-6] == sorted(words[1:-6], key=str.encode)
    assert {"!sil", "nspc", "a(spell)"} <= set(words)
    assert [int(line.split()[1]) for line in lines(lang / "words.txt")] == list(range(len(words)))
    phones = [line.split()[0] for line in lines(lang / "phones.txt")]
    offset = int((lang / "phones" / "nonterm_phones_offset.int").read_text())
    assert phones[:6] == ["<eps>", "SIL", "SIL_B", "SIL_E", "SIL_I", "SIL_S"]
    assert phones[offset:] == [
        *("#nonterm_bos", "#nonterm_begin", "#nonterm_end", "#nonterm_reenter"),
        HINT,
    ]
    first = phones.index("#0")
    assert phones[first:offset] == [f"#{i}" for i in range(offset - first)]
    assert lines(lang / "phones" / "disambig.int") == [str(i) for i in range(first, offset)]


def test_lists_of_phones(tmp_path):
    folder = make(tmp_path) / "phones"
    left = lines(folder / "left_context_phones.txt")
    assert left[-2:] == ["SIL", "#nonterm_bos"]
    assert all(phone.endswith(("_E", "_S")) for phone in left[:-2])
    boundaries = dict(line.split() for line in lines(folder / "word_boundary.txt"))
    assert boundaries["SIL"] == "nonword"
    assert (boundaries["AE_B"], boundaries["AE_I"]) == ("begin", "internal")
    assert (boundaries["AE_E"], boundaries["AE_S"]) == ("end", "singleton")
    assert lines(folder / "silence.csl") == [":".join(map(str, range(1, 11)))]
    assert lines(folder / "optional_silence.int") == ["1"]
    assert lines(folder / "sets.txt")[0] == "SIL SIL_B SIL_E SIL_I SIL_S"
    assert lines(folder / "roots.txt")[2] == "shared split AE_B AE_E AE_I AE_S"
    assert "AE_B AH_B AY_B" in (folder / "extra_questions.txt").read_text()
    aligned = lines(folder / "align_lexicon.txt")
    assert "<eps> <eps> SIL" in aligned
    assert "goat goat G_B OW_I T_E" in aligned
    assert aligned[-3:] == [f"{w} {w}" for w in ("#nonterm_begin", "#nonterm_end", HINT)]
    words = dict(line.split() for line in lines(folder.parent / "words.txt"))
    assert lines(folder.parent / "oov.int") == [words["nspc"]]
    assert lines(folder / "wdisambig_words.int") == [words["#0"]]


def test_disambiguation():
    entries = [
        Entry("add", ("AE_B", "D_E")),
        Entry("ad", ("AE_B", "D_E")),
        Entry("a", ("AH_S",)),
        Entry("go", ("G", "OW")),
        Entry("goat", ("G", "OW", "T")),
    ]
    ended, highest = disambiguated(entries)
    assert [entry.phones[-1] for entry in ended] == ["#1", "#2", "AH_S", "#1", "T"]
    assert highest == 2


def test_letters_are_said_without_silence_between(tmp_path):
    lang = make(tmp_path)
    fst = read_fst(lang / "L_disambig.fst")
    words = read_lang(lang).words
    phones = read_lang(lang).phones
    inside = {phones["EY_I"], phones["CH_I"]}
    silent = {phones["SIL"]}

    def ways(word_ids: list[int]) -> list[tuple[list[int], float]]:
        """All phone sequences of some words, from the state between words to itself."""
        found = []
        stack = [(1, 0, [], 0.0)]
        while stack:
            state, said, heard, cost = stack.pop()
            if state == 1 and said == len(word_ids):
                found.append((heard, cost))
            for arc in range(fst.offsets[state], fst.offsets[state + 1]):
                word, phone = int(fst.olabels[arc]), int(fst.ilabels[arc])
                if phone == phones["#0"] or (word and (said == len(word_ids))):
                    continue
                if word and word != word_ids[said]:
                    continue
                total = cost + float(fst.weights[arc])
                stack.append((int(fst.targets[arc]), said + bool(word), [*heard, phone], total))
        return found

    together = ways([words["a(spell)"], words["h(spell)"], words["a(spell)"]])
    joined = [(way, cost) for way, cost in together if inside & set(way)]
    unbroken = [cost for way, cost in joined if not silent & set(way)]
    assert unbroken == pytest.approx([3 * math.log(2)] * len(unbroken))
    real = set(read_lang(lang).real_phones.values())
    spoken = [[p for p in way if p in real] for way, _ in joined]
    whole = [phones[name] for name in ("EY_B", "EY_I", "CH_I", "EY_E")]
    assert whole in spoken
    # Words that are no letters are not joined, nor are letters to them.
    assert not any(inside & set(way) for way, _ in ways([words["a(spell)"]]))


def test_kaldi_makes_the_same_lexicon(tmp_path):
    known = Lexicon.of(e for e in lexicon() if "(spell)" not in e.word)
    lang = make(tmp_path, known, nonterminals=(), silence_probability=0.3)
    read = read_lang(lang)
    pronunciations = [("!sil", ("SIL",)), ("nspc", ("SPN",))]
    pronunciations += [(entry.word, entry.phones) for entry in known]
    ended, highest = disambiguated(entries_of(pronunciations, phones_of(known)))
    pause, no_pause = -math.log(0.3), -math.log(0.7)
    silence = read.phones[f"#{highest + 1}"]
    rows = [f"0 1 0 0 {no_pause}", f"0 2 0 0 {pause}", f"2 3 {read.phones['SIL']} 0 0"]
    rows.append(f"3 1 {silence} 0 0")
    state = 4
    for entry in ended:
        source, word = 1, read.words[entry.word]
        for phone in entry.phones[:-1]:
            rows.append(f"{source} {state} {read.phones[phone]} {word} 0")
            source, word, state = state, 0, state + 1
        for target, cost in ((1, no_pause), (2, pause)):
            rows.append(f"{source} {target} {read.phones[entry.phones[-1]]} {word} {cost}")
    (tmp_path / "L.txt").write_text("\n".join([*rows, "1 0", ""]))
    numbers = (str(read.phones["#0"]), str(read.words["#0"]))
    command = [sys.executable, "-c", LEXICON_BY_HAND]
    files = [str(tmp_path / "L.txt"), str(tmp_path / "L.fst")]
    subprocess.run([*command, *files, *numbers], check=True, timeout=TIMEOUT_S)

    def rows_of(fst: Fst) -> list[tuple[float, ...]]:
        columns = (fst.sources, fst.ilabels, fst.olabels, fst.targets, fst.weights.round(4))
        return sorted(zip(*(column.tolist() for column in columns), strict=True))

    theirs, ours = read_fst(tmp_path / "L.fst"), read_fst(lang / "L_disambig.fst")
    assert rows_of(ours) == rows_of(theirs)
    assert ours.finals.tolist() == theirs.finals.tolist()


def test_phones_without_places(tmp_path):
    known = lexicon()
    table = phones_of(known, position_dependent=False)
    write_lang(tmp_path / "lang", known, table)
    folder = tmp_path / "lang" / "phones"
    assert not (folder / "word_boundary.txt").exists()
    assert len(lines(folder / "left_context_phones.txt")) == len(table.ids) + 1
    assert "goat goat G OW T" in lines(folder / "align_lexicon.txt")


def test_numbers_are_those_of_the_model(tmp_path):
    known = lexicon()
    spoken = sorted({phone for entry in known for phone in entry.phones}, reverse=True)
    names = ["SIL", "SPN", *spoken]
    table = "<eps> 0\n" + "".join(f"{name} {3 * i}\n" for i, name in enumerate(names, 1))
    (tmp_path / "phones.txt").write_text(table + "#0 900\n#1 901\n")
    write_lang(tmp_path / "lang", known, PhoneTable.read(tmp_path / "phones.txt"))
    read = read_lang(tmp_path / "lang")
    assert read.real_phones == {name: 3 * i for i, name in enumerate(names, 1)}
    assert read.phones["#0"] == 900


def test_no_silence_at_all(tmp_path):
    lang = make(tmp_path, silence_probability=0.0)
    silence = read_lang(lang).phones["SIL"]
    inputs = read_fst(lang / "L_disambig.fst").ilabels
    assert (inputs == silence).sum() == 1  # As a left context of hints.
    with pytest.raises(DataError, match="silence probability of 1"):
        make(tmp_path, silence_probability=1.0)


def test_costs_of_lexicons_are_probabilities(tmp_path):
    fst = read_fst(make(tmp_path, nonterminals=()) / "L.fst")
    leaving = np.exp(-fst.weights[fst.offsets[0] : fst.offsets[1]].astype(float))
    assert leaving.sum() == pytest.approx(1)


@pytest.mark.parametrize("word", ["#0", "#nonterm:x", "<s>", "</s>", "<eps>"])
def test_symbols_are_no_words(word, tmp_path):
    known = Lexicon.of([Pronunciation(word, ("AH",), "test")])
    with pytest.raises(DataError, match="in a lexicon"):
        make(tmp_path, known)


def test_phones_that_the_model_lacks(tmp_path):
    known = lexicon()
    table = PhoneTable.of(["G", "OW"], SILENCE, position_dependent=True)
    with pytest.raises(DataError, match=r"lexicon\.txt.*no phone"):
        write_lang(tmp_path / "lang", known, table, where="lexicon.txt")
    assert not (tmp_path / "lang").exists()


def test_tables_of_phones_that_cannot_be_used(tmp_path):
    path = tmp_path / "phones.txt"
    for text, problem in [
        ("a 1\n<eps> 2\n", "<eps> is 0"),
        ("<eps> 0\n", "no.*table of phones|not a table"),
        ("<eps> 0\na 1\nb 1\n", "one number"),
        ("<eps> 0\na 1\n#0 2\nb 3\n", "#0 among the phones"),
        ("<eps>\n", "a word and its number"),
    ]:
        path.write_text(text)
        with pytest.raises(DataError, match=problem):
            PhoneTable.read(path)


def test_folders_that_cannot_be_used(tmp_path):
    with pytest.raises(MissingPartError, match="no such folder"):
        read_lang(tmp_path / "none")
    lang = make(tmp_path)

    def broken(name: str, change: str) -> Path:
        copy = tmp_path / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(lang, copy)
        old, new = change.split("=")
        text = (copy / name).read_text()
        assert old in text
        (copy / name).write_text(text.replace(old, new, 1))
        return copy

    for name, change, problem in [
        ("words.txt", "#0 =#zero ", "without #0"),
        ("words.txt", "<eps> 0=<eps> 99999", "without <eps>"),
        ("words.txt", "go 11=go 1", "one number"),
        ("words.txt", f"{HINT} =hint ", "nonterminals among"),
        ("phones.txt", "#nonterm_bos =bos ", "nonterminals among"),
        ("phones/disambig.int", "67=99", "that phones.txt lacks"),
        ("phones/disambig.int", "67=x", "whole numbers"),
    ]:
        numbered = dict(line.split() for line in lines(lang / "words.txt"))
        change = change.replace("go 11", f"go {numbered['go']}")
        with pytest.raises(DataError, match=problem):
            read_lang(broken(name, change))
    (lang / "L_disambig.fst").unlink()
    with pytest.raises(MissingPartError, match=r"lacks L_disambig\.fst"):
        read_lang(lang)


def test_words_are_in_the_order_of_their_bytes():
    assert list(word_table(["é", "z", "Z", "a"], ()))[1:5] == ["Z", "a", "z", "é"]
