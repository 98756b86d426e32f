"""A tiny language to learn: say a name twice, with one unknown word now and then."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from arqon_maestro.code_engine.dataset import build_dataset, raw_paths
from arqon_maestro.code_engine.export import export_model
from arqon_maestro.code_engine.recipe import DatasetRecipe, NetworkRecipe, TrainingRecipe
from arqon_maestro.code_engine.training import TrainingSummary, train

WORDS = ("get", "set", "name", "value", "max", "min", "of")
RARE = ("zephyr", "quark", "gnu")

DATASET = DatasetRecipe(
    lexicon_size=10, vocabulary="words", vocabulary_size=64, max_length=20, valid_lines=30
)
NETWORK = NetworkRecipe(
    encoder_layers=1, decoder_layers=1, dim=48, ffn=64, heads=4, dropout=0.01, init_scale=1.0
)
TRAINING = TrainingRecipe(
    updates=300,
    batch_tokens=800,
    learning_rate=0.005,
    warmup=30,
    schedule="linear",
    clip_norm=1.0,
    average_decay=0.9,
    validate_every=100,
    save_every=30,
    seed=7,
)
# For tests of sameness, where nothing need be learnt; validation and saving out of step.
SHORT = TRAINING.model_copy(update={"updates": 90, "validate_every": 40, "save_every": 30})


@dataclass(frozen=True)
class Trained:
    """A finished training and its export."""

    data: Path
    output: Path
    folder: Path
    summary: TrainingSummary


def make_pair(source: random.Random) -> tuple[str, str]:
    """Returns one pair: ``ENG get name`` → ``get _ name``."""
    words = [source.choice(WORDS) for _ in range(source.randint(1, 4))]
    if source.random() < 0.3:
        words[source.randrange(len(words))] = source.choice(RARE)
    return " ".join(["CTX", "ENG", *words]), " _ ".join(words)


def write_raw(folder: Path, language: str = "python", pairs: int = 3000) -> None:
    """Writes the raw files of a dataset, different pairs in every split."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, count in (("train", pairs), ("valid", 60), ("test", 40)):
        source = random.Random(split)
        made = [make_pair(source) for _ in range(count)]
        for path, side in zip(raw_paths(folder, language, split), (0, 1), strict=True):
            path.write_text("".join(pair[side] + "\n" for pair in made))


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset after unknown replacement."""
    folder = tmp_path_factory.mktemp("data")
    write_raw(folder)
    build_dataset(folder, "python", "auto-style", DATASET, seed=3)
    return folder


@pytest.fixture(scope="session")
def trained(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A trained and exported model."""
    root = tmp_path_factory.mktemp("trained")
    summary = train(dataset, root / "training", DATASET, NETWORK, TRAINING)
    export_model(root / "training", dataset, root / "python", "auto-style", "python")
    return Trained(dataset, root / "training", root / "python", summary)


@pytest.fixture(scope="session")
def undisturbed(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a `SHORT` training that nothing interrupted."""
    output = tmp_path_factory.mktemp("undisturbed")
    train(dataset, output, DATASET, NETWORK, SHORT)
    return output
