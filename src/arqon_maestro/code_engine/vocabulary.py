"""Vocabularies: words as ``marian-vocab`` writes them, or SentencePiece pieces.

Both share the ids of Marian: 0 is ``</s>``, 1 is ``<unk>``.
"""

from __future__ import annotations

import io
import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import yaml

from arqon_maestro.artifacts import atomic_binary
from arqon_maestro.code_engine.blocks import Rows, bounds_of
from arqon_maestro.errors import DataError, MissingPartError

EOS_TOKEN = "</s>"
UNK_TOKEN = "<unk>"
EOS = 0
UNK = 1

WORDS_FILE = "vocab.yml"
PIECES_FILE = "vocab.spm"

# Longer lines are left out by SentencePiece; Marian's own setting.
MAX_SENTENCE_BYTES = 2048

# How SentencePiece writes a blank.
_BLANK_PIECE = "\u2581"


class Vocabulary(ABC):
    """Tokens with ids from 0, dense.

    Attributes:
        tokens: the token of every id.
    """

    kind: ClassVar[Literal["words", "pieces"]]
    file_name: ClassVar[str]
    tokens: list[str]

    def __len__(self) -> int:
        return len(self.tokens)

    @abstractmethod
    def encode(self, line: str) -> list[int]:
        """Returns a line's ids, without the final `EOS`; unknown tokens are `UNK`."""

    @abstractmethod
    def encode_tokens(self, tokens: Sequence[str]) -> Rows:
        """Returns a row of ids for each of `tokens`, which have no blanks."""

    @abstractmethod
    def is_separable(self, token: str) -> bool:
        """Returns whether `token` has, in any line, the ids that it has alone."""

    @abstractmethod
    def join(self, tokens: Sequence[str]) -> str:
        """Returns the line of `tokens` (without `</s>`)."""

    def decode(self, ids: Sequence[int]) -> str:
        """Returns the line of `ids` (without `EOS`)."""
        return self.join([self.tokens[number] for number in ids])

    @abstractmethod
    def to_bytes(self) -> bytes:
        """Returns the content of the file that Marian reads."""

    def save(self, path: Path) -> None:
        """Writes the file that Marian reads."""
        with atomic_binary(path) as stream:
            stream.write(self.to_bytes())


class WordVocabulary(Vocabulary):
    """One entry a token; lines are split on blanks.

    Args:
        tokens: all entries, `</s>` and `<unk>` first.

    Attributes:
        ids: the id of every token.

    Raises:
        DataError: the first two are others, or an entry occurs twice.
    """

    kind = "words"
    file_name = WORDS_FILE

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = list(tokens)
        self.ids = {token: number for number, token in enumerate(self.tokens)}
        if self.tokens[:2] != [EOS_TOKEN, UNK_TOKEN]:
            raise DataError(f"a vocabulary starts with {EOS_TOKEN} and {UNK_TOKEN}")
        if len(self.ids) != len(self.tokens):
            raise DataError("an entry occurs twice in the vocabulary")

    @classmethod
    def count(cls, lines: Iterable[str], size: int) -> WordVocabulary:
        """Makes a vocabulary as ``marian-vocab -m size`` does.

        Args:
            lines: the training split, sources and targets.
            size: entries in all, the two special ones included.

        Returns:
            Entries by descending count, then byte order.
        """
        counts: Counter[str] = Counter()
        for line in lines:
            counts.update(line.split(" "))
        return cls.of_counts(counts, size)

    @classmethod
    def of_counts(cls, counts: Mapping[str, int], size: int) -> WordVocabulary:
        """Makes the vocabulary that `count` does, of tokens that are counted already."""
        tokens = counts.keys() - {"", EOS_TOKEN, UNK_TOKEN}
        ordered = sorted(tokens, key=lambda token: (-counts[token], token.encode()))
        return cls([EOS_TOKEN, UNK_TOKEN, *ordered[: size - 2]])

    @classmethod
    def load(cls, path: Path) -> WordVocabulary:
        """Reads a vocabulary in YAML, ours or Marian's.

        Raises:
            MissingPartError: there is no such file.
            DataError: it is no map from tokens to ids 0, 1, 2 …
        """
        # CBaseLoader leaves scalars as they stand: `y`, `~` and `1` are tokens here.
        try:
            entries = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CBaseLoader)
            ids = {int(number): token for token, number in entries.items()}
        except FileNotFoundError:
            raise MissingPartError("no vocabulary", where=path) from None
        except (yaml.YAMLError, UnicodeDecodeError, AttributeError, TypeError, ValueError) as error:
            raise DataError("not a vocabulary", where=path, why=str(error)) from None
        if sorted(ids) != list(range(len(entries))):
            raise DataError("ids of a vocabulary must be 0, 1, 2 …, each once", where=path)
        try:
            return cls([ids[number] for number in range(len(ids))])
        except DataError as error:
            raise DataError(error.what, where=path) from None

    def encode(self, line: str) -> list[int]:
        ids = self.ids
        return [ids.get(token, UNK) for token in line.split(" ") if token]

    def encode_tokens(self, tokens: Sequence[str]) -> Rows:
        ids = self.ids
        found = [ids.get(token, UNK) for token in tokens if token]
        lengths = np.array([bool(token) for token in tokens], dtype=np.int64)
        return Rows(np.array(found, dtype=np.int32), bounds_of(lengths))

    def is_separable(self, token: str) -> bool:
        return True

    def join(self, tokens: Sequence[str]) -> str:
        return " ".join(tokens)

    def to_bytes(self) -> bytes:
        lines = [f"{_quote(token)}: {number}\n" for number, token in enumerate(self.tokens)]
        return "".join(lines).encode()


class PieceVocabulary(Vocabulary):
    """SentencePiece.

    Args:
        proto: the serialised model.

    Raises:
        DataError: no SentencePiece model, or its first pieces are not `</s>` and `<unk>`.
    """

    kind = "pieces"
    file_name = PIECES_FILE

    def __init__(self, proto: bytes) -> None:
        import sentencepiece

        self._proto = proto
        try:
            self._processor = sentencepiece.SentencePieceProcessor(model_proto=proto)
        except RuntimeError as error:
            raise DataError("not a SentencePiece model", why=str(error)) from None
        size = self._processor.get_piece_size()
        self.tokens = [self._processor.id_to_piece(number) for number in range(size)]
        if self.tokens[:2] != [EOS_TOKEN, UNK_TOKEN]:
            raise DataError(f"a vocabulary starts with {EOS_TOKEN} and {UNK_TOKEN}")
        # Pieces that never go across a blank, which is how Marian trains them.
        inner = any(_BLANK_PIECE in piece[1:] for piece in self.tokens)
        self._splits_on_blanks = not inner and self._processor.encode("a", out_type=str)[0][0] == (
            _BLANK_PIECE
        )

    @classmethod
    def train(cls, lines: Iterable[str], size: int, max_lines: int) -> PieceVocabulary:
        """Trains pieces with Marian's settings, on one thread, so that the bytes repeat.

        Args:
            lines: the training split, sources and targets.
            size: most pieces; fewer if the text has no more.
            max_lines: learn from the first so many lines.

        Raises:
            DataError: there is no text to learn from.
        """
        import sentencepiece

        sample = [line for line in islice(lines, max_lines) if line]
        proto = io.BytesIO()
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(sample),
                model_writer=proto,
                vocab_size=size,
                hard_vocab_limit=False,
                bos_id=-1,
                eos_id=EOS,
                unk_id=UNK,
                max_sentence_length=MAX_SENTENCE_BYTES,
                num_threads=1,
                minloglevel=2,
            )
        except RuntimeError as error:
            raise DataError("SentencePiece cannot learn from this text", why=str(error)) from None
        return cls(proto.getvalue())

    @classmethod
    def load(cls, path: Path) -> PieceVocabulary:
        """Reads a SentencePiece model.

        Raises:
            MissingPartError: there is no such file.
            DataError: it is no such model.
        """
        try:
            return cls(path.read_bytes())
        except FileNotFoundError:
            raise MissingPartError("no vocabulary", where=path) from None
        except DataError as error:
            raise DataError(error.what, where=path, why=error.why) from None

    def encode(self, line: str) -> list[int]:
        ids: list[int] = self._processor.encode(line)
        return ids

    def encode_tokens(self, tokens: Sequence[str]) -> Rows:
        rows: list[list[int]] = self._processor.encode(list(tokens))
        values = np.fromiter(chain.from_iterable(rows), dtype=np.int32)
        return Rows(values, bounds_of(np.array([len(row) for row in rows], dtype=np.int64)))

    def is_separable(self, token: str) -> bool:
        # Other characters may be normalised together with what is beside them.
        return self._splits_on_blanks and token.isascii() and token.isprintable()

    def join(self, tokens: Sequence[str]) -> str:
        line: str = self._processor.decode(list(tokens))
        return line

    def to_bytes(self) -> bytes:
        return self._proto


def load_vocabulary(folder: Path) -> Vocabulary:
    """Reads the vocabulary of a training or model folder, ``vocab.yml`` or ``vocab.spm``.

    Raises:
        MissingPartError: there is neither.
        DataError: it cannot be read.
    """
    if (folder / PIECES_FILE).is_file():
        return PieceVocabulary.load(folder / PIECES_FILE)
    if (folder / WORDS_FILE).is_file():
        return WordVocabulary.load(folder / WORDS_FILE)
    raise MissingPartError(
        f"no vocabulary ({WORDS_FILE} or {PIECES_FILE})",
        where=folder,
        remedy="maestro code-engine train, or maestro models install",
    )


def _quote(token: str) -> str:
    """Quotes a token so that Marian, CTranslate2 and a YAML reader agree on it.

    The reference's exporter reads the file by the line, and of escapes knows that of the quote
    alone; a backslash stands unquoted there, as Marian writes it.
    """
    if token == "\\":
        return token
    quoted = json.dumps(token, ensure_ascii=False)
    # YAML refuses control characters that JSON lets stand; all of them have four hex digits.
    return "".join(
        char if char.isprintable() or char == " " or ord(char) > 0xFFFF else f"\\u{ord(char):04x}"
        for char in quoted
    )
