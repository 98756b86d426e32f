"""A model that a training goes on from: weights, vocabulary and lexicon that belong together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from arqon_maestro.code_engine.dataset import lexicon_path
from arqon_maestro.code_engine.engine import check_vocabulary, find_lexicon, read_lexicon
from arqon_maestro.code_engine.marian import read_arrays, read_options, read_shape
from arqon_maestro.code_engine.recipe import NetworkRecipe
from arqon_maestro.code_engine.vocabulary import (
    PIECES_FILE,
    WORDS_FILE,
    PieceVocabulary,
    Vocabulary,
    load_vocabulary,
)
from arqon_maestro.errors import DataError, MissingPartError

CONTEXTUAL = "contextual-language-model"
FEWEST_KNOWN_SHARE = 0.5
"""Of a model's lexicon, most tokens are in its vocabulary; of another model's, few."""


@dataclass(frozen=True)
class StartingModel:
    """What a training needs to know of the model it goes on from.

    Attributes:
        weights: the ``model.npz``.
        vocabulary: tokens and ids.
        vocabulary_file: where they were read from.
        lexicon: tokens that are no unknowns.
        lexicon_file: where they were read from.
        shape: layers, width and heads; without dropout.
    """

    weights: Path
    vocabulary: Vocabulary
    vocabulary_file: Path
    lexicon: tuple[str, ...]
    lexicon_file: Path
    shape: NetworkRecipe


def open_starting_model(weights: Path, model: str, language: str) -> StartingModel:
    """Opens a model, ours or Marian's, and checks that its parts belong together.

    Args:
        weights: a ``model.npz`` of any name; vocabulary and lexicon lie beside it.
        model: what it must be.
        language: of which language.

    Raises:
        MissingPartError: weights, vocabulary or lexicon are missing.
        DataError: it is another model's or language's, its network is none that is computed here,
            or the parts do not fit.
    """
    folder = weights.parent
    arrays = read_arrays(weights)
    shape, size = read_shape(weights, read_options(weights, arrays))
    lexicon_file = _lexicon_file(folder, model, language)
    vocabulary = load_vocabulary(folder)
    vocabulary_file = folder / vocabulary.file_name
    pieces = isinstance(vocabulary, PieceVocabulary)
    if pieces != (model == CONTEXTUAL):
        raise DataError(
            f"{model} has a {PIECES_FILE if model == CONTEXTUAL else WORDS_FILE}",
            where=vocabulary_file,
            why="this is the vocabulary of another kind of model",
            remedy="check --model and --from",
        )
    check_vocabulary(weights, size, vocabulary)
    lexicon = tuple(read_lexicon(lexicon_file))
    known = len(set(lexicon).intersection(vocabulary.tokens))
    if not pieces and known < FEWEST_KNOWN_SHARE * len(lexicon):
        raise DataError(
            f"the vocabulary has {known} of the lexicon's {len(lexicon)} tokens",
            where=lexicon_file,
            why="they come from different trainings",
            remedy="put the lexicon that the model was trained with beside it",
        )
    return StartingModel(weights, vocabulary, vocabulary_file, lexicon, lexicon_file, shape)


def _lexicon_file(folder: Path, model: str, language: str) -> Path:
    expected = lexicon_path(folder, language, model)
    if expected.is_file():
        return expected
    try:
        other = find_lexicon(folder)
    except MissingPartError:
        raise MissingPartError(
            "the model has no lexicon beside it",
            where=expected,
            why="without it the words it knows are not told from those it copies",
            remedy="copy the lexicon of its dataset there, or name the exported model",
        ) from None
    raise DataError(
        f"not the {model} of {language}",
        where=other,
        why=f"its lexicon would be {expected.name}",
        remedy="check --model, --language and --from",
    )
