"""The seven commands of the training guide, in test mode, as people type them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.checkouts import FIXTURES, ROOT, environment, make_checkout

pytestmark = pytest.mark.slow

PARSER = ("--model=transcript-parser", "--language=default")
STYLE = ("--model=auto-style", "--language=python")


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("guide")
    return make_checkout(folder / "checkout"), folder / "library"


def run(
    places: tuple[Path, Path], *command: str, status: int = 0
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(ROOT / command[0]), *command[1:]],
        env=environment(*places),
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert done.returncode == status, (command, done.stdout, done.stderr)
    return done


def test_the_guide(places: tuple[Path, Path]) -> None:
    library = places[1]
    engine = "scripts/arqon_maestro/speech_engine/bin"
    run(places, f"{engine}/train.py", "generate-dataset", "--test-mode")
    assert (library / "lm" / "model-data" / "lexicon.txt").is_file()
    run(places, f"{engine}/train.py", "train-model", "--test-mode")
    done = run(places, f"{engine}/export.py")
    for line in done.stdout.split():
        assert Path(line).is_file()
    code = "scripts/arqon_maestro/code_engine"
    for named in (PARSER, STYLE):
        run(places, f"{code}/bin/generate_dataset.py", *named, "--test-mode")
        run(places, f"{code}/train.py", *named, "--gpus=0", "--test-mode")
    # Without options: every trained model.
    done = run(places, f"{code}/export.py")
    tarballs = [Path(line) for line in done.stdout.split()]
    assert len(tarballs) == 2
    for tarball in tarballs:
        run(places, ".venv/bin/maestro", "models", "verify", str(tarball))

    spoken = FIXTURES / "speech" / "001.flac"
    done = run(places, ".venv/bin/maestro", "speech-engine", "transcribe", str(spoken), "--json")
    ranked = next(iter(json.loads(done.stdout)["files"].values()))
    costs = [item["cost"] for item in ranked]
    assert costs == sorted(costs)
    assert {"transcript", "cost", "acoustic_cost", "language_model_cost"} <= set(ranked[0])

    check_download(places, tarballs)


def check_download(places: tuple[Path, Path], tarballs: list[Path]) -> None:
    """Another library gets the same models from a base URL, as bin/download-models.py does it."""
    checkout, library = places
    for tarball in tarballs:
        run(places, ".venv/bin/maestro", "models", "use", str(tarball))
    pins = (checkout / "config" / "models.yaml").read_text()
    for tarball in tarballs:
        assert tarball.name.removesuffix(".tar.gz") in pins
    elsewhere = library.with_name("elsewhere")
    run((checkout, elsewhere), "bin/download-models.py", "--url", f"file://{library}")
    for tarball in tarballs:
        copy = elsewhere / tarball.relative_to(library)
        assert copy.read_bytes() == tarball.read_bytes()
    shutil.rmtree(elsewhere)


def test_gpus_that_are_not_there_are_an_error(places: tuple[Path, Path]) -> None:
    command = ("scripts/arqon_maestro/code_engine/train.py", *STYLE, "--gpus=99", "--test-mode")
    done = run(places, *command, status=3)
    assert "99 GPUs asked for" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_model_that_is_not_trained_is_an_error(places: tuple[Path, Path]) -> None:
    command = ("scripts/arqon_maestro/code_engine/export.py", "--model=auto-style", "--language=go")
    done = run(places, *command, status=3)
    assert "auto-style go is not trained" in done.stderr
