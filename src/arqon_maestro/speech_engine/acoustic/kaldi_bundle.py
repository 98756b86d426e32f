"""A Kaldi acoustic model with all that it needs: read, and checked to belong together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from arqon_maestro.errors import ConfigurationError, DataError, MissingPartError
from arqon_maestro.speech_engine.acoustic.ivector_extractor import (
    IvectorExtractor,
    read_ivector_extractor,
)
from arqon_maestro.speech_engine.acoustic.mfcc_options import MfccOptions, read_mfcc_options
from arqon_maestro.speech_engine.acoustic.model import AcousticModel, read_acoustic_model
from arqon_maestro.speech_engine.acoustic.options import read_options
from arqon_maestro.speech_engine.graph.acoustic_model import MODEL_FILE, read_graph_model
from arqon_maestro.speech_engine.graph.phone_table import PhoneTable
from arqon_maestro.speech_engine.kaldi.tree import ContextDependency

CONFIGURATION_FOLDER, IVECTOR_FOLDER = "conf", "ivector_extractor"
MFCC_FILES = ("conf/mfcc.conf", "conf/mfcc_hires.conf", "mfcc.conf")
#: Options of the decoder: vosk's name, and the file in which Kaldi's recipes keep one of them.
DECODER_FILE, SUBSAMPLING_FILE = "conf/model.conf", "frame_subsampling_factor"
SUBSAMPLING_OPTION = "frame-subsampling-factor"
#: Of chain models.
DEFAULT_SUBSAMPLING = 3


@dataclass(frozen=True, eq=False)
class KaldiBundle:
    """A Kaldi acoustic model.

    Attributes:
        folder: where it lies.
        model: ``final.mdl``.
        tree: pdfs of phones in context.
        phones: names of the phones; None where the folder has no ``phones.txt``.
        mfcc: of the features.
        ivectors: the extractor; None where the network takes no i-vector.
        subsampling: frames of features to an output.
    """

    folder: Path
    model: AcousticModel
    tree: ContextDependency
    phones: PhoneTable | None
    mfcc: MfccOptions
    ivectors: IvectorExtractor | None
    subsampling: int

    @property
    def sample_rate_hz(self) -> int:
        """Of the audio that it takes."""
        return round(self.mfcc.sample_frequency)

    @property
    def frame_s(self) -> float:
        """Seconds to an output."""
        return self.mfcc.frame_shift / 1000 * self.subsampling


def read_kaldi_bundle(folder: Path, default_mfcc: MfccOptions | None = None) -> KaldiBundle:
    """Reads a model's folder.

    It holds ``final.mdl``, ``tree``, the configuration of the features (one of `MFCC_FILES`), and,
    where the network takes i-vectors, ``ivector_extractor/``; perhaps ``phones.txt`` and the
    subsampling (``frame_subsampling_factor``, or the option of that name in ``conf/model.conf``;
    3 otherwise).

    Args:
        folder: where it lies.
        default_mfcc: of the features, where no configuration says it.

    Raises:
        MissingPartError: something that is needed is missing.
        DataError: a damaged file, something in it that is not known, or parts of several models.
        ConfigurationError: an option that is not known, or out of its range.
    """
    graph_model = read_graph_model(folder)
    model = read_acoustic_model(folder / MODEL_FILE)
    mfcc_file = next((folder / name for name in MFCC_FILES if (folder / name).is_file()), None)
    if mfcc_file is not None:
        mfcc = read_mfcc_options(mfcc_file)
    elif default_mfcc is not None:
        mfcc = default_mfcc
    else:
        raise MissingPartError(
            "an acoustic model without the configuration of its features",
            where=folder,
            why=f"none of {', '.join(MFCC_FILES)}",
        )
    if mfcc.num_ceps != model.network.feature_dim:
        raise DataError(
            f"{mfcc.num_ceps} coefficients, the network takes {model.network.feature_dim}",
            where=mfcc_file or folder,
            why="the configuration of another model's features",
        )
    return KaldiBundle(
        folder=folder,
        model=model,
        tree=graph_model.tree,
        phones=graph_model.phones,
        mfcc=mfcc,
        ivectors=_extractor(folder, model, mfcc),
        subsampling=_subsampling(folder),
    )


def _extractor(folder: Path, model: AcousticModel, mfcc: MfccOptions) -> IvectorExtractor | None:
    place, wanted = folder / IVECTOR_FOLDER, model.network.ivector_dim
    if not place.is_dir():
        if wanted:
            raise MissingPartError(
                f"the network takes i-vectors of {wanted} columns, and there is no extractor",
                where=place,
            )
        return None
    extractor = read_ivector_extractor(place, folder / CONFIGURATION_FOLDER)
    if extractor.dim != wanted:
        raise DataError(
            f"i-vectors of {extractor.dim} columns, the network takes {wanted or 'none'}",
            where=place,
            why="the extractor of another model",
        )
    if extractor.feature_dim != mfcc.num_ceps:
        raise DataError(
            f"an extractor for {extractor.feature_dim} coefficients,"
            f" the features have {mfcc.num_ceps}",
            where=place,
        )
    return extractor


def _subsampling(folder: Path) -> int:
    text = str(DEFAULT_SUBSAMPLING)
    where = folder / SUBSAMPLING_FILE
    if where.is_file():
        text = where.read_text(encoding="utf-8", errors="replace").strip()
    elif (folder / DECODER_FILE).is_file():
        where = folder / DECODER_FILE
        text = read_options(where).get(SUBSAMPLING_OPTION, text)
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ConfigurationError(f"{text!r} is no factor of subsampling", where=where)
    return int(text)
