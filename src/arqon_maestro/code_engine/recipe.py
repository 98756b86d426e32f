"""What a code-engine model is made with: sizes of its data, its network and its training.

The values live in ``config/recipes/*.yaml``; the field descriptions are their documentation.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from arqon_maestro.corpusgen.unknowns import MAX_UNKNOWNS

MAX_POSITIONS = 1024
"""Rows of the position table: the longest line, in tokens, that a model can be given."""


class _Recipe(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DatasetRecipe(_Recipe):
    """Sizes of a dataset."""

    lexicon_size: int = Field(
        gt=0, description="tokens kept as they are; all others travel as UNK0 … UNK19"
    )
    vocabulary: Literal["words", "pieces"] = Field(
        description="words: one entry a token (vocab.yml); pieces: SentencePiece (vocab.spm)"
    )
    vocabulary_size: int = Field(
        gt=2, le=65_536, description="entries of the vocabulary, with </s> and <unk>"
    )
    vocabulary_lines: int = Field(
        default=10_000_000,
        gt=0,
        description="training lines, drawn at random, that SentencePiece learns from, at most; "
        "no more than 32 MB of text are taken",
    )
    max_length: int = Field(
        default=200,
        gt=0,
        lt=MAX_POSITIONS,
        description="longest source and longest target that is trained on, in tokens",
    )
    valid_lines: int = Field(
        default=100_000, gt=0, description="pairs drawn from the validation split to validate on"
    )

    @model_validator(mode="after")
    def _check_room(self) -> DatasetRecipe:
        needed = self.lexicon_size + MAX_UNKNOWNS + 2
        if self.vocabulary == "words" and self.vocabulary_size < needed:
            raise ValueError(
                f"vocabulary_size {self.vocabulary_size} has no room for lexicon_size "
                f"{self.lexicon_size}, {MAX_UNKNOWNS} placeholders, </s> and <unk>: {needed}"
            )
        return self


class NetworkRecipe(_Recipe):
    """Shape of a transformer."""

    encoder_layers: int = Field(gt=0, description="layers of the encoder")
    decoder_layers: int = Field(gt=0, description="layers of the decoder")
    dim: int = Field(default=96, gt=0, description="width of the model (embedding size)")
    ffn: int = Field(default=512, gt=0, description="width of the feed-forward layers")
    heads: int = Field(default=4, gt=0, description="attention heads; they divide dim")
    dropout: float = Field(
        default=0.1, ge=0, lt=1, description="dropout on embeddings and sub-layers, in training"
    )
    init_scale: float = Field(
        default=0.3,
        gt=0,
        description="factor on the initial value, output and feed-forward weights; "
        "below 1 lets a deep post-norm network learn from the first update",
    )
    copy_init: bool = Field(
        default=True,
        description="start the cross-attention's values and outputs near the identity, so that "
        "what is attended to is copied; targets are mostly words of their source",
    )

    @model_validator(mode="after")
    def _check_width(self) -> NetworkRecipe:
        if self.dim % self.heads:
            raise ValueError(f"dim {self.dim} is not a multiple of heads {self.heads}")
        if self.dim % 2 or self.dim < 4:
            raise ValueError(f"dim {self.dim} must be even and at least 4 (sines and cosines)")
        return self


class TrainingRecipe(_Recipe):
    """How a network is trained."""

    updates: int = Field(gt=0, description="updates of the weights in all")
    batch_tokens: int = Field(
        gt=0, description="largest batch: rows x (longest source + longest target), in tokens"
    )
    accumulation: int = Field(default=1, gt=0, description="batches per update")
    learning_rate: float = Field(gt=0, description="highest learning rate of Adam")
    warmup: int = Field(ge=1, description="updates over which the learning rate rises from 0")
    schedule: Literal["inverse-sqrt", "linear", "cosine"] = Field(
        default="inverse-sqrt",
        description="after the warm-up: as 1/sqrt(update), or down to 0 at the last update",
    )
    clip_norm: float = Field(
        default=0.0, ge=0, description="largest norm of the gradient; 0 turns clipping off"
    )
    label_smoothing: float = Field(
        default=0.0, ge=0, lt=1, description="probability mass spread over the whole vocabulary"
    )
    average_decay: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="decay of the moving average of the weights that is validated and exported; "
        "0 takes the weights themselves",
    )
    validate_every: int = Field(gt=0, description="updates between validations")
    save_every: int = Field(gt=0, description="updates between checkpoints to resume from")
    patience: int = Field(
        default=10, ge=0, description="validations without progress before stopping; 0: never stop"
    )
    seed: int = Field(default=1111, ge=0, description="seed of weights, batches and dropout")


class FineTuningRecipe(_Recipe):
    """How a model goes on with a person's own code."""

    valid_share: float = Field(
        default=0.15, gt=0, lt=0.5, description="share of the own code's bytes to validate on"
    )
    test_share: float = Field(
        default=0.2, gt=0, lt=0.5, description="share of the own code's bytes to test on"
    )
    fewest_train_lines: int = Field(
        default=4000,
        gt=0,
        description="lines that the own code must give to train on, all sayings together",
    )
    fewest_held_out_lines: int = Field(
        default=200, gt=0, description="lines to validate on, and to test on, at least"
    )
    held_out_lines: int = Field(
        default=1000,
        gt=0,
        description="lines that a held-out set, old or new, is measured on, at most",
    )
    sayings: int = Field(
        default=4, gt=0, description="how many times, differently each time, the code is said"
    )
    train_lines: int = Field(
        default=100_000, gt=0, description="lines of the own code that are trained on, at most"
    )
    replay_share: float = Field(
        default=0.5, ge=0, lt=1, description="share of the old data among what is trained on"
    )
    epochs: float = Field(default=2.0, gt=0, description="passes over these lines, at most")
    updates: int = Field(default=2000, gt=0, description="updates of the weights, at most")
    batch_tokens: int = Field(default=1500, gt=0, description="as in the training section")
    learning_rate: float = Field(default=0.001, gt=0, description="highest learning rate of Adam")
    warmup_share: float = Field(
        default=0.05, ge=0, lt=1, description="share of the updates in which it rises from 0"
    )
    clip_norm: float = Field(default=1.0, ge=0, description="as in the training section")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="as in the network section")
    label_smoothing: float = Field(default=0.0, ge=0, lt=1, description="as in training")
    blends: list[float] = Field(
        default=[0.25, 0.5, 0.75, 1.0],
        min_length=1,
        description="shares of the tuned weights, the rest of the base's, that are tried; the "
        "validation sets choose",
    )
    allowed_loss: float = Field(
        default=0.01,
        ge=0,
        description="how much the cross-entropy of the old validation set may rise, as a share",
    )

    @model_validator(mode="after")
    def _check_shares(self) -> FineTuningRecipe:
        if self.valid_share + self.test_share >= 1:
            raise ValueError("valid_share and test_share leave nothing to train on")
        if any(not 0 < blend <= 1 for blend in self.blends):
            raise ValueError("blends are shares above 0, up to 1")
        return self
