"""An acoustic model is trained on recordings, trained further, and used by the graph builder."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from arqon_maestro.speech_engine.acoustic.kaldi_bundle import read_kaldi_bundle
from tests.checkouts import environment, make_checkout

pytestmark = pytest.mark.slow

WORDS = ("go", "to", "line", "select", "next", "word", "enum")


def run(arguments: list[str], variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    program = "from arqon_maestro.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, "speech-engine", "train-acoustic", *arguments],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    folder.mkdir()
    rows = ["file\tspeaker\ttranscript"]
    for number in range(40):
        chooser = np.random.default_rng(number)
        samples = chooser.standard_normal(24000) * 1000 * np.sin(np.arange(24000) / 700)
        soundfile.write(folder / f"{number}.wav", samples.astype(np.int16), 16000)
        words = " ".join(chooser.choice(WORDS, 3))
        rows.append(f"{number}.wav\tspeaker{number % 20}\t{words}")
    rows.append("39.wav\tspeaker1\tgo 12")
    rows[-1] = rows[-1].replace("39.wav", "extra.wav")
    soundfile.write(folder / "extra.wav", np.zeros(16000, np.int16), 16000)
    (folder / "transcripts.tsv").write_text("\n".join(rows) + "\n")
    return folder


def test_recordings_to_model_and_further(tmp_path: Path, recordings: Path) -> None:
    library = tmp_path / "library"
    variables = environment(make_checkout(tmp_path / "checkout"), library)
    arguments = ["--test-mode", "--no-synthetic", "--recordings", str(recordings)]
    first = run(arguments, variables)
    assert first.returncode == 0, first.stderr
    archive = Path(first.stdout.strip())
    assert archive.is_file() and archive.name.endswith(".tar.gz")
    installed = archive.parent
    bundle = read_kaldi_bundle(installed)
    assert bundle.model.network.feature_dim == 40
    manifest = json.loads((library / "acoustic" / "features.manifest.json").read_text())
    assert manifest["rejects"] == {"a word that no pronunciation was found for": 1}
    assert "# acoustic model" in (installed / "MODEL_CARD.md").read_text()

    again = run(arguments, variables)
    assert again.returncode == 0 and again.stderr.count("up to date") >= 3
    assert again.stdout == first.stdout

    further = run([*arguments, "--adapt", str(installed)], variables)
    assert further.returncode == 0, further.stderr
    assert further.stdout != first.stdout


def test_nothing_to_train_on(tmp_path: Path) -> None:
    variables = environment(make_checkout(tmp_path / "checkout"), tmp_path / "library")
    done = run(["--test-mode", "--no-synthetic"], variables)
    assert done.returncode == 2 and "nothing to train on" in done.stderr
