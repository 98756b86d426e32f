"""A small speech engine, and audio files of the fixtures by what is said in them."""

from pathlib import Path

import pytest

from arqon_maestro.speech_engine.export import export_speech_engine
from arqon_maestro.speech_engine.lexicon.build import build_lexicon
from arqon_maestro.speech_engine.lexicon.formats import write_lexicon
from arqon_maestro.speech_engine.lexicon.vocabulary import Vocabulary, write_vocabulary
from arqon_maestro.speech_engine.ngram import train
from arqon_maestro.speech_engine.recognizer import Recognizer

FIXTURES = Path(__file__).parents[1] / "fixtures" / "speech"
# Not the sentences of the fixtures: their words in other company.
SENTENCES = """\
go to line two
go to line
delete next line
um delete two words
select next word
uh select line
add function name
add parameter name
insert sql(spell)
insert n(spell) p(spell) two
copy line
save file
close file
"""


@pytest.fixture(scope="session")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    text = folder / "corpus.txt"
    text.write_text(SENTENCES * 3)
    words = sorted(set(SENTENCES.split()))
    lexicon = build_lexicon(words).restricted(words)
    write_lexicon(folder / "lexicon.txt", lexicon)
    write_vocabulary(folder / "vocab.txt", Vocabulary(tuple(words), {}))
    train(text, folder / "search.arpa", order=2, empty_sentences=3)
    train(text, folder / "rescoring.arpa.gz", order=3, empty_sentences=3)
    return {
        "lexicon": folder / "lexicon.txt",
        "vocabulary": folder / "vocab.txt",
        "search": folder / "search.arpa",
        "rescoring": folder / "rescoring.arpa.gz",
    }


@pytest.fixture(scope="session")
def engine(parts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("engine") / "export"
    export_speech_engine(folder, **parts)
    return folder


@pytest.fixture(scope="session")
def recognizer(engine):
    return Recognizer(engine)


@pytest.fixture(scope="session")
def spoken():
    """Finds the audio file in which a sentence is said."""
    files = {}
    for row in (FIXTURES / "transcripts.tsv").read_text().splitlines()[1:]:
        file, _, said, _ = row.split("\t")
        files[said] = FIXTURES / file
    return files.__getitem__
