"""Decoding with a graph: speed, delay after the end of speech, hints, and vosk beside it.

    .venv/bin/python benchmarks/decoding.py [ENGINE] [--speech FOLDER] [--vosk FOLDER]

ENGINE is the folder of an exported speech engine with a decoding graph, FOLDER has
``transcripts.tsv`` and its audio (default: the fixtures). Sound comes in pieces of half a second,
as from a microphone; the delay is what is left to do after the last piece. ``--vosk`` is the folder
that ``maestro speech-engine export --format vosk`` wrote of the same models: vosk decodes the same
audio, in the same pieces, in a process of its own. Times are of the processor, all threads
together; ours is one.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from arqon_maestro.evaluation.metrics import edit_distance
from arqon_maestro.evaluation.speech import read_spoken_commands
from arqon_maestro.library import Library, library_root
from arqon_maestro.speech_engine.audio import SAMPLE_RATE_HZ, read_audio
from arqon_maestro.speech_engine.decoder.engine import GraphEngine
from arqon_maestro.speech_engine.graph_recognizer import CHUNK_S, GraphRecognizer
from arqon_maestro.speech_engine.recognizer import distinct_transcripts

FIXTURES = Path(__file__).resolve().parents[1] / "tests" / "fixtures" / "speech"
HINTS = 50
N_BEST = 10
VOSK = """
import json, resource, sys, time
import numpy as np, vosk
vosk.SetLogLevel(-1)
model, piece = vosk.Model(sys.argv[1]), int(sys.argv[2])
cpu = lambda: time.process_time()
for line in sys.stdin:
    samples = np.load(line.strip())
    recognizer = vosk.KaldiRecognizer(model, 16000)
    recognizer.SetMaxAlternatives(10)
    start = cpu()
    for at in range(0, samples.size, piece):
        recognizer.AcceptWaveform(samples[at:at + piece].tobytes())
    fed = cpu()
    found = json.loads(recognizer.FinalResult())["alternatives"]
    end = cpu()
    print(json.dumps([found[0]["text"], fed - start, end - fed]), flush=True)
"""


def heard(engine: GraphEngine, samples: np.ndarray) -> tuple[str, float, float]:
    """Returns the first transcript, and seconds before and after the end of the sound."""
    start = time.process_time()
    utterance = engine.utterance()
    piece = round(CHUNK_S * SAMPLE_RATE_HZ)
    for at in range(0, samples.size, piece):
        utterance.accept(samples[at : at + piece])
    fed = time.process_time()
    found = next(iter(distinct_transcripts(utterance.finish(N_BEST))), None)
    return found.transcript if found else "", fed - start, time.process_time() - fed


def heard_by_vosk(folder: Path, sounds: list[np.ndarray]) -> list[tuple[str, float, float]]:
    """As `heard`, by vosk."""
    with tempfile.TemporaryDirectory() as place:
        paths = [Path(place, f"{number}.npy") for number in range(len(sounds))]
        for path, samples in zip(paths, sounds, strict=True):
            np.save(path, samples)
        piece = round(CHUNK_S * SAMPLE_RATE_HZ)
        printed = subprocess.run(
            [sys.executable, "-c", VOSK, folder, str(piece)],
            input="".join(f"{path}\n" for path in paths),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    return [tuple(json.loads(line)) for line in printed.splitlines()]


def show(
    name: str, results: list[tuple[str, float, float]], references: list[str], s: float
) -> None:
    """Prints a row."""
    delays = 1000 * np.array([delay for _, _, delay in results])
    used = sum(before + after for _, before, after in results)
    edits = sum(
        edit_distance(reference.split(), text.split())
        for reference, (text, _, _) in zip(references, results, strict=True)
    )
    words = sum(len(reference.split()) for reference in references)
    p50, p90 = np.percentile(delays, [50, 90])
    print(
        f"{name:<10} {used / s:6.3f} {p50:8.0f} {p90:8.0f} {delays.max():8.0f} {edits / words:7.1%}"
    )


def time_hints(recognizer: GraphRecognizer) -> float:
    """Returns seconds to compile hints whose pronunciations are known, as at a request."""
    engine = recognizer.engine
    lexicon = [word for word in engine.lexicon.words() if word not in engine.words][:HINTS]
    start = time.process_time()
    engine.utterance(lexicon)
    print(f"{len(lexicon)} hints: ", end="")
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    installed = Library(library_root()).speech_model("export")
    parser.add_argument("engine", type=Path, nargs="?", default=installed)
    parser.add_argument("--speech", type=Path, default=FIXTURES)
    parser.add_argument("--vosk", type=Path, help="the same engine as a folder for vosk")
    options = parser.parse_args()
    recognizer = GraphRecognizer(options.engine)
    commands = read_spoken_commands(options.speech)
    sounds = [read_audio(command.audio) for command in commands]
    references = [command.transcript for command in commands]
    seconds = sum(samples.size for samples in sounds) / SAMPLE_RATE_HZ
    heard(recognizer.engine, sounds[0])
    print(f"{len(sounds)} utterances, {seconds:.0f} s of sound")
    print(f"{'':<10} {'RTF':>6} {'p50 ms':>8} {'p90 ms':>8} {'most ms':>8} {'WER':>7}")
    ours = [heard(recognizer.engine, samples) for samples in sounds]
    show("ours", ours, references, seconds)
    if options.vosk is not None:
        theirs = heard_by_vosk(options.vosk, sounds)
        show("vosk", theirs, references, seconds)
        same = sum(one[0] == other[0] for one, other in zip(ours, theirs, strict=True))
        print(f"the same first transcript: {same} of {len(sounds)}")
    print(f"{1000 * time_hints(recognizer):.0f} ms")


if __name__ == "__main__":
    main()
