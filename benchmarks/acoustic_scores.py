"""From sound to scores of phones: our features and forward pass beside PyTorch's of the network.

    OPENBLAS_NUM_THREADS=1 .venv/bin/python benchmarks/acoustic_scores.py --seconds 20

The network has the size of the test recipe's and random weights; one thread. PyTorch computes the
network alone, of features that are there. Figures are seconds of CPU a second of audio, the median
of the rounds.
"""

from __future__ import annotations

import argparse
import os

# Before numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from arqon_maestro.speech_engine.acoustic.kaldi_bundle import KaldiBundle, read_kaldi_bundle
from arqon_maestro.speech_engine.acoustic.mfcc import Mfcc, default_options
from arqon_maestro.speech_engine.acoustic.scorer import Scorer
from arqon_maestro.speech_engine.acoustic.training.bundle_writer import write_model
from arqon_maestro.speech_engine.acoustic.training.network import Tdnn, TdnnShape
from arqon_maestro.speech_engine.acoustic.training.phone_set import PhoneSet
from arqon_maestro.speech_engine.audio import SAMPLE_RATE_HZ, Samples

ROUNDS = 5
PIECES_S = (0.1, 0.5)


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=20, help="of audio")
    seconds = parser.parse_args().seconds
    torch.set_num_threads(1)
    phones, noise = PhoneSet(), np.random.default_rng(0)
    network = Tdnn(default_options().num_ceps, phones.num_pdfs, TdnnShape()).eval()
    samples = (noise.standard_normal(seconds * SAMPLE_RATE_HZ) * 1000).astype(np.int16)
    mfcc = Mfcc(default_options())
    features = torch.from_numpy(mfcc.compute(samples))[None]
    with tempfile.TemporaryDirectory() as folder:
        write_model(Path(folder), network, phones, default_options())
        bundle = read_kaldi_bundle(Path(folder))

    def torch_forward() -> None:
        with torch.no_grad():
            network(features)

    rows: list[tuple[str, Callable[[], object]]] = [
        ("features", lambda: mfcc.compute(samples)),
        ("features and network, whole", lambda: _stream(bundle, samples, len(samples))),
    ]
    for piece_s in PIECES_S:
        size = round(piece_s * SAMPLE_RATE_HZ)
        name = f"features and network, {piece_s:g} s pieces"
        rows.append((name, lambda size=size: _stream(bundle, samples, size)))  # type: ignore[misc]
    rows.append(("network in PyTorch, whole", torch_forward))
    for name, work in rows:
        work()
        print(f"{name:<36} {_cpu_s(work) / seconds:.4f}")


def _stream(bundle: KaldiBundle, samples: Samples, size: int) -> None:
    scorer = Scorer(bundle)
    for start in range(0, len(samples), size):
        scorer.accept(samples[start : start + size])
    scorer.finish()


def _cpu_s(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return statistics.median(times)


if __name__ == "__main__":
    main()
