"""What a training makes of a dataset before the first update: vocabulary and token arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from arqon_maestro.artifacts import digest_value, read_json, sha256_file, write_json
from arqon_maestro.code_engine.arrays import REMEDY, PairArrays, array_paths, build_arrays
from arqon_maestro.code_engine.counts import SplitCounts, count_tokens
from arqon_maestro.code_engine.dataset import encoded_paths
from arqon_maestro.code_engine.recipe import DatasetRecipe
from arqon_maestro.code_engine.sampling import sample_lines
from arqon_maestro.code_engine.vocabulary import (
    PIECES_FILE,
    WORDS_FILE,
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

STRANGE_SHARE = 0.01
"""Pairs that may have tokens outside a given vocabulary, before it is taken for another's."""

PIECES_BYTES = 32 << 20
"""Text that SentencePiece learns from, at most; it needs 25 times as much memory."""

# Another sample of the same text would be as good, so this seed is no setting.
SAMPLE_SEED = 1


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
        DataError: nothing to train or validate on; the arrays are damaged; or the dataset is of
            another vocabulary than the given one.
    """
    if vocabulary is not None and vocabulary.kind != recipe.vocabulary:
        raise DataError(
            f"a vocabulary of {vocabulary.kind}, where the recipe has {recipe.vocabulary}",
            where=data,
            remedy=f"take a model whose recipe says `vocabulary: {recipe.vocabulary}`",
        )
    fingerprint = _fingerprint(data, recipe, vocabulary)
    tokens = output / TOKENS_FOLDER
    record = tokens / RECORD_FILE
    content = read_json(record) if record.is_file() else {}
    if content.get("fingerprint") == fingerprint and "digests" in content:
        _check_digests(tokens, content["digests"])
        vocabulary = vocabulary or load_vocabulary(output)
        counts = {split: SplitCounts(**values) for split, values in content["counts"].items()}
    else:
        record.unlink(missing_ok=True)
        given = vocabulary is not None
        vocabulary = vocabulary or _make_vocabulary(data, recipe, reporter)
        for name in {WORDS_FILE, PIECES_FILE} - {vocabulary.file_name}:
            (output / name).unlink(missing_ok=True)
        vocabulary.save(output / vocabulary.file_name)
        counts = {
            split: build_arrays(
                encoded_paths(data, split), tokens, split, vocabulary, recipe.max_length, reporter
            )
            for split in (TRAIN, VALID)
        }
        if given:
            _check_vocabulary(vocabulary, data, counts[TRAIN])
        # Last, so that it is a promise about the files beside it.
        write_json(
            record,
            {
                "fingerprint": fingerprint,
                "counts": {split: asdict(count) for split, count in counts.items()},
                "digests": _digests(tokens),
            },
        )
    for split, count in counts.items():
        if not count.kept:
            raise DataError(
                "no pair is left",
                where=encoded_paths(data, split)[0],
                why=count.reasons(),
                remedy=f"raise max_length ({recipe.max_length} tokens) or add source code",
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
    if recipe.vocabulary == "pieces":
        content["sample"] = [PIECES_BYTES, SAMPLE_SEED]
    if vocabulary is not None:
        content["vocabulary"] = sha256(vocabulary.to_bytes()).hexdigest()
    return digest_value(content)


def _digests(tokens: Path) -> dict[str, str]:
    paths = [path for split in (TRAIN, VALID) for path in array_paths(tokens, split)]
    return {path.name: sha256_file(path) for path in paths}


def _check_digests(tokens: Path, recorded: Mapping[str, str]) -> None:
    """Checks that the arrays are those that were written."""
    for name, digest in recorded.items():
        path = tokens / name
        if not path.is_file():
            raise MissingPartError("no token array", where=path, remedy=REMEDY)
        if sha256_file(path) != digest:
            raise DataError("the token array is damaged", where=path, remedy=REMEDY)


def _check_vocabulary(vocabulary: Vocabulary, data: Path, counts: SplitCounts) -> None:
    """Checks that the dataset was made for a given vocabulary.

    Its tokens are those of the lexicon and the placeholders; a vocabulary of words has all of
    them. Pieces can write any word.
    """
    if vocabulary.kind == "words" and counts.strange > STRANGE_SHARE * counts.kept:
        paths = encoded_paths(data, TRAIN)
        strange = count_tokens(paths).keys() - {*vocabulary.tokens, ""}
        named = ", ".join(repr(token) for token in sorted(strange)[:5])
        raise DataError(
            "the dataset is of another vocabulary",
            where=paths[0],
            why=f"{counts.strange} of {counts.kept} pairs have tokens that it lacks: {named}",
            remedy="make the dataset with the lexicon of the model that learns on",
        )


def _make_vocabulary(data: Path, recipe: DatasetRecipe, reporter: Reporter) -> Vocabulary:
    paths, size = encoded_paths(data, TRAIN), recipe.vocabulary_size
    label = f"vocabulary of {size} {recipe.vocabulary}"
    if recipe.vocabulary == "words":
        return WordVocabulary.of_counts(count_tokens(paths, label, reporter), size)
    reporter.say(label)
    lines = sample_lines(paths, recipe.vocabulary_lines, PIECES_BYTES, SAMPLE_SEED)
    return PieceVocabulary.train(lines, size, recipe.vocabulary_lines)
