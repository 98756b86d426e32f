"""Packed models as the search asks for them, against the models that were packed."""

import math

import numpy as np
import pytest

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.decoder.rescoring import HINT_COST, PackedModel
from arqon_maestro.speech_engine.ngram import NgramModel
from arqon_maestro.speech_engine.ngram.const_arpa import write_const_arpa
from arqon_maestro.speech_engine.ngram.const_arpa_reader import read_const_arpa

HINT = "#nonterm:hint"
ARPA = f"""\\data\\
ngram 1=5
ngram 2=3

\\1-grams:
-99 <s> -0.5
-0.7 </s>
-0.6 go -0.3
-0.8 back
-1.2 {HINT} -0.2

\\2-grams:
-0.2 <s> go
-0.4 go {HINT}
-0.3 {HINT} </s>

\\end\\
"""
WORDS = {"<eps>": 0, "<s>": 1, "</s>": 2, "back": 3, "go": 4, HINT: 5}


@pytest.fixture
def models(tmp_path):
    (tmp_path / "x.arpa").write_text(ARPA)
    model = NgramModel.read(tmp_path / "x.arpa")
    write_const_arpa(model, {w: i for w, i in WORDS.items() if i}, tmp_path / "const_arpa")
    return model, read_const_arpa(tmp_path / "const_arpa")


def test_the_same_as_the_model_but_for_hints(models):
    model, packed = models
    search = PackedModel(packed, WORDS)
    assert search.order == model.order == 2
    for words in (["<s>", "go"], ["go", "back"], ["back", "</s>"], ["go", HINT], [HINT, "</s>"]):
        columns = [np.array([WORDS[word]], np.int32) for word in words]
        (found,) = search.ngram_log10_probabilities(columns)
        expected = model.log10_probability(words[:-1], words[-1])
        if words[-1] == HINT:
            expected -= HINT_COST / math.log(10)
        assert found == pytest.approx(expected, rel=1e-5)


def test_words_that_the_model_does_not_have_are_possible_at_last(models):
    search = PackedModel(models[1], {**WORDS, "more": 9})
    columns = [np.array([WORDS["go"], WORDS["go"]], np.int32), np.array([9, -1], np.int32)]
    found = search.ngram_log10_probabilities(columns)
    assert np.isfinite(found).all()
    assert (found < -1000).all()


def test_a_model_of_other_words(models):
    with pytest.raises(DataError, match="</s> is 2"):
        PackedModel(models[1], {**WORDS, "</s>": 3})
