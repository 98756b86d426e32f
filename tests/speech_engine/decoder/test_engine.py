"""A whole speech engine with a decoding graph; vosk, which is Kaldi, hears the same."""

import gc
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
import soundfile
import typer

from arqon_maestro.cli import speech_engine
from arqon_maestro.cli.main import run
from arqon_maestro.errors import DataError, MissingPartError, UsageError
from arqon_maestro.speech_engine.decoder import engine as engine_module
from arqon_maestro.speech_engine.decoder.engine import FILES, GraphEngine
from arqon_maestro.speech_engine.decoder.words import word_lattice
from arqon_maestro.speech_engine.graph.info import graph_info
from arqon_maestro.speech_engine.graph_export import export_graph_engine, export_vosk
from arqon_maestro.speech_engine.graph_recognizer import GraphRecognizer, open_recognizer
from arqon_maestro.speech_engine.nbest import SearchSettings, n_best
from arqon_maestro.speech_engine.ngram import train
from tests.speech_engine.decoder.engines import make_engine, noise
from tests.speech_engine.decoder.test_search import NoModel

LIMIT_S = 240
VOSK = """
import json, sys, wave
import vosk
vosk.SetLogLevel(-1)
model = vosk.Model(sys.argv[1])
for path in sys.argv[2:]:
    recognizer = vosk.KaldiRecognizer(model, 16000)
    recognizer.SetMaxAlternatives(10)
    with wave.open(path) as sound:
        recognizer.AcceptWaveform(sound.readframes(sound.getnframes()))
    print(json.dumps(json.loads(recognizer.FinalResult())["alternatives"]))
"""
#: What vosk multiplies the graph's costs by, the language model's included.
VOSK_SCALE = 0.9
SMALL = 1e-4


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    return make_engine(tmp_path_factory.mktemp("parts"))


@pytest.fixture(scope="module")
def folder(parts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported") / "engine"
    export_graph_engine(parts, folder)
    return folder


@pytest.fixture(scope="module")
def engine(folder):
    return GraphEngine(folder)


def heard(engine, samples, hints=(), pieces=1, wanted=10):
    utterance = engine.utterance(hints)
    for piece in np.array_split(samples, pieces):
        utterance.accept(piece)
    return list(utterance.finish(wanted))


def test_every_file_of_the_runtime_is_there(folder):
    assert all((folder / name).is_file() for name in FILES)
    words = [line.split()[0] for line in (folder / "graph" / "words.txt").read_text().splitlines()]
    assert words[-3:] == ["#nonterm_begin", "#nonterm_end", "#nonterm:hint"]
    offset = int((folder / "nonterm_phones_offset.int").read_text())
    phones = dict(
        line.split() for line in (folder / "lang" / "phones.txt").read_text().splitlines()
    )
    assert phones["#nonterm_bos"] == str(offset)
    assert phones["#nonterm:hint"] == str(offset + 4)


def test_an_exported_engine_tells_what_its_graph_is(parts, folder):
    info, built = graph_info(folder), graph_info(parts.graph)
    assert replace(info, path=built.path) == built
    assert info == graph_info(folder / "graph")
    assert info.order is not None


def test_pieces_of_half_a_second_give_the_same(engine):
    for seed in range(5):
        samples = noise(seed, 2.0)
        whole, pieces = heard(engine, samples), heard(engine, samples, pieces=4)
        # Matrices of other sizes are multiplied in another order.
        assert [one.words for one in whole] == [one.words for one in pieces]
        assert [one.cost for one in whole] == pytest.approx([one.cost for one in pieces], abs=1e-2)


def test_costs_rise_and_transcripts_differ(engine):
    found = heard(engine, noise(7, 1.5))
    assert len(found) > 3
    costs = [one.cost for one in found]
    assert costs == sorted(costs)
    assert len({one.words for one in found}) == len(found)


def test_hints_are_heard_where_they_are_given(engine):
    """The hint is said with the phones of "to" and one more; some noise sounds like it."""
    without = [heard(engine, noise(seed), wanted=100) for seed in range(12)]
    given = [heard(engine, noise(seed), ["tool"], wanted=100) for seed in range(12)]
    assert not any("tool" in one.words for found in without for one in found)
    assert any("tool" in one.words for found in given for one in found)
    # What has no hint in it costs what it cost.
    for found, expected in zip(given, without, strict=True):
        known = {one.words: one.cost for one in expected}
        shared = [one for one in found if one.words in known]
        assert shared
        assert all(one.cost == pytest.approx(known[one.words], abs=1e-3) for one in shared)


def test_hints_that_the_graph_has_already_change_nothing(engine):
    samples = noise(3)
    assert heard(engine, samples, ["go", "line"]) == heard(engine, samples)


def test_hints_without_a_pronunciation_are_left_out(engine):
    samples = noise(3)
    assert heard(engine, samples, ["zyxw"]) == heard(engine, samples)


@pytest.mark.parametrize("enabled", [True, False])
def test_garbage_is_not_collected_before_the_first_transcript(engine, monkeypatch, enabled):
    seen = []
    real = engine_module.n_best

    def watched(*arguments):
        for found in real(*arguments):
            seen.append(gc.isenabled())
            yield found

    monkeypatch.setattr(engine_module, "n_best", watched)
    if not enabled:
        gc.disable()
    try:
        utterance = engine.utterance()
        utterance.accept(noise(5))
        found = list(utterance.finish(2))
        assert gc.isenabled() == enabled
    finally:
        gc.enable()
    assert found and seen[0] is False
    # What follows is asked for one by one, as anywhere.
    assert all(state == enabled for state in seen[1:])


def test_the_collector_is_on_again_after_an_error(engine, monkeypatch):
    def fails(*arguments):
        raise ValueError

    monkeypatch.setattr(engine_module, "word_lattice", fails)
    utterance = engine.utterance()
    utterance.accept(np.zeros(1600, np.int16))
    with pytest.raises(ValueError):
        utterance.finish(1)
    assert gc.isenabled()


def test_another_rescoring_model_changes_the_language_model_cost_alone(parts, folder, tmp_path):
    shutil.copytree(folder, tmp_path / "same")
    same = tmp_path / "same" / "lang"
    shutil.copyfile(same / "const_arpa", same / "final_const_arpa")
    one, other = GraphEngine(folder), GraphEngine(tmp_path / "same")
    changed = 0
    for seed in range(6):
        found = {h.words: h for h in heard(one, noise(seed), wanted=50)}
        expected = {h.words: h for h in heard(other, noise(seed), wanted=50)}
        for words in found.keys() & expected.keys():
            acoustic = found[words].acoustic_cost
            assert acoustic == pytest.approx(expected[words].acoustic_cost, abs=1e-2)
            before = expected[words].language_model_cost
            changed += abs(found[words].language_model_cost - before) > 0.01
    assert changed


def heard_in_graph(engine, samples):
    """Returns what the graph alone says, with the costs that vosk shows.

    vosk scales the graph's part of a path that it chose before. How large it is, is how much the
    cost changes with the scale.
    """
    utterance = engine.utterance()
    utterance.accept(samples)
    utterance.search.accept(utterance.scorer.finish())
    tokens = utterance.search.finish()
    settings = SearchSettings(acoustic_scale=1.0, silence_cost=0.0, noise_cost=0.0)

    def costs(scale):
        lattice = word_lattice(tokens, utterance.namer, graph_scale=scale)
        return {" ".join(one.words): one.cost for one in n_best(lattice, NoModel(), settings)}

    whole, less = costs(1.0), costs(1.0 - SMALL)
    graph = {words: (cost - less[words]) / SMALL for words, cost in whole.items()}
    return {words: cost - (1 - VOSK_SCALE) * graph[words] for words, cost in whole.items()}


def heard_by_vosk(folder, sounds, scratch):
    paths = [scratch / f"{number}.wav" for number in range(len(sounds))]
    for path, samples in zip(paths, sounds, strict=True):
        soundfile.write(path, samples, 16000)
    printed = subprocess.run(
        [sys.executable, "-c", VOSK, folder, *paths],
        capture_output=True,
        text=True,
        check=True,
        timeout=LIMIT_S,
    ).stdout
    return [
        [(found["text"].strip(), -found["confidence"]) for found in json.loads(line)]
        for line in printed.splitlines()
    ]


needs_vosk = pytest.mark.skipif(
    find_spec("vosk") is None, reason="Kaldi, the oracle, comes with vosk==0.3.45"
)


@needs_vosk
def test_vosk_finds_the_same_costs_in_the_graph(engine, parts, tmp_path):
    export_vosk(parts, tmp_path / "vosk")
    shutil.rmtree(tmp_path / "vosk" / "rescore")
    sounds = [noise(seed, 0.5 + seed % 4 / 2) for seed in range(20)]
    alternatives = 0
    theirs = heard_by_vosk(tmp_path / "vosk", sounds, tmp_path)
    for samples, expected in zip(sounds, theirs, strict=True):
        found = heard_in_graph(engine, samples)
        assert min(found, key=found.__getitem__) == expected[0][0]
        for words, cost in expected:
            assert found[words] == pytest.approx(cost, abs=0.02)
        alternatives += len(expected)
    assert alternatives > 3 * len(sounds)


@needs_vosk
def test_vosk_hears_the_same_after_rescoring(engine, parts, tmp_path):
    """vosk takes the cheapest way through G off, not that of the n-grams, so costs may differ."""
    export_vosk(parts, tmp_path / "vosk")
    sounds = [noise(seed, 0.5 + seed % 4 / 2) for seed in range(20)]
    theirs = heard_by_vosk(tmp_path / "vosk", sounds, tmp_path)
    same = 0
    for samples, expected in zip(sounds, theirs, strict=True):
        found = heard(engine, samples, wanted=1)
        same += " ".join(found[0].words) == expected[0][0]
    assert same >= 0.95 * len(sounds)


@needs_vosk
def test_another_language_model_changes_what_is_heard_in_vosk_too(engine, parts, tmp_path):
    """The model that ranks has other favourites than the one that the graph was built of."""
    lines = (parts.search.parent / "text.txt").read_text().splitlines()
    (tmp_path / "text.txt").write_text("\n".join([*lines, *["add"] * 20 * len(lines)]))
    other = replace(parts, rescoring=tmp_path / "other.arpa")
    train(tmp_path / "text.txt", other.rescoring, order=4, min_counts=[1, 1, 1, 1])
    export_vosk(other, tmp_path / "vosk")
    export_graph_engine(other, tmp_path / "engine")
    sounds = [noise(seed, 0.5 + seed % 3 / 4) for seed in range(20)]
    theirs = heard_by_vosk(tmp_path / "vosk", sounds, tmp_path)
    biased = GraphEngine(tmp_path / "engine")
    ours = [heard(biased, samples, wanted=1) for samples in sounds]
    before = [heard(engine, samples, wanted=1) for samples in sounds]
    same = changed = 0
    for found, expected, first in zip(ours, theirs, before, strict=True):
        same += " ".join(found[0].words) == expected[0][0]
        changed += found[0].words != first[0].words
    assert same >= 0.95 * len(sounds) and changed >= 3, (same, changed)


@pytest.fixture(scope="module")
def recognizer(folder):
    found = open_recognizer(folder)
    assert isinstance(found, GraphRecognizer)
    return found


def test_the_recognizer_joins_spelled_letters_and_adds_up_costs(recognizer):
    found = recognizer.transcribe(noise(3), 5)
    assert 0 < len(found) <= 5
    assert len({one.transcript for one in found}) == len(found)
    assert not any("(spell)" in one.transcript for one in found)
    for one in found:
        assert one.cost == pytest.approx(one.acoustic_cost + one.language_model_cost)


def test_nothing_to_hear_gives_no_transcript(recognizer):
    assert recognizer.transcribe(np.zeros(16000, np.int16)) == []
    assert recognizer.transcribe(noise(3)[:100]) == []
    assert recognizer.transcribe(np.zeros(0, np.int16)) == []


def test_clipped_sound_and_short_sound_are_sound(recognizer):
    clipped = np.clip(noise(3).astype(np.int32) * 50, -32768, 32767).astype(np.int16)
    assert recognizer.transcribe(clipped)
    assert recognizer.transcribe(noise(3)[:1200])


def test_sound_of_another_rate_and_in_stereo_is_converted(recognizer, tmp_path):
    samples = np.repeat(noise(3), 3)
    soundfile.write(tmp_path / "x.wav", np.stack([samples, samples], axis=1), 48000)
    assert recognizer.transcribe(tmp_path / "x.wav")


def test_what_the_recognizer_cannot_take(recognizer, tmp_path):
    with pytest.raises(UsageError, match="n_best"):
        recognizer.transcribe(noise(3), 0)
    with pytest.raises(DataError, match="int16"):
        recognizer.transcribe(np.zeros((100, 2), np.int16))
    with pytest.raises(MissingPartError):
        recognizer.transcribe(tmp_path / "none.wav")


def test_the_command_takes_hints(folder, tmp_path, capsys):
    soundfile.write(tmp_path / "x.wav", noise(3), 16000)
    (tmp_path / "x.py").write_text("tool = tool\n")
    arguments = ["transcribe", str(tmp_path / "x.wav"), "--engine", str(folder)]
    hints = ["--hint", "tool", "--hints-from", str(tmp_path / "x.py"), "--json"]
    command = typer.main.get_command(speech_engine.app)
    assert run(command, [*arguments, *hints]) == 0
    (found,) = json.loads(capsys.readouterr().out)["files"].values()
    assert found
    assert {"transcript", "cost", "acoustic_cost", "language_model_cost"} == set(found[0])


def test_engines_that_cannot_be_used(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "engine")
    broken = tmp_path / "engine"
    (broken / "nonterm_phones_offset.int").write_text("many\n")
    with pytest.raises(DataError, match="whole numbers"):
        GraphEngine(broken)
    (broken / "graph" / "words.txt").write_text("<eps> 0\n#nonterm:hint 1\ngo 2\n")
    with pytest.raises(DataError, match="not the last"):
        GraphEngine(broken)
    (broken / "tree").unlink()
    with pytest.raises(MissingPartError, match="files missing"):
        GraphEngine(broken)


def test_parts_that_do_not_belong_together(parts, tmp_path):
    other = tmp_path / "graph"
    shutil.copytree(parts.graph, other)
    (other / "words.txt").write_text("<eps> 0\n")
    with pytest.raises(DataError, match="another lang folder"):
        export_graph_engine(replace(parts, graph=other), tmp_path / "out")
    with pytest.raises(MissingPartError, match="no such file"):
        export_vosk(replace(parts, rescoring=tmp_path / "none.arpa"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_vosk_folder_of_phones_without_places(parts, tmp_path):
    lang = tmp_path / "lang"
    shutil.copytree(parts.lang, lang)
    (lang / "phones" / "word_boundary.int").unlink(missing_ok=True)
    export_vosk(replace(parts, lang=lang), tmp_path / "vosk")
    assert (tmp_path / "vosk" / "graph" / "words.txt").is_file()
    assert not (tmp_path / "vosk" / "graph" / "phones").exists()
