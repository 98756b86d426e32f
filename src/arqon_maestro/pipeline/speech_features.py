"""The step from text, or from recordings, to the features that an acoustic model is trained on."""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from arqon_maestro.artifacts import write_json
from arqon_maestro.config import AcousticRecipe
from arqon_maestro.corpusgen.choices import seed_of
from arqon_maestro.errors import WorkFailedError
from arqon_maestro.pipeline.context import Pipeline, settings
from arqon_maestro.pipeline.corpora import generate_corpus, held_out_path
from arqon_maestro.pipeline.lexicon import train_pronunciation
from arqon_maestro.pipeline.speech_engine import corpus_languages
from arqon_maestro.speech_engine.acoustic.mfcc_options import default_options
from arqon_maestro.speech_engine.acoustic.training.features import (
    FeatureJob,
    read_examples,
    shards_of,
)
from arqon_maestro.speech_engine.acoustic.training.recordings import read_recordings
from arqon_maestro.speech_engine.acoustic.training.synthesis import require_synthesisers
from arqon_maestro.speech_engine.acoustic.training.utterances import (
    NOISE_WORD,
    TEST,
    TRAIN,
    VALID,
    Utterance,
)
from arqon_maestro.speech_engine.acoustic.training.voices import speak_by_lot
from arqon_maestro.speech_engine.corpus import read_sentences
from arqon_maestro.speech_engine.lexicon.build import build_lexicon, missing_words
from arqon_maestro.speech_engine.lexicon.g2p import G2pModel
from arqon_maestro.speech_engine.lexicon.pronunciations import NOISE_PHONE, SPELL_MARK
from arqon_maestro.speech_engine.lexicon.sources import CMU_DICTIONARY, LETTERS, SPELLED
from arqon_maestro.steps import Outcome, Step, Work

FEATURES_FOLDER = "features"
FEATURES_MANIFEST = "features.manifest.json"
PRONUNCIATIONS_FILE = "pronunciations.json"
FIXTURES = Path("tests") / "fixtures" / "speech" / "transcripts.tsv"
_LIMIT_S = 120.0
#: Synthesisers say these as our lexicon has them; of hand-labelled and predicted words they differ.
_AGREED_SOURCES = frozenset({CMU_DICTIONARY, LETTERS, SPELLED})
UNPRONOUNCED = "a word that no pronunciation was found for"


def acoustic_folder(pipeline: Pipeline) -> Path:
    """Returns where features, checkpoints and network lie."""
    return pipeline.library.root / "acoustic"


def choose_sentences(
    lines: Iterable[str], recipe: AcousticRecipe, excluded: Iterable[str]
) -> list[tuple[str, ...]]:
    """Returns the sentences of a text that can be spoken, each once, in the order of the text.

    Args:
        lines: transcripts.
        recipe: how long a sentence may be.
        excluded: sentences that must not be taken, as they are measured on.
    """
    lexicon = build_lexicon()
    agreed = {entry.word for entry in lexicon if entry.source in _AGREED_SOURCES}
    seen = {tuple(line.split()) for line in excluded}
    chosen = []
    for line in lines:
        words = tuple(line.split())
        if words in seen or not recipe.shortest_words <= len(words) <= recipe.longest_words:
            continue
        if all(word in agreed or word.endswith(SPELL_MARK) for word in words):
            seen.add(words)
            chosen.append(words)
    return chosen


def make_features(
    pipeline: Pipeline, languages: list[str] | None, recordings: Sequence[Path], synthetic: bool
) -> Outcome:
    """Brings the features of synthesised and recorded speech up to date.

    Args:
        pipeline: see `Pipeline`.
        languages: whose text is spoken [default: all of the recipe].
        recordings: folders or tables of recordings with transcripts.
        synthetic: whether text is spoken by synthesisers.
    """
    library, recipe = pipeline.library, pipeline.recipe.speech_engine.acoustic
    folder = acoustic_folder(pipeline)
    inputs: dict[str, Path] = {}
    if synthetic:
        require_synthesisers()
        generate_corpus(pipeline, corpus_languages(pipeline, languages))
        inputs = {"text": library.lm_corpus, "held-out": held_out_path(library)}
        if (pipeline.source_root / FIXTURES).is_file():
            inputs["fixtures"] = pipeline.source_root / FIXTURES
    if recordings:
        train_pronunciation(pipeline)
        inputs["g2p"] = library.g2p_model
    for number, place in enumerate(recordings):
        inputs[f"recordings {number}"] = place

    def action(work: Work) -> None:
        utterances = _synthetic(pipeline, work) if synthetic else []
        for number in range(len(recordings)):
            utterances += read_recordings(work.input(f"recordings {number}"))
        utterances = _pronounced(utterances, work)
        if not any(utterance.split == TRAIN for utterance in utterances):
            raise WorkFailedError(
                "no utterance to train on",
                where=work.step.name,
                why=", ".join(f"{reason}: {n}" for reason, n in work.rejects.items()),
            )
        shards = work.output("features")
        shards.mkdir(parents=True, exist_ok=True)
        places = pipeline.executor.map(
            FeatureJob(default_options(), pipeline.recipe.seed),
            shards_of(utterances),
            work.scratch / "shards",
            limit_s=_LIMIT_S,
            label="features of speech",
            reporter=work.reporter,
        )
        examples, rejects = read_examples(places)
        work.rejects.update(rejects)
        for example in examples:
            work.count(f"{example.split} utterances")
            work.count(f"{example.split} frames", len(example.features))
        for place in places:
            place.replace(shards / place.name)

    return pipeline.runner.run(
        Step(
            name="acoustic/features",
            version=2,
            action=action,
            inputs=inputs,
            outputs={
                "features": folder / FEATURES_FOLDER,
                "pronunciations": folder / PRONUNCIATIONS_FILE,
            },
            manifest=folder / FEATURES_MANIFEST,
            configuration={
                "seed": pipeline.recipe.seed,
                "mfcc": asdict(default_options()),
                **{
                    name: value
                    for name, value in settings(recipe).items()
                    if name in _FEATURE_KEYS and synthetic
                },
            },
            libraries=("numpy",),
            resumable=True,
        )
    )


_FEATURE_KEYS = (
    "utterances",
    "valid_utterances",
    "test_utterances",
    "shortest_words",
    "longest_words",
)


def _synthetic(pipeline: Pipeline, work: Work) -> list[Utterance]:
    recipe, seed = pipeline.recipe.speech_engine.acoustic, pipeline.recipe.seed
    fixtures: list[str] = []
    if "fixtures" in work.step.inputs:
        with open(work.input("fixtures"), encoding="utf-8", newline="") as stream:
            fixtures = [row["transcript"] for row in csv.DictReader(stream, delimiter="\t")]
    held_out = choose_sentences(read_sentences(work.input("held-out")), recipe, fixtures)
    excluded = fixtures + [" ".join(words) for words in held_out]
    sentences = choose_sentences(read_sentences(work.input("text")), recipe, excluded)
    for chosen, name in ((sentences, "sentences"), (held_out, "held-out sentences")):
        random.Random(seed_of(seed, "acoustic", name)).shuffle(chosen)
        work.count(name, len(chosen))
    valid, train = sentences[: recipe.valid_utterances], sentences[recipe.valid_utterances :]
    return [
        *speak_by_lot(train, TRAIN, recipe.utterances, seed),
        *speak_by_lot(valid, VALID, recipe.valid_utterances, seed),
        *speak_by_lot(held_out, TEST, recipe.test_utterances, seed),
    ]


def _pronounced(utterances: list[Utterance], work: Work) -> list[Utterance]:
    """Writes pronunciations, without stress; drops utterances with a word that has none."""
    counts = Counter(word for utterance in utterances for word in utterance.words)
    lexicon = build_lexicon(counts).without_stress()
    table: dict[str, list[list[str]]] = {NOISE_WORD: [[NOISE_PHONE]]}
    for word in sorted(counts):
        if entries := lexicon.pronunciations(word):
            table[word] = [list(entry.phones) for entry in entries]
    if "g2p" in work.step.inputs:
        missing = sorted(missing_words(counts, lexicon, len(counts)))
        for entry in G2pModel(work.input("g2p")).pronounce(missing) if missing else ():
            table.setdefault(entry.word, []).append(list(entry.without_stress().phones))
    write_json(work.output("pronunciations"), table)
    kept = [u for u in utterances if all(word in table for word in u.words)]
    if len(kept) < len(utterances):
        work.reject(UNPRONOUNCED, len(utterances) - len(kept))
    return kept
