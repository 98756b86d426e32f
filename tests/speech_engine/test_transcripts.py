"""What the runtime sees of the recogniser's words."""

import pytest

from arqon_maestro.speech_engine.transcripts import transcript_of


@pytest.mark.parametrize(
    ("words", "transcript"),
    [
        ("go to line two", "go to line two"),
        ("um go uh to line um", "go to line"),
        ("um uh", ""),
        ("", ""),
        ("import n(spell) p(spell) as numpy", "import np as numpy"),
        ("insert sql(spell) query", "insert sql query"),
        ("insert i o error", "insert io error"),
        ("insert x um y", "insert xy"),
        ("a(spell) b plus io(spell)", "ab plus io"),
        ("press control c", "press control c"),
    ],
)
def test_fillers_go_and_spelled_letters_join(words, transcript):
    assert transcript_of(words.split()) == transcript
