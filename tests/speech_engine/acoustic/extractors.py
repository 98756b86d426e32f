"""A small random i-vector extractor, written as Kaldi writes it."""

import numpy as np

from arqon_maestro.speech_engine.kaldi.io import KaldiWriter

COEFFICIENTS, COLUMNS, GAUSSIANS, SIZE = 5, 6, 8, 4


def write(path, writer):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(writer))


def write_extractor(
    folder, *, coefficients=COEFFICIENTS, size=SIZE, seed=0, offset=3.0, sure=False
):
    """Writes all files of an extractor; returns its numbers.

    A `sure` one gives a frame to one Gaussian, and the prior next to no weight.
    """
    chooser = np.random.default_rng(seed)
    means = chooser.standard_normal((GAUSSIANS, COLUMNS))
    inverse = chooser.uniform(0.5, 2, (GAUSSIANS, COLUMNS)) * (100 if sure else 1)
    weights = chooser.dirichlet(np.ones(GAUSSIANS))
    constants = np.log(weights) - 0.5 * (
        COLUMNS * np.log(2 * np.pi) - np.log(inverse).sum(1) + (means**2 * inverse).sum(1)
    )
    writer = KaldiWriter()
    writer.token("<DiagGMM>", "<GCONSTS>")
    writer.vector(constants.astype(np.float32))
    writer.token("<WEIGHTS>")
    writer.vector(weights.astype(np.float32))
    writer.token("<MEANS_INVVARS>")
    writer.matrix((means * inverse).astype(np.float32))
    writer.token("<INV_VARS>")
    writer.matrix(inverse.astype(np.float32))
    writer.token("</DiagGMM>")
    write(folder / "final.dubm", writer)

    projections = chooser.standard_normal((GAUSSIANS, COLUMNS, size))
    roots = chooser.standard_normal((GAUSSIANS, COLUMNS, COLUMNS)) * 0.3
    precisions = roots @ roots.transpose(0, 2, 1) + np.eye(COLUMNS)
    precisions *= 1e7 if sure else 1
    writer = KaldiWriter()
    writer.token("<IvectorExtractor>", "<w>")
    writer.matrix(np.zeros((0, 0)))
    writer.token("<w_vec>")
    writer.vector(weights)
    writer.token("<M>")
    writer.int32(GAUSSIANS)
    for matrix in projections:
        writer.matrix(matrix)
    writer.token("<SigmaInv>")
    for matrix in precisions:
        writer.packed(matrix)
    writer.token("<IvectorOffset>")
    writer.double(offset)
    writer.token("</IvectorExtractor>")
    write(folder / "final.ie", writer)

    transform = chooser.standard_normal((COLUMNS, 7 * coefficients + 1)) * 0.3
    writer = KaldiWriter()
    writer.matrix(transform.astype(np.float32))
    write(folder / "final.mat", writer)
    count, mean = 50.0, chooser.standard_normal(coefficients)
    statistics = np.vstack([[*(mean * count), count], [*(count * (1 + mean**2)), 0.0]])
    rows = "\n".join("  " + " ".join(f"{value:.17g}" for value in row) for row in statistics)
    (folder / "global_cmvn.stats").write_text(f" [\n{rows} ]\n")
    (folder / "splice.conf").write_text("--left-context=3\n--right-context=3\n")
    (folder / "online_cmvn.conf").write_text("# all defaults\n")
    return {
        "means": means,
        "inverse": inverse.astype(np.float32),
        "weights": weights,
        "projections": projections,
        "precisions": precisions,
        "transform": transform.astype(np.float32),
        "statistics": statistics,
        "offset": offset,
    }


def plain_ivector(parts, features, options, window=600, most=200):
    """The i-vector of all frames, term by term, solved exactly."""

    def normalised(frame):
        first = max(0, frame + 1 - window)
        sums = np.array([*features[first : frame + 1].sum(axis=0), frame + 1 - first], float)
        if sums[-1] < window:
            statistics = parts["statistics"][0]
            sums = sums + statistics * (min(window - sums[-1], most) / statistics[-1])
        return features[frame] - sums[:-1] / sums[-1]

    def spliced(source, frame):
        around = [source(min(max(frame + k, 0), len(features) - 1)) for k in range(-3, 4)]
        return parts["transform"] @ np.concatenate([*around, [1.0]])

    size = parts["projections"].shape[2]
    linear, quadratic, count = np.zeros(size), np.eye(size), 0.0
    for frame in range(len(features)):
        place = spliced(normalised, frame)
        logs = [
            np.log(weight)
            + 0.5 * np.log(inverse / (2 * np.pi)).sum()
            - 0.5 * ((place - mean) ** 2 * inverse).sum()
            for weight, mean, inverse in zip(
                parts["weights"], parts["means"], parts["inverse"], strict=True
            )
        ]
        ranked = sorted(range(len(logs)), key=lambda g: -logs[g])[: options.num_gselect]
        kept = [g for g in ranked if logs[g] > max(logs) + np.log(options.min_post)]
        total = sum(np.exp(logs[g]) for g in kept)
        kept = [g for g in kept if np.exp(logs[g]) >= options.min_post * total or g == kept[0]]
        total = sum(np.exp(logs[g]) for g in kept)
        heard = spliced(lambda t: features[t], frame)
        for g in kept:
            weight = options.posterior_scale * np.exp(logs[g]) / total
            back = parts["projections"][g].T @ parts["precisions"][g]
            linear += weight * back @ heard
            quadratic += weight * back @ parts["projections"][g]
            count += weight
    prior = max(count, options.max_count) / options.max_count if options.max_count else 1.0
    linear[0] += prior * parts["offset"]
    quadratic += (prior - 1) * np.eye(size)
    ivector = np.linalg.solve(quadratic, linear)
    ivector[0] -= parts["offset"]
    return ivector
