"""Recognition: our search of the lattice beside pocketsphinx's own n-best list.

    .venv/bin/python benchmarks/recognition.py ENGINE [--speech FOLDER]

ENGINE is the folder of an exported speech engine, FOLDER has ``transcripts.tsv`` and its audio
(default: the fixtures). Both use the same dictionary, search model and beams; the peer's list is
`Decoder.nbest`, its repetitions removed. Times are of the processor, so other work on the machine
disturbs little.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pocketsphinx import Decoder

from arqon_maestro.evaluation.speech import SpeechRecognizer, evaluate_recognition
from arqon_maestro.library import Library, library_root
from arqon_maestro.speech_engine.acoustic.bundle import resolve_bundle
from arqon_maestro.speech_engine.audio import Samples
from arqon_maestro.speech_engine.export import DICTIONARY_FILE, SEARCH_MODEL_FILE
from arqon_maestro.speech_engine.lexicon.formats import from_pocketsphinx
from arqon_maestro.speech_engine.recognizer import Recognizer, Transcript
from arqon_maestro.speech_engine.settings import read_settings
from arqon_maestro.speech_engine.transcripts import transcript_of

FIXTURES = Path(__file__).resolve().parents[1] / "tests" / "fixtures" / "speech"
#: Where pocketsphinx's list is cut: it repeats itself for thousands of entries.
LONGEST_LIST = 500


@dataclass(frozen=True)
class Peer:
    """pocketsphinx with its own n-best list."""

    decoder: Any

    def transcribe(self, audio: Samples, n_best: int) -> list[Transcript]:
        """Returns distinct transcripts in pocketsphinx's order, without its scores."""
        decoder = self.decoder
        decoder.reinit_feat()
        decoder.start_utt()
        decoder.process_raw(audio.tobytes(), full_utt=True)
        decoder.end_utt()
        found: dict[str, None] = {}
        best = decoder.hyp()
        if best is not None:
            found[said(best.hypstr)] = None
        for number, item in enumerate(decoder.nbest() or ()):
            if item is None or number == LONGEST_LIST or len(found) == n_best:
                break
            found.setdefault(said(item.hypstr))
        return [Transcript(text, 0.0, 0.0, 0.0) for text in found]


def said(text: str) -> str:
    """Returns the transcript of a pocketsphinx hypothesis."""
    return transcript_of(from_pocketsphinx(name) for name in text.split() if name[0] not in "<[")


def peer(folder: Path, options: dict[str, Any]) -> Peer:
    """Loads the peer on the files of a speech engine."""
    bundle = resolve_bundle(read_settings(folder).acoustic_model, folder)
    return Peer(
        Decoder(
            hmm=str(bundle.folder),
            dict=str(folder / DICTIONARY_FILE),
            lm=str(folder / SEARCH_MODEL_FILE),
            loglevel="FATAL",
            **options,
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "engine",
        type=Path,
        nargs="?",
        default=Library(library_root()).speech_model("export"),
        help="folder of an exported speech engine; default: the installed one (make train)",
    )
    parser.add_argument("--speech", type=Path, default=FIXTURES)
    arguments = parser.parse_args()
    settings = read_settings(arguments.engine).decoder
    systems: dict[str, SpeechRecognizer] = {
        "ours": Recognizer(arguments.engine),
        "pocketsphinx nbest, our beams": peer(arguments.engine, settings.options()),
        "pocketsphinx nbest, its beams": peer(arguments.engine, {}),
    }
    print(f"{'system':<32} {'WER':>6} {'r@1':>6} {'r@5':>6} {'r@10':>6} {'RTF':>6}")
    for name, system in systems.items():
        scores = evaluate_recognition(system, arguments.speech)
        recall = " ".join(f"{rate.value:6.1%}" for rate in scores.recall.values())
        print(
            f"{name:<32} {scores.word_error_rate.value:6.1%} {recall}"
            f" {scores.real_time_factor:6.3f}"
        )


if __name__ == "__main__":
    main()
