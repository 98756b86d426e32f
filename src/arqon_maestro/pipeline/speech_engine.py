"""The steps from text to an installed speech engine: language models, export, installation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from arqon_maestro.artifacts import read_json
from arqon_maestro.errors import ConfigurationError, MissingPartError, UsageError, did_you_mean
from arqon_maestro.models.install import Installed, install, require_installed
from arqon_maestro.models.keys import ModelKey
from arqon_maestro.models.registry import ACOUSTIC_MODEL, EMBEDDED, read_registry
from arqon_maestro.models.tarball import pack
from arqon_maestro.models.version import installed_version
from arqon_maestro.pipeline.code_engine import archive_in
from arqon_maestro.pipeline.context import Pipeline
from arqon_maestro.pipeline.corpora import generate_corpus
from arqon_maestro.pipeline.lexicon import (
    CMU_LICENCE,
    build_vocabulary,
    g2p_card,
    train_pronunciation,
)
from arqon_maestro.pipeline.speech_card import RESCORING, SEARCH, engine_card, engine_facts
from arqon_maestro.speech_engine.acoustic.bundle import (
    AcousticBundle,
    BundleKind,
    embedded_bundle,
    folder_bundle,
)
from arqon_maestro.speech_engine.kaldi.symbol_table import read_symbols
from arqon_maestro.speech_engine.lexicon.formats import write_word_symbols
from arqon_maestro.speech_engine.lexicon.vocabulary import read_vocabulary
from arqon_maestro.speech_engine.ngram import NgramModel, train
from arqon_maestro.speech_engine.ngram.const_arpa import write_const_arpa
from arqon_maestro.steps import Outcome, Step, Work

EXPORT_KEY = ModelKey(("speech-engine", "export"))
G2P_KEY = ModelKey(("speech-engine", "g2p"))


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


def arpa_path(pipeline: Pipeline, role: str) -> Path:
    """Returns where the language model of a role, ``search`` or ``rescoring``, lies."""
    return pipeline.library.lm_model_data / f"{role}.arpa.gz"


def lang_folder(pipeline: Pipeline) -> Path:
    """Returns where the symbol table of words and the packed language models lie."""
    return pipeline.library.lm_model / "lang"


def train_model(pipeline: Pipeline, languages: list[str] | None = None) -> list[Outcome]:
    """Brings language models and decoding graph up to date, their data included."""
    from arqon_maestro.pipeline.decoding_graph import build_decoding_graph

    generate_dataset(pipeline, languages)
    return [*train_language_models(pipeline), *build_decoding_graph(pipeline)]


def train_language_models(pipeline: Pipeline) -> list[Outcome]:
    """Estimates the search model and the rescoring model of the filtered corpus, and packs them."""
    recipe = pipeline.recipe.speech_engine
    return [
        _train_ngram(pipeline, SEARCH, recipe.search_order, recipe.search_min_counts),
        _train_ngram(pipeline, RESCORING, recipe.rescoring_order, recipe.rescoring_min_counts),
        pack_const_arpa(pipeline),
    ]


def pack_const_arpa(pipeline: Pipeline) -> Outcome:
    """Packs both models for Kaldi's rescoring, numbered by one symbol table.

    Rescoring takes the search model's costs away (``const_arpa``) and adds those of the larger
    model (``final_const_arpa``): two different models, or it would do nothing.
    """
    data, folder = pipeline.library.lm_model_data, lang_folder(pipeline)

    def action(work: Work) -> None:
        words = read_vocabulary(work.input("vocabulary"))
        write_word_symbols(work.output("words"), words)
        symbols = read_symbols(work.output("words"))
        for role, name in ((SEARCH, "const_arpa"), (RESCORING, "final_const_arpa")):
            model = NgramModel.read(work.input(role))
            write_const_arpa(model, symbols, work.output(name))
            work.count(f"order of {name}", model.order)
            del model

    return pipeline.runner.run(
        Step(
            name="lm/const-arpa",
            version=1,
            action=action,
            inputs={
                "vocabulary": data / "vocab.txt",
                SEARCH: arpa_path(pipeline, SEARCH),
                RESCORING: arpa_path(pipeline, RESCORING),
            },
            outputs={
                "words": folder / "words.txt",
                "const_arpa": folder / "const_arpa",
                "final_const_arpa": folder / "final_const_arpa",
            },
            manifest=folder / "manifest.json",
            libraries=("numpy",),
        )
    )


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
            memory_bytes=round(pipeline.recipe.speech_engine.memory_gib * (1 << 30)),
            executor=pipeline.executor,
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
            # Memory and executor change nothing in the model.
            configuration={"order": order, "min_counts": min_counts, "empty_sentences": share},
            libraries=("numpy", "polars"),
            resumable=True,
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
    if installed_version(folder) != version:
        raise MissingPartError(
            f"the acoustic model {version} is not installed",
            where="config/models.yaml: speech-engine.acoustic-model",
            why=f"{installed_version(folder)} is",
            remedy=f"maestro models use {installed_version(folder)}, or install the other",
        )
    return folder_bundle(folder, reference=version)


def export(pipeline: Pipeline) -> tuple[Outcome, list[Installed]]:
    """Exports the speech engine and the G2P model to tarballs and installs them."""
    data = pipeline.library.lm_model_data
    inputs = {
        "lexicon": data / "lexicon.txt",
        "vocabulary": data / "vocab.txt",
        SEARCH: arpa_path(pipeline, SEARCH),
        RESCORING: arpa_path(pipeline, RESCORING),
    }
    bundle = acoustic_model(pipeline)
    if bundle.kind is BundleKind.KALDI:
        inputs |= _graph_inputs(pipeline, bundle)
    engine = _export(pipeline, "speech-engine", EXPORT_KEY, inputs)
    pronunciation = _export(pipeline, "g2p", G2P_KEY, {"model": pipeline.library.g2p_model})
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
            bundle = acoustic_model(pipeline)
            _write_engine(pipeline, work, unpacked, bundle)
            facts = engine_facts(pipeline.library)
            card = engine_card(facts, bundle, "maestro speech-engine export")
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


def _graph_inputs(pipeline: Pipeline, bundle: AcousticBundle) -> dict[str, Path]:
    from arqon_maestro.pipeline.decoding_graph import engine_parts

    parts = engine_parts(pipeline, bundle)
    found = {
        "acoustic model": parts.acoustic_model,
        "graph": parts.graph,
        "graph's lang": parts.lang,
        "graph's lexicon": parts.lexicon,
    }
    return found if parts.g2p is None else {**found, "g2p": parts.g2p}


def _write_engine(pipeline: Pipeline, work: Work, folder: Path, bundle: AcousticBundle) -> None:
    if bundle.kind is BundleKind.KALDI:
        from arqon_maestro.pipeline.decoding_graph import engine_parts
        from arqon_maestro.speech_engine.graph_export import export_graph_engine

        export_graph_engine(engine_parts(pipeline, bundle), folder)
        return
    from arqon_maestro.speech_engine.export import export_speech_engine

    export_speech_engine(
        folder,
        lexicon=work.input("lexicon"),
        vocabulary=work.input("vocabulary"),
        search=work.input(SEARCH),
        rescoring=work.input(RESCORING),
        acoustic_model=bundle,
    )


def _g2p_files(pipeline: Pipeline, work: Work, folder: Path) -> tuple[dict[str, Any], str]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.fst").write_bytes(work.input("model").read_bytes())
    made = read_json(pipeline.library.g2p_model.with_suffix(".step.json"))
    facts = {
        "configuration": made["configuration"],
        "data": {"CMU pronouncing dictionary": {"licence": CMU_LICENCE}},
        "scores": made["notes"],
        "libraries": made["libraries"],
    }
    return facts, g2p_card(made["notes"])
