"""The steps from lexicon and language models to a decoding graph, for a Kaldi acoustic model."""

from __future__ import annotations

from pathlib import Path

from arqon_maestro.artifacts import atomic_folder, require_own_folder
from arqon_maestro.errors import ConfigurationError, DataError
from arqon_maestro.models.manifest import OWN_NAMES
from arqon_maestro.models.tarball import label
from arqon_maestro.pipeline.context import Pipeline
from arqon_maestro.pipeline.graph import graph_step
from arqon_maestro.pipeline.speech_card import RESCORING, SEARCH, engine_card, engine_facts
from arqon_maestro.pipeline.speech_engine import EXPORT_KEY, acoustic_model, arpa_path
from arqon_maestro.speech_engine.acoustic.bundle import AcousticBundle, BundleKind
from arqon_maestro.speech_engine.graph.compilation import GraphSettings
from arqon_maestro.speech_engine.graph.lang_folder import write_lang
from arqon_maestro.speech_engine.graph.phone_table import PhoneTable
from arqon_maestro.speech_engine.graph_export import VOSK_NAMES, EngineParts, export_vosk
from arqon_maestro.speech_engine.lexicon.formats import read_lexicon, write_lexicon
from arqon_maestro.speech_engine.lexicon.vocabulary import read_vocabulary
from arqon_maestro.steps import Outcome, Step, Work


def build_decoding_graph(pipeline: Pipeline) -> list[Outcome]:
    """Brings lang folder and graph up to date; nothing is done for the embedded acoustic model."""
    bundle = acoustic_model(pipeline)
    if bundle.kind is not BundleKind.KALDI:
        return []
    parts = engine_parts(pipeline, bundle)
    return [
        _make_lang(pipeline, bundle, parts),
        pipeline.runner.run(
            graph_step(parts.lang, parts.search, bundle.folder, parts.graph, GraphSettings())
        ),
    ]


def engine_parts(pipeline: Pipeline, bundle: AcousticBundle) -> EngineParts:
    """Returns where the parts of a speech engine with a graph lie, made already or not."""
    folder = pipeline.library.lm_model
    g2p = pipeline.library.g2p_model
    return EngineParts(
        acoustic_model=bundle.folder,
        lang=folder / "graph-lang",
        graph=folder / "graph",
        lexicon=folder / "graph-lexicon.txt",
        search=arpa_path(pipeline, SEARCH),
        rescoring=arpa_path(pipeline, RESCORING),
        g2p=g2p if g2p.is_file() else None,
    )


def export_for_vosk(pipeline: Pipeline, output: Path) -> None:
    """Writes a folder that vosk loads, of what was trained, with manifest and card.

    Raises:
        UsageError: the folder holds other things.
        ConfigurationError: the acoustic model is none that vosk can use.
        MissingPartError: something was not trained yet.
    """
    bundle = acoustic_model(pipeline)
    if bundle.kind is not BundleKind.KALDI:
        raise ConfigurationError(
            f"vosk cannot use the acoustic model {bundle.reference}",
            where="config/models.yaml: speech-engine.acoustic-model",
            remedy="maestro speech-engine train-acoustic, or name a Kaldi model there",
        )
    require_own_folder(output, (*VOSK_NAMES, *OWN_NAMES))
    if pipeline.runner.dry_run:
        pipeline.reporter.say(f"{output}: would be written")
        return
    facts = engine_facts(pipeline.library)
    card = engine_card(facts, bundle, "maestro speech-engine export --format vosk")
    with atomic_folder(output) as folder:
        export_vosk(engine_parts(pipeline, bundle), folder)
        label(folder, {**facts, "model": EXPORT_KEY.path, "format": "vosk"}, card)


def _make_lang(pipeline: Pipeline, bundle: AcousticBundle, parts: EngineParts) -> Outcome:
    data = pipeline.library.lm_model_data

    def action(work: Work) -> None:
        if bundle.phones is None:
            raise DataError(
                "an acoustic model without the names of its phones",
                where=bundle.folder / "phones.txt",
                why="the lexicon could not be put into its phones",
            )
        lexicon = read_lexicon(work.input("lexicon")).in_phones(bundle.phones, bundle.reference)
        known = lexicon.restricted(read_vocabulary(work.input("vocabulary")))
        summary = write_lang(
            work.output("lang"),
            known,
            PhoneTable.read(work.input("phones")),
            where=work.input("lexicon"),
        )
        # Hints are looked up in the whole lexicon.
        write_lexicon(work.output("lexicon"), lexicon)
        work.count("words", summary.words)
        work.count("pronunciations", summary.pronunciations)

    return pipeline.runner.run(
        Step(
            name="graph/lang",
            version=1,
            action=action,
            inputs={
                "lexicon": data / "lexicon.txt",
                "vocabulary": data / "vocab.txt",
                "phones": bundle.folder / "phones.txt",
            },
            outputs={"lang": parts.lang, "lexicon": parts.lexicon},
            manifest=Path(f"{parts.lang}.manifest.json"),
        )
    )
