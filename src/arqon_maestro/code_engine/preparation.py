"""What a training makes of a dataset before the first update: vocabulary and token arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from arqon_maestro.artifacts import digest_value, read_json, sha256_file, write_json
from arqon_maestro.code_engine.arrays import PairArrays, build_arrays
from arqon_maestro.code_engine.dataset import SplitCounts, encoded_paths, read_pairs
from arqon_maestro.code_engine.recipe import DatasetRecipe
from arqon_maestro.code_engine.vocabulary import (
    PieceVocabulary,
    Vocabulary,
    WordVocabulary,
    load_vocabulary,
)
from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.progress import SILENT, Reporter

TOKENS_FOLDER = "tokens"
RECORD_FILE = "prepared.json"
TRAIN, VALID = "train", "valid.small"


@dataclass(frozen=True)
class Prepared:
    """A dataset ready to train on.

    Attributes:
        fingerprint: digest of the text files and the sizes.
        vocabulary: tokens and ids.
        train: pairs to train on.
        valid: pairs to validate on.
        counts: split → pairs read, kept and dropped.
    """

    fingerprint: str
    vocabulary: Vocabulary
    train: PairArrays
    valid: PairArrays
    counts: dict[str, SplitCounts]


def prepare(
    data: Path,
    output: Path,
    recipe: DatasetRecipe,
    reporter: Reporter = SILENT,
    *,
    vocabulary: Vocabulary | None = None,
) -> Prepared:
    """Makes vocabulary and token arrays, or finds them made from the same text.

    Args:
        data: a dataset after `build_dataset`.
        output: the training's folder; arrays go to its ``tokens``.
        recipe: sizes.
        reporter: shows progress.
        vocabulary: tokens and ids to use, those of a model that learns on; None counts them.

    Raises:
        MissingPartError: a file of the dataset is missing.
        DataError: nothing to train or validate on.
    """
    fingerprint = _fingerprint(data, recipe, vocabulary)
    tokens = output / TOKENS_FOLDER
    record = tokens / RECORD_FILE
    if record.is_file() and (content := read_json(record)).get("fingerprint") == fingerprint:
        vocabulary = vocabulary or load_vocabulary(output)
        counts = {split: SplitCounts(**values) for split, values in content["counts"].items()}
    else:
        record.unlink(missing_ok=True)
        vocabulary = vocabulary or _make_vocabulary(data, recipe, reporter)
        vocabulary.save(output / vocabulary.file_name)
        counts = {
            split: build_arrays(
                encoded_paths(data, split), tokens, split, vocabulary, recipe.max_length, reporter
            )
            for split in (TRAIN, VALID)
        }
        # Last, so that it is a promise about the files beside it.
        write_json(
            record,
            {
                "fingerprint": fingerprint,
                "counts": {split: asdict(count) for split, count in counts.items()},
            },
        )
    for split, count in counts.items():
        if not count.kept:
            raise DataError(
                "no pair is left", where=encoded_paths(data, split)[0], why=count.reasons()
            )
    return Prepared(
        fingerprint,
        vocabulary,
        PairArrays.open(tokens, TRAIN),
        PairArrays.open(tokens, VALID),
        counts,
    )


def _fingerprint(data: Path, recipe: DatasetRecipe, vocabulary: Vocabulary | None) -> str:
    digests = []
    for split in (TRAIN, VALID):
        for path in encoded_paths(data, split):
            if not path.is_file():
                raise MissingPartError(
                    "no such file", where=path, remedy="maestro code-engine generate-dataset"
                )
            digests.append(sha256_file(path))
    content: dict[str, Any] = {"texts": digests, "recipe": recipe.model_dump()}
    if vocabulary is not None:
        content["vocabulary"] = sha256(vocabulary.to_bytes()).hexdigest()
    return digest_value(content)


def _make_vocabulary(data: Path, recipe: DatasetRecipe, reporter: Reporter) -> Vocabulary:
    reporter.say(f"vocabulary of {recipe.vocabulary_size} {recipe.vocabulary}")
    lines = _training_lines(data)
    if recipe.vocabulary == "pieces":
        return PieceVocabulary.train(lines, recipe.vocabulary_size, recipe.vocabulary_lines)
    return WordVocabulary.count(lines, recipe.vocabulary_size)


def _training_lines(data: Path) -> Iterator[str]:
    for pair in read_pairs(encoded_paths(data, TRAIN)):
        yield from pair
