"""The files of an i-vector extractor, which are read and checked to belong together.

Source: Kaldi's ``ivector/ivector-extractor`` and ``gmm/diag-gmm``. `F` frames, `C` coefficients,
`L` columns after splicing and linear discriminant analysis (LDA), `G` Gaussians of the universal
background model (UBM), `V` columns of an i-vector.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.errors import ConfigurationError, DataError
from arqon_maestro.speech_engine.acoustic.cmvn import (
    CmvnOptions,
    Statistics,
    read_cmvn_options,
    read_statistics,
)
from arqon_maestro.speech_engine.acoustic.matrix_file import read_matrix
from arqon_maestro.speech_engine.acoustic.options import parse_options, read_options
from arqon_maestro.speech_engine.kaldi.io import KaldiReader

Array = NDArray[np.float64]
#: Files of an extractor: those that must be there, and configuration that may be.
EXTRACTOR_FILES = ("final.dubm", "final.ie", "final.mat", "global_cmvn.stats")
SPLICE_FILE, CMVN_FILE, CONFIGURATION_FILE = (
    "splice.conf",
    "online_cmvn.conf",
    "ivector_extractor.conf",
)
#: Options that name files, which are found by their names here, and such as say nothing to us.
_IGNORED = frozenset(
    {
        *("splice-config", "cmvn-config", "lda-matrix", "global-cmvn-stats", "diag-ubm"),
        *("ivector-extractor", "ivector-period", "max-remembered-frames", "verbose"),
        *("use-most-recent-ivector", "greedy-ivector-extractor"),
    }
)


@dataclass(frozen=True)
class SpliceOptions:
    """Options of ``splice.conf``: frames on either side."""

    left_context: int = 4
    right_context: int = 4


@dataclass(frozen=True)
class IvectorOptions:
    """Options of ``ivector_extractor.conf``, under Kaldi's names.

    Attributes:
        num_gselect: Gaussians a frame, at most.
        min_post: Gaussians less probable than this don't count.
        posterior_scale: weight of a frame, as neighbours are alike.
        max_count: frames, after this weight, beyond which statistics are scaled down; 0 for none.
            Kaldi's default is 0, its recipes (and vosk) take 100.
        num_cg_iters: steps of the conjugate gradients.
        online_cmvn_iextractor: normalised features for the statistics too.
    """

    num_gselect: int = 5
    min_post: float = 0.025
    posterior_scale: float = 0.1
    max_count: float = 100.0
    num_cg_iters: int = 15
    online_cmvn_iextractor: bool = False

    def __post_init__(self) -> None:
        if self.num_gselect < 1 or self.num_cg_iters < 1:
            raise ConfigurationError("--num-gselect and --num-cg-iters must be above 0")
        if not 0 <= self.min_post < 1 or not 0 < self.posterior_scale <= 1 or self.max_count < 0:
            raise ConfigurationError(
                "--min-post, --posterior-scale or --max-count out of their ranges"
            )


@dataclass(frozen=True, eq=False)
class DiagonalGmm:
    """A mixture of Gaussians with diagonal covariances.

    Attributes:
        constants: `(G,)` of the log-likelihood.
        scaled_means: `(G, L)` means times inverse variances.
        inverse_variances: `(G, L)`.
    """

    constants: Array
    scaled_means: Array
    inverse_variances: Array

    def log_likelihoods(self, features: Array) -> Array:
        """Returns `(F, G)` of features `(F, L)`."""
        linear = features @ self.scaled_means.T
        return np.asarray(self.constants + linear - 0.5 * (features**2) @ self.inverse_variances.T)


def read_gmm(path: Path) -> DiagonalGmm:
    """Reads ``final.dubm``.

    Raises:
        MissingPartError: no such file.
        DataError: no such model.
    """
    reader = KaldiReader.open(path)
    reader.expect("<DiagGMM>")
    constants = None
    if reader.peek() == "<GCONSTS>":
        reader.token()
        constants = reader.vector().astype(np.float64)
    reader.expect("<WEIGHTS>")
    weights = reader.vector().astype(np.float64)
    reader.expect("<MEANS_INVVARS>")
    means = reader.matrix().astype(np.float64)
    reader.expect("<INV_VARS>")
    inverse = reader.matrix().astype(np.float64)
    reader.expect("</DiagGMM>")
    if not len(weights) == len(means) == len(inverse) or means.shape != inverse.shape:
        reader.fail(f"{len(weights)} weights, means {means.shape}, variances {inverse.shape}")
    if (inverse <= 0).any() or not np.isfinite(means).all() or (weights < 0).any():
        reader.fail("a mixture with variances or weights that cannot be")
    if constants is None or len(constants) != len(weights):
        with np.errstate(divide="ignore"):
            constants = np.log(weights) - 0.5 * (
                means.shape[1] * np.log(2 * np.pi)
                - np.log(inverse).sum(axis=1)
                + (means**2 / inverse).sum(axis=1)
            )
    return DiagonalGmm(constants, means, inverse)


@dataclass(frozen=True, eq=False)
class IvectorModel:
    """What ``final.ie`` holds.

    Attributes:
        projections: `(G, L, V)`: mean of each Gaussian as a function of the i-vector.
        inverse_variances: `(G, L, L)`.
        prior_offset: mean of the first column before any speech.
    """

    projections: Array
    inverse_variances: Array
    prior_offset: float

    @cached_property
    def linear(self) -> Array:
        """`(G, L, V)`: inverse variances times projections."""
        return np.asarray(np.matmul(self.inverse_variances, self.projections))

    @cached_property
    def quadratic(self) -> Array:
        """`(G, V * V)`: what each Gaussian's count adds to the precision."""
        products = np.matmul(self.projections.transpose(0, 2, 1), self.linear)
        return np.asarray(products.reshape(len(products), -1))


def read_ivector_model(path: Path) -> IvectorModel:
    """Reads ``final.ie``.

    Raises:
        MissingPartError: no such file.
        DataError: no such model, or one whose weights depend on the i-vector.
    """
    reader = KaldiReader.open(path)
    reader.expect("<IvectorExtractor>", "<w>")
    if reader.matrix().size:
        reader.fail("weights that depend on the i-vector are not known")
    reader.expect("<w_vec>")
    reader.vector()
    reader.expect("<M>")
    count = reader.int32()
    if count <= 0:
        reader.fail(f"an extractor of {count} Gaussians")
    projections = [reader.matrix().astype(np.float64) for _ in range(count)]
    reader.expect("<SigmaInv>")
    inverse = [reader.packed().astype(np.float64) for _ in range(count)]
    reader.expect("<IvectorOffset>")
    offset = reader.real()
    reader.expect("</IvectorExtractor>")
    rows, columns = projections[0].shape
    if any(part.shape != (rows, columns) for part in projections) or any(
        part.shape != (rows, rows) for part in inverse
    ):
        reader.fail("an extractor whose matrices are of several sizes")
    return IvectorModel(np.stack(projections), np.stack(inverse), offset)


@dataclass(frozen=True, eq=False)
class IvectorExtractor:
    """All files of an extractor.

    Attributes:
        model: ``final.ie``.
        background: ``final.dubm``.
        transform: ``final.mat``, `(L, spliced columns)` or with a column of offsets more.
        statistics: ``global_cmvn.stats``.
        splice: ``splice.conf``.
        cmvn: ``online_cmvn.conf``.
        options: ``ivector_extractor.conf``.
    """

    model: IvectorModel
    background: DiagonalGmm
    transform: Array
    statistics: Statistics
    splice: SpliceOptions
    cmvn: CmvnOptions
    options: IvectorOptions

    @property
    def dim(self) -> int:
        """`V`."""
        return int(self.model.projections.shape[2])

    @property
    def feature_dim(self) -> int:
        """`C`."""
        return int(self.statistics.shape[1]) - 1


def read_ivector_extractor(folder: Path, configuration: Path | None = None) -> IvectorExtractor:
    """Reads an extractor's folder and checks that its parts belong together.

    Args:
        folder: with `EXTRACTOR_FILES`, and perhaps `SPLICE_FILE`, `CMVN_FILE`,
            `CONFIGURATION_FILE`.
        configuration: another folder where those three may be (``conf``). Without ``splice.conf``
            three frames on either side are spliced, as in Kaldi's recipes.

    Raises:
        MissingPartError: a file that must be there is missing.
        DataError: a file that cannot be used, or parts that don't belong together.
        ConfigurationError: an option that is not known, or out of its range.
    """

    def found(name: str) -> Path | None:
        places = [folder / name] + ([configuration / name] if configuration else [])
        return next((place for place in places if place.is_file()), None)

    splice_file, cmvn_file, options_file = map(found, (SPLICE_FILE, CMVN_FILE, CONFIGURATION_FILE))
    splice = SpliceOptions(3, 3)
    if splice_file is not None:
        splice = parse_options(
            SpliceOptions, read_options(splice_file), splice_file, frozenset({"verbose"})
        )
    options = IvectorOptions()
    if options_file is not None:
        options = parse_options(IvectorOptions, read_options(options_file), options_file, _IGNORED)
    extractor = IvectorExtractor(
        model=read_ivector_model(folder / "final.ie"),
        background=read_gmm(folder / "final.dubm"),
        transform=read_matrix(folder / "final.mat"),
        statistics=read_statistics(folder / "global_cmvn.stats"),
        splice=splice,
        cmvn=read_cmvn_options(cmvn_file) if cmvn_file is not None else CmvnOptions(),
        options=options,
    )
    _check(extractor, folder)
    return extractor


def _check(extractor: IvectorExtractor, folder: Path) -> None:
    gaussians, columns, _ = extractor.model.projections.shape
    spliced = extractor.feature_dim * (
        1 + extractor.splice.left_context + extractor.splice.right_context
    )
    rows, width = extractor.transform.shape
    if min(extractor.splice.left_context, extractor.splice.right_context) < 0:
        raise DataError("a splice of less than no frame", where=folder / SPLICE_FILE)
    if width not in (spliced, spliced + 1):
        raise DataError(
            f"final.mat takes {width} columns, splicing gives {spliced}",
            where=folder,
            why=f"{extractor.feature_dim} coefficients in global_cmvn.stats,"
            f" {extractor.splice.left_context} frames before and"
            f" {extractor.splice.right_context} after",
        )
    if not rows == columns == extractor.background.scaled_means.shape[1]:
        raise DataError(
            f"final.mat gives {rows} columns, final.ie takes {columns}, final.dubm"
            f" {extractor.background.scaled_means.shape[1]}",
            where=folder,
        )
    if gaussians != len(extractor.background.constants):
        raise DataError(
            f"final.ie has {gaussians} Gaussians, final.dubm {len(extractor.background.constants)}",
            where=folder,
        )
