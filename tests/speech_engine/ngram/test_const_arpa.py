"""ConstArpa files: byte for byte as Kaldi's, and the same probabilities as the model's."""

from __future__ import annotations

import math
import random
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.kaldi.symbol_table import read_symbols
from arqon_maestro.speech_engine.ngram import const_arpa
from arqon_maestro.speech_engine.ngram.arpa_writer import write_arpa
from arqon_maestro.speech_engine.ngram.const_arpa import write_const_arpa
from arqon_maestro.speech_engine.ngram.const_arpa_reader import LOG_ZERO, read_const_arpa
from arqon_maestro.speech_engine.ngram.counts import count_ngrams
from arqon_maestro.speech_engine.ngram.kneser_ney import estimate
from arqon_maestro.speech_engine.ngram.model import NgramModel

from . import reference
from .conftest import WriteText

TEXT = reference.random_text(seed=41, sentences=300, words=200)
MIN_COUNTS = (1, 2, 1, 2, 1)
ORACLE_TIMEOUT_S = 60

# Kaldi lives in vosk's shared library, which calls strings by a pointer to their characters,
# preceded by length, capacity and number of owners. It must not share a process with other FSTs.
ORACLE = """
import ctypes, pathlib, struct, sys, vosk
library = ctypes.CDLL(str(pathlib.Path(vosk.__file__).parent / "libvosk.so"))
kept = []
def string(text):
    data = text.encode()
    head = struct.pack("<QQq", len(data), len(data), 1 << 20)
    buffer = ctypes.create_string_buffer(head + data + b"\\0")
    pointer = ctypes.c_void_p(ctypes.addressof(buffer) + len(head))
    kept.extend([buffer, pointer])
    return ctypes.byref(pointer)
build = library._ZN5kaldi16BuildConstArpaLmERKNS_16ArpaParseOptionsERKSsS4_
build.restype = ctypes.c_bool
arpa, output, start, end = sys.argv[1:]
raise_on_unknown, warnings = 0, 30
options = (ctypes.c_int * 13)(int(start), int(end), -1, raise_on_unknown, warnings)
sys.exit(0 if build(ctypes.byref(options), string(arpa), string(output)) else 1)
"""


def trained(write_text: WriteText, order: int) -> NgramModel:
    counts = count_ngrams([write_text(TEXT)], order)
    return estimate(counts, min_counts=MIN_COUNTS[:order]).model


def numbered(model: NgramModel, seed: int = 1) -> dict[str, int]:
    """A symbol table in another order than the model's, with gaps."""
    ids = random.Random(seed).sample(range(1, 2 * len(model.vocabulary)), len(model.vocabulary))
    return dict(zip(model.vocabulary, ids, strict=True))


@pytest.mark.skipif(find_spec("vosk") is None, reason="Kaldi, the oracle, comes with vosk==0.3.45")
@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
def test_the_same_bytes_as_kaldi(write_text: WriteText, tmp_path: Path, order: int) -> None:
    model = trained(write_text, order)
    symbols = numbered(model)
    write_const_arpa(model, symbols, tmp_path / "ours")
    # Kaldi reads an ARPA file of numbers.
    numbers = tuple(str(symbols[word]) for word in model.vocabulary)
    write_arpa(NgramModel(numbers, model.levels), tmp_path / "numbers.arpa")
    arguments = [str(tmp_path / "numbers.arpa"), str(tmp_path / "theirs")]
    arguments += [str(symbols["<s>"]), str(symbols["</s>"])]
    subprocess.run(
        [sys.executable, "-c", ORACLE, *arguments],
        check=True,
        capture_output=True,
        timeout=ORACLE_TIMEOUT_S,
    )
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()


# A small limit makes the distances overflow that files of gigabytes would.
@pytest.mark.parametrize("largest_distance", [None, 40])
@pytest.mark.parametrize("order", [1, 2, 4])
def test_the_same_probabilities_as_the_model(
    write_text: WriteText,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    order: int,
    largest_distance: int | None,
) -> None:
    if largest_distance is not None:
        monkeypatch.setattr(const_arpa, "LARGEST_DISTANCE", largest_distance)
    model = trained(write_text, order)
    symbols = numbered(model)
    path = tmp_path / "G.carpa"
    write_const_arpa(model, symbols, path)
    packed = read_const_arpa(path)
    assert (packed.start, packed.end) == (symbols["<s>"], symbols["</s>"])
    assert (packed.unknown, packed.order) == (-1, order)
    assert (packed.overflow.size > 0) == (largest_distance is not None and order > 2)
    generator = random.Random(5)
    for sentence in generator.sample(TEXT, 40):
        padded = ["<s>", *sentence, generator.choice(model.vocabulary), "</s>"]
        for place in range(1, len(padded)):
            history = [symbols[word] for word in padded[:place]]
            found = packed.log_probability(history, symbols[padded[place]])
            expected = model.log10_probability(padded[:place], padded[place]) * math.log(10)
            assert found == pytest.approx(expected, rel=1e-5)
    assert packed.log_probability([], 10**6) == LOG_ZERO


def test_unknown_words_can_have_a_number(write_text: WriteText, tmp_path: Path) -> None:
    counts = count_ngrams([write_text(TEXT)], 2, vocabulary=["w0", "w1", "w2"])
    model = estimate(counts, open_vocabulary=True).model
    symbols = numbered(model)
    write_const_arpa(model, symbols, tmp_path / "G.carpa", unknown_word="<unk>")
    packed = read_const_arpa(tmp_path / "G.carpa")
    expected = model.log10_probability(["w0"], "<unk>") * math.log(10)
    assert packed.log_probability([symbols["w0"]], 10**6) == pytest.approx(expected, rel=1e-5)


def test_words_without_a_number(write_text: WriteText, tmp_path: Path) -> None:
    model = trained(write_text, 2)
    symbols = numbered(model)
    del symbols["w1"]
    with pytest.raises(DataError, match="'w1'"):
        write_const_arpa(model, symbols, tmp_path / "G.carpa")
    assert not list(tmp_path.glob("*carpa*"))


def test_symbol_tables(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("<eps> 0\n\na\t1\n#0 2\n")
    assert read_symbols(path) == {"<eps>": 0, "a": 1, "#0": 2}
    for text, message in [
        ("a 1\nb\n", ":2: a word and its number"),
        ("a 1\na 2\n", ":2: the word"),
    ]:
        path.write_text(text)
        with pytest.raises(DataError, match=message):
            read_symbols(path)


def test_damaged_files(write_text: WriteText, tmp_path: Path) -> None:
    path = tmp_path / "G.carpa"
    write_const_arpa(trained(write_text, 2), numbered(trained(write_text, 2)), path)
    whole = path.read_bytes()
    for size in (0, 10, 60, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(DataError, match="too early"):
            read_const_arpa(path)
    path.write_bytes(b"x" * len(whole))
    with pytest.raises(DataError, match="not a ConstArpa file"):
        read_const_arpa(path)
