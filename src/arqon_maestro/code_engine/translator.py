"""Translation and rescoring with an installed model, in float32 on CTranslate2.

Scores are summed natural-log probabilities, the final ``</s>`` included, not divided by the
length: the runtime's costs are their negatives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from arqon_maestro.code_engine.engine import Engine, load_engine
from arqon_maestro.code_engine.vocabulary import EOS_TOKEN
from arqon_maestro.corpusgen.unknowns import TooManyUnknownsError
from arqon_maestro.errors import DataError

# Padded tokens of one batch: more does not run faster on a CPU.
BATCH_TOKENS = 2048
# Lines whose limits of length differ by less are translated together, with the largest of them. The
# few whose output reaches their own limit, by repeating itself, are then translated again.
LIMIT_STEP = 64


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One output of a model.

    Attributes:
        text: target tokens, unknowns resolved.
        score: its log probability in nats, given the source.
    """

    text: str
    score: float


@dataclass(frozen=True, slots=True)
class _Output:
    tokens: list[str]
    score: float


@dataclass(frozen=True, slots=True)
class _Line:
    pieces: list[str]  # with the final </s>
    unknowns: dict[str, str]


class Translator:
    """Translates source lines.

    Args:
        folder: an exported or installed model.
        threads: batches at the same time, each on one core.

    Raises:
        MissingPartError: there is no model.
        DataError: the model cannot be read.
    """

    def __init__(self, folder: Path, threads: int = 1) -> None:
        self._engine = load_engine(folder, threads)

    def translate(
        self,
        lines: Sequence[str],
        n_best: int = 1,
        beam_size: int | None = None,
        max_length: int | None = None,
    ) -> list[list[Hypothesis]]:
        """Translates lines, best hypotheses first.

        Args:
            lines: source lines as `corpusgen` writes them, without unknown replacement.
            n_best: hypotheses a line.
            beam_size: width of the beam; the model's own by default, and never below `n_best`.
            max_length: most output tokens. The model's ``max-length-factor`` x source length,
                ``</s>`` included, limits them in any case, as in Marian, whose ``max-length``
                is about sources and in a server about nothing.

        Returns:
            Up to `n_best` hypotheses for every line; none for a line without tokens, and none for
            one with more than 20 unknown tokens, which the model cannot be given.

        Raises:
            DataError: a line is longer than the model's position table.
        """
        engine = self._engine
        results: list[list[Hypothesis]] = [[] for _ in lines]
        groups: dict[int, list[tuple[int, int, _Line]]] = {}
        for index, text in enumerate(lines):
            line = _encode(engine, text, index + 1)
            if line is None or len(line.pieces) == 1:
                continue
            limit = max(1, int(engine.options.max_length_factor * len(line.pieces)))
            limit = min(limit, engine.positions - 1, max_length or limit)
            groups.setdefault(limit // LIMIT_STEP, []).append((index, limit, line))
        for _, group in sorted(groups.items()):
            longest = max(limit for _, limit, _ in group)
            found = self._run([line for _, _, line in group], n_best, beam_size, longest)
            for (index, limit, line), outputs in zip(group, found, strict=True):
                if limit < longest and any(len(output.tokens) >= limit for output in outputs):
                    (outputs,) = self._run([line], n_best, beam_size, limit)
                results[index] = [
                    Hypothesis(_decode(engine, output.tokens, line), output.score)
                    for output in outputs
                ]
        return results

    def _run(
        self, lines: list[_Line], n_best: int, beam_size: int | None, limit: int
    ) -> list[list[_Output]]:
        engine = self._engine
        outputs = engine.runner.translate_batch(
            [line.pieces for line in lines],
            beam_size=max(beam_size or engine.options.beam_size, n_best),
            num_hypotheses=n_best,
            length_penalty=0,
            disable_unk=True,
            return_scores=True,
            min_decoding_length=0,
            max_decoding_length=limit,
            max_input_length=0,
            max_batch_size=BATCH_TOKENS,
            batch_type="tokens",
        )
        return [
            [
                _Output(tokens, float(score))
                for tokens, score in zip(output.hypotheses, output.scores, strict=True)
            ]
            for output in outputs
        ]


class Rescorer:
    """Scores given targets.

    Args:
        folder: an exported or installed model.
        threads: batches at the same time, each on one core.

    Raises:
        MissingPartError: there is no model.
        DataError: the model cannot be read.
    """

    def __init__(self, folder: Path, threads: int = 1) -> None:
        self._engine = load_engine(folder, threads)

    def count_unknowns(self, source: str) -> int:
        """Returns how many distinct tokens of a source are not in the lexicon."""
        replacer = self._engine.replacer
        return 0 if replacer is None else replacer.count_unknowns(source)

    def rescore(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Returns log p(target | source) in nats for every (source, target).

        Raises:
            DataError: a line is longer than the model's position table.
            TooManyUnknownsError: a source has more than 20 unknown tokens.
        """
        engine = self._engine
        sources: list[list[str]] = []
        targets: list[list[str]] = []
        for number, (source, target) in enumerate(pairs, start=1):
            line = _encode(engine, source, number)
            if line is None:
                raise TooManyUnknownsError("too many unknown tokens", where=f"line {number}")
            if engine.replacer is not None:
                target = engine.replacer.apply(target, line.unknowns)
            sources.append(line.pieces)
            targets.append(_pieces(engine, target, number, "target"))
        results = engine.runner.score_batch(
            sources,
            targets,
            max_input_length=0,
            max_batch_size=BATCH_TOKENS,
            batch_type="tokens",
        )
        return [float(sum(result.log_probs)) for result in results]


def _encode(engine: Engine, line: str, number: int) -> _Line | None:
    """Replaces unknowns and splits into tokens; None if there are too many unknowns."""
    if engine.replacer is None:
        return _Line([*_pieces(engine, line, number), EOS_TOKEN], {})
    try:
        encoded, unknowns = engine.replacer.encode(line)
    except TooManyUnknownsError:
        return None
    return _Line([*_pieces(engine, encoded, number), EOS_TOKEN], unknowns)


def _pieces(engine: Engine, line: str, number: int, side: str = "source") -> list[str]:
    tokens = engine.vocabulary.tokens
    pieces = [tokens[token_id] for token_id in engine.vocabulary.encode(line)]
    if len(pieces) >= engine.positions:
        raise DataError(
            f"a {side} line of {len(pieces)} tokens",
            where=f"line {number}",
            why=f"the model takes at most {engine.positions - 1}",
        )
    return pieces


def _decode(engine: Engine, pieces: list[str], line: _Line) -> str:
    text = engine.vocabulary.join(pieces)
    return engine.replacer.resolve(text, line.unknowns) if engine.replacer is not None else text
