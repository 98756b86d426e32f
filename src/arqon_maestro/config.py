"""Recipes: every size, limit and hyper-parameter, read from YAML into frozen records.

An unknown key is an error that names the file, the key and what was meant; all errors of a file are
reported together.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from arqon_maestro.code_engine.recipe import (
    DatasetRecipe,
    FineTuningRecipe,
    NetworkRecipe,
    TrainingRecipe,
)
from arqon_maestro.errors import ConfigurationError, MissingPartError, UsageError, did_you_mean

M = TypeVar("M", bound=BaseModel)


class _Recipe(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RepositoriesRecipe(_Recipe):
    """Which raw source code is read."""

    sources: dict[str, list[str]] = Field(
        default_factory=dict,
        description="language → names of sources of config/sources.yaml; a language that is not "
        "named takes all of its sources",
    )
    valid_share: float = Field(
        gt=0, lt=0.5, description="share of repositories kept to validate on"
    )
    test_share: float = Field(gt=0, lt=0.5, description="share of repositories kept to test on")
    package_share: float = Field(
        gt=0, le=1, description="largest share of a language's bytes that one package may have"
    )
    limit_bytes: int | None = Field(default=None, gt=0, description="bytes a language, at most")


class CorpusGenRecipe(_Recipe):
    """How CorpusGen treats files that give trouble."""

    file_limit_s: float = Field(gt=0, description="seconds that one file may take")
    failed_share: float = Field(
        ge=0, le=1, description="share of files that may time out, crash or meet a defect"
    )


class LexiconRecipe(_Recipe):
    """The pronunciation dictionary and what it is made with."""

    g2p_words: int | None = Field(
        description="words that the grapheme-to-phoneme model learns from; null: all"
    )
    g2p_order: int = Field(ge=2, le=9, description="order of its joint n-gram")
    g2p_missing: int = Field(ge=0, description="commonest missing words a language to pronounce")
    english_words: bool = Field(
        description="whether English words that the corpus lacks can be recognised too"
    )


class AcousticRecipe(_Recipe):
    """The acoustic model that is trained on synthesised speech, on recordings, or on both."""

    utterances: int = Field(gt=0, description="synthesised sentences to train on")
    valid_utterances: int = Field(gt=0, description="synthesised sentences to validate on")
    test_utterances: int = Field(
        gt=0, description="sentences of held-out repositories, by held-out voices, to test on"
    )
    shortest_words: int = Field(ge=1, description="words of a sentence to speak, at least")
    longest_words: int = Field(ge=1, description="words of a sentence to speak, at most")
    position_dependent: bool = Field(
        description="whether the names of phones tell their place in the word"
    )
    dim: int = Field(gt=0, description="width of the network's layers")
    slow_layers: int = Field(
        ge=1, le=20, description="layers at a third of the rate of the features"
    )
    epochs: int = Field(gt=0, description="passes over the data")
    batch_frames: int = Field(gt=0, description="frames of features in a batch, at most")
    turning_rate: float = Field(
        gt=0, description="how far a step turns the matrices of hidden layers, in radians, at most"
    )
    learning_rate: float = Field(gt=0, description="of Adam, for all else, the highest")
    perturb: bool = Field(
        description="whether each utterance has another throat and microphone in each epoch"
    )
    batch_parts: int = Field(
        gt=0,
        description="parts of a batch that are normalised each by itself, so that cores share them",
    )
    threads: int = Field(
        gt=0, description="cores of its training: a process each, at most `batch_parts`"
    )


class SpeechRecipe(_Recipe):
    """The speech engine's language side."""

    shares: dict[str, float] = Field(
        description="language → share of the corpus; a language that was not asked for is left out"
    )
    corpus_lines: int = Field(gt=0, description="lines of the mixed corpus, at most")
    minimum_count: int = Field(gt=0, description="how often a word of the corpus must occur")
    vocabulary_size: int = Field(gt=0, description="words that can be recognised, at most")
    lexicon: LexiconRecipe
    search_order: int = Field(ge=2, le=3, description="n-gram order of the search")
    search_min_counts: list[int] = Field(
        description="n-grams seen less often are dropped, per order"
    )
    rescoring_order: int = Field(ge=2, le=6, description="n-gram order of the rescoring")
    rescoring_min_counts: list[int] = Field(description="as search_min_counts")
    empty_sentences: float = Field(
        ge=0, description="mass of the empty sentence, as a share of the corpus's lines"
    )
    memory_gib: float = Field(
        gt=0, description="what n-gram estimation needs at most; the rest lies on disk meanwhile"
    )
    acoustic: AcousticRecipe


class MappingRecipe(_Recipe):
    """How much text CorpusGen makes for a model."""

    mix: dict[str, float] = Field(
        default_factory=dict,
        description="language → weight of its code in the data of the language `default`; empty: "
        "a model's own language alone",
    )
    train_lines: int = Field(gt=0, description="lines to train on, at most")
    valid_lines: int = Field(gt=0, description="lines to validate on, at most")
    test_lines: int = Field(gt=0, description="lines to test on, at most")


class CodeModelRecipe(_Recipe):
    """One of the three transformers."""

    mapping: MappingRecipe
    dataset: DatasetRecipe
    network: NetworkRecipe
    training: TrainingRecipe


class CodeEngineRecipe(_Recipe):
    """The code engine's models."""

    auto_style: CodeModelRecipe = Field(alias="auto-style")
    contextual_language_model: CodeModelRecipe = Field(alias="contextual-language-model")
    transcript_parser: CodeModelRecipe = Field(alias="transcript-parser")
    fine_tuning: FineTuningRecipe = Field(
        default_factory=FineTuningRecipe, alias="fine-tuning", description="own code, on top"
    )

    def model_named(self, name: str) -> CodeModelRecipe:
        """Returns the recipe of ``auto-style``, ``transcript-parser``…"""
        recipe: CodeModelRecipe = getattr(self, name.replace("-", "_"))
        return recipe


class EvaluationRecipe(_Recipe):
    """What is measured, and on how much."""

    lines: int = Field(gt=0, description="held-out lines a model is measured on")
    n_best: int = Field(ge=1, description="answers that are looked at")
    perplexity_lines: int = Field(gt=0, description="held-out lines for the language models")


class Recipe(_Recipe):
    """All of it: one file of ``config/recipes/``, or one of your own."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]*$", description="how reports and cards call the recipe"
    )
    seed: int = Field(ge=0, description="seed of everything")
    threads: int = Field(
        gt=0, description="cores that training uses; another number rounds sums differently"
    )
    repositories: RepositoriesRecipe
    corpusgen: CorpusGenRecipe
    speech_engine: SpeechRecipe = Field(alias="speech-engine")
    code_engine: CodeEngineRecipe = Field(alias="code-engine")
    evaluation: EvaluationRecipe


def load_yaml(path: Path) -> Any:
    """Reads a YAML file.

    Raises:
        MissingPartError: there is no such file.
        ConfigurationError: it is not YAML.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            return yaml.safe_load(stream)
    except FileNotFoundError:
        raise MissingPartError("no such file", where=path) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError("not a YAML file", where=path, why=str(error)) from None


def load(path: Path, model: type[M]) -> M:
    """Reads a YAML file into a record.

    Raises:
        MissingPartError: there is no such file.
        ConfigurationError: unknown keys, wrong types, values out of range; all of them at once.
    """
    try:
        return model.model_validate(load_yaml(path))
    except ValidationError as error:
        problems = "\n  ".join(_describe(problem, model) for problem in error.errors())
        raise ConfigurationError(
            f"{error.error_count()} errors in the configuration:\n  {problems}", where=path
        ) from None


def _describe(problem: Any, model: type[BaseModel]) -> str:
    location = [str(part) for part in problem["loc"]]
    key = ".".join(location)
    if problem["type"] == "extra_forbidden":
        allowed = _fields(model, location[:-1])
        return f"{key}: unknown key; {did_you_mean(location[-1], allowed)}"
    if problem["type"] == "missing":
        return f"{key}: missing"
    return f"{key}: {problem['msg']}, not {problem['input']!r}"


def _fields(model: type[BaseModel], location: list[str]) -> list[str]:
    """Returns the keys that are allowed at a place of a nested record."""
    for part in location:
        for name, field in model.model_fields.items():
            if part in (name, field.alias):
                kind = field.annotation
                if isinstance(kind, type) and issubclass(kind, BaseModel):
                    model = kind
    return [field.alias or name for name, field in model.model_fields.items()]


def load_recipe(source_root: Path, *, test_mode: bool = False, recipe: str | None = None) -> Recipe:
    """Reads a recipe.

    Args:
        source_root: the checkout.
        test_mode: take ``test`` where none is named; otherwise ``full``.
        recipe: a name of ``config/recipes/``, or the path of a YAML file.

    Raises:
        UsageError: no recipe has that name, or test mode was asked for with another recipe.
        MissingPartError: there is no such file.
        ConfigurationError: unknown keys, wrong types, values out of range; all of them at once.
    """
    if test_mode and recipe not in (None, "test"):
        raise UsageError(
            "--test-mode is the recipe 'test'", where=f"--recipe {recipe}", remedy="leave out one"
        )
    name = recipe or ("test" if test_mode else "full")
    if name.endswith((".yaml", ".yml")):
        return load(Path(name), Recipe)
    folder = source_root / "config" / "recipes"
    names = sorted(path.stem for path in folder.glob("*.yaml"))
    if recipe is not None and name not in names:
        raise UsageError(
            f"no such recipe: {name!r}",
            where="--recipe",
            remedy=f"{did_you_mean(name, names)}, or the path of a .yaml file",
        )
    return load(folder / f"{name}.yaml", Recipe)
