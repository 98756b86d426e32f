"""Writes the folder that `Recognizer` loads: dictionary, language models, settings."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from arqon_maestro.artifacts import (
    atomic_binary,
    atomic_folder,
    atomic_text,
    open_text,
    write_json,
)
from arqon_maestro.errors import DataError, MissingPartError
from arqon_maestro.speech_engine.acoustic.bundle import (
    AcousticBundle,
    embedded_bundle,
    require_decoder,
)
from arqon_maestro.speech_engine.lattice import LOG_BASE
from arqon_maestro.speech_engine.lexicon.formats import (
    read_lexicon,
    to_pocketsphinx,
    write_lexicon,
    write_pocketsphinx_dictionary,
)
from arqon_maestro.speech_engine.lexicon.vocabulary import read_vocabulary
from arqon_maestro.speech_engine.settings import (
    SETTINGS_FILE,
    DecoderSettings,
    LatticeSearchSettings,
    RecognizerSettings,
)

LEXICON_FILE = "lexicon.txt"
VOCABULARY_FILE = "vocab.txt"
DICTIONARY_FILE = "dictionary.txt"
SEARCH_MODEL_FILE = "search.lm.bin"
RESCORING_MODEL_FILE = "rescoring.arpa.gz"
_ACOUSTIC_FOLDER = "acoustic-model"
_EMBEDDED = "embedded"


def export_speech_engine(
    destination: Path,
    *,
    lexicon: Path,
    vocabulary: Path,
    search: Path,
    rescoring: Path,
    acoustic_model: AcousticBundle | None = None,
    decoder: DecoderSettings | None = None,
    lattice_search: LatticeSearchSettings | None = None,
) -> None:
    """Writes a speech engine's folder; it appears whole or not at all.

    Args:
        destination: the folder; what is there is replaced.
        lexicon: ``lexicon.txt``, with pronunciations of at least the vocabulary.
        vocabulary: ``vocab.txt``, the words that can be recognised.
        search: ARPA, plain or ``.gz``, for the first pass; order 3 is the highest used there.
        rescoring: ARPA, plain or ``.gz``, of the same vocabulary, for the final ranking.
        acoustic_model: one that pocketsphinx decodes with: referred to if embedded (the default),
            copied otherwise. The lexicon is written in its phones.
        decoder: settings of the first pass.
        lattice_search: settings of the second pass.

    Raises:
        MissingPartError: a language model is missing; or the acoustic model is a Kaldi one, which
            needs a decoding graph (`graph_export`).
        DataError: a word without pronunciation, a phone that the acoustic model lacks, or a
            language model that cannot be read.
    """
    bundle = acoustic_model or embedded_bundle()
    require_decoder(bundle)
    for model in (search, rescoring):
        if not model.is_file():
            raise MissingPartError(
                "no language model", where=model, remedy="maestro speech-engine train-model"
            )
    words = read_vocabulary(vocabulary)
    pronunciations = read_lexicon(lexicon)
    unknown = [word for word in words if word not in pronunciations]
    if unknown:
        raise DataError(
            f"{len(unknown)} words of the vocabulary without pronunciation",
            where=vocabulary,
            why=", ".join(unknown[:5]),
            remedy=f"maestro lexicon add {unknown[0]}",
        )
    known = pronunciations.restricted(words)
    if bundle.phones is not None:
        known = known.in_phones(bundle.phones, bundle.reference)
    with atomic_folder(destination) as folder:
        write_lexicon(folder / LEXICON_FILE, known)
        _copy_text(vocabulary, folder / VOCABULARY_FILE)
        write_pocketsphinx_dictionary(folder / DICTIONARY_FILE, known)
        _compile_search_model(search, folder / SEARCH_MODEL_FILE)
        _copy_text(rescoring, folder / RESCORING_MODEL_FILE)
        settings = RecognizerSettings(
            acoustic_model=_place_acoustic_model(bundle, folder),
            decoder=decoder or DecoderSettings(),
            lattice_search=lattice_search or LatticeSearchSettings(),
        )
        write_json(folder / SETTINGS_FILE, settings.model_dump(mode="json"))


def _place_acoustic_model(bundle: AcousticBundle, folder: Path) -> str:
    if bundle.reference.startswith(_EMBEDDED):
        return bundle.reference
    shutil.copytree(bundle.folder, folder / _ACOUSTIC_FOLDER)
    return _ACOUSTIC_FOLDER


def _copy_text(source: Path, destination: Path) -> None:
    with open_text(source) as lines, atomic_text(destination) as stream:
        shutil.copyfileobj(lines, stream)


def _compile_search_model(source: Path, destination: Path) -> None:
    """Turns an ARPA file into pocketsphinx's binary form, which loads many times faster."""
    from pocketsphinx import Config, LogMath, NGramModel

    with tempfile.TemporaryDirectory() as name:
        renamed = Path(name) / "search.arpa"
        binary = Path(name) / "search.lm.bin"
        with open_text(source) as lines, open(renamed, "w", encoding="utf-8") as stream:
            for line in lines:
                stream.write(to_pocketsphinx(line))
        try:
            NGramModel(Config(), LogMath(LOG_BASE), str(renamed)).write(str(binary))
        except (RuntimeError, ValueError) as error:
            raise DataError("not an ARPA file", where=source, why=str(error)) from None
        with atomic_binary(destination) as stream_out:
            stream_out.write(binary.read_bytes())
