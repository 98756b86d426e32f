"""Kaldi's own decoding, by vosk in a process of its own, with a graph of phones in a loop."""

import json
import shutil
import subprocess
import sys

import numpy as np

from arqon_maestro.speech_engine.graph.fst import Fst
from arqon_maestro.speech_engine.graph.fst_file import write_fst

#: vosk scales the costs of the graph so before it looks for the best path of a lattice.
GRAPH_SCALE = 0.9
_SCRIPT = """
import json, sys
import vosk
vosk.SetLogLevel(-1)
folder, audio = sys.argv[1:]
model = vosk.Model(folder)
recogniser = vosk.KaldiRecognizer(model, 16000)
recogniser.SetMaxAlternatives(1)
data = open(audio, "rb").read()
recogniser.AcceptWaveform(data)
print(recogniser.FinalResult())
"""


class PhoneLoop:
    """A graph in which any phone follows any other, with random costs.

    State 0 is between phones; of each phone one transition enters its state, another stays there.
    """

    def __init__(self, transitions, seed=0):
        chooser = np.random.default_rng(seed)
        self.pdfs = transitions.pdfs
        first = {}
        for row, phone in enumerate(transitions.tuples[:, 0].tolist(), 1):
            first.setdefault(phone, row)
        rows = np.array(list(first.values()))
        self.loops = transitions.self_loops[rows].astype(int)
        firsts = transitions.first_ids[rows].astype(int)
        self.forwards = np.where(firsts == self.loops, firsts + 1, firsts)
        self.words = ["<eps>", *(f"p{phone}" for phone in first)]
        self.enter, self.stay, self.leave = chooser.uniform(0, 1, (3, len(first)))

    def fst(self):
        """Returns it as a transducer."""
        count = len(self.loops)
        states = np.arange(1, count + 1)
        zero = np.zeros(count, int)
        return Fst.of(
            0,
            np.zeros(count + 1, np.float32),
            np.concatenate([zero, states, states]),
            np.concatenate([self.forwards, self.loops, zero]),
            np.concatenate([states, zero, zero]),
            np.concatenate([self.enter, self.stay, self.leave]),
            np.concatenate([states, states, zero]),
        )

    def best(self, scores, graph_scale):
        """Returns the words and the cost of the best way, all ways tried."""
        enter, stay, leave = (graph_scale * part for part in (self.enter, self.stay, self.leave))
        costs = enter - scores[0, self.pdfs[self.forwards]]
        words = [[word] for word in self.words[1:]]
        for row in scores[1:]:
            last = int((costs + leave).argmin())
            entered = costs[last] + leave[last] + enter - row[self.pdfs[self.forwards]]
            stayed = costs + stay - row[self.pdfs[self.loops]]
            words = [
                [*words[last], self.words[place + 1]] if entered[place] < stayed[place] else kept
                for place, kept in enumerate(words)
            ]
            costs = np.minimum(entered, stayed)
        # One may end in any state.
        return words[int(costs.argmin())], float(costs.min())


def hear(folder, bundle_folder, loop, samples):
    """Returns vosk's words and cost of samples, graph costs scaled by `GRAPH_SCALE`."""
    model = folder / "vosk"
    (model / "am").mkdir(parents=True)
    (model / "graph").mkdir()
    shutil.copy(bundle_folder / "final.mdl", model / "am" / "final.mdl")
    shutil.copytree(bundle_folder / "conf", model / "conf")
    if (bundle_folder / "ivector_extractor").is_dir():
        shutil.copytree(bundle_folder / "ivector_extractor", model / "ivector")
    (model / "conf" / "model.conf").write_text(
        "--min-active=200\n--max-active=7000\n--beam=30.0\n--lattice-beam=8.0\n"
        "--acoustic-scale=1.0\n--frame-subsampling-factor=3\n--endpoint.silence-phones=2\n--frames-per-chunk=21\n"
        "--endpoint.rule1.min-trailing-silence=100\n--endpoint.rule2.min-trailing-silence=100\n"
        "--endpoint.rule3.min-trailing-silence=100\n--endpoint.rule4.min-trailing-silence=100\n"
    )
    write_fst(model / "graph" / "HCLG.fst", loop.fst(), kind="const")
    table = "".join(f"{word} {number}\n" for number, word in enumerate(loop.words))
    (model / "graph" / "words.txt").write_text(table)
    audio = folder / "audio.raw"
    audio.write_bytes(samples.astype("<i2").tobytes())
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(model), str(audio)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["alternatives"][0]
    return found["text"].split(), -found["confidence"]
