"""Phones of a trained model: their ids, the classes of left context, the pdfs.

`P` phones; left context `L = P + 1`, where the last is the start of the utterance; `D` pdfs. As in
Kaldi's chain models a phone is one state, with one pdf for its first frame, which depends on the
phone before it, and another for the frames that follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.speech_engine.kaldi.topology import HmmTopology, chain_topology
from arqon_maestro.speech_engine.kaldi.tree import (
    PDF_CLASS_KEY,
    Constant,
    ContextDependency,
    EventMap,
    Split,
    table,
)
from arqon_maestro.speech_engine.lexicon.pronunciations import (
    NOISE_PHONE,
    PHONES,
    SILENCE_PHONE,
)

FORWARD_CLASS, SELF_LOOP_CLASS = 0, 1
#: Phones that colour the start of the next one in the same way (place and manner of articulation
#: where they end; a diphthong ends as the glide that it closes with).
LEFT_CLASSES: tuple[tuple[str, ...], ...] = (
    (SILENCE_PHONE, NOISE_PHONE),
    ("IY", "IH", "EY", "AY", "OY", "Y"),
    ("UW", "UH", "OW", "AW", "W"),
    ("AA", "AE", "AH", "AO", "EH"),
    ("ER", "R"),
    ("L",),
    ("M", "N", "NG"),
    ("B", "D", "G", "DH", "V"),
    ("P", "T", "K", "HH"),
    ("F", "TH", "S", "SH", "CH"),
    ("Z", "ZH", "JH"),
)
#: Endings of a phone's name by its place in the word: begin, inside, end, a word of its own.
POSITIONS = ("_B", "_I", "_E", "_S")


@dataclass(frozen=True)
class PhoneSet:
    """The phones of a model.

    Attributes:
        position_dependent: whether a phone's name tells its place in the word, as in Kaldi's
            recipes; all of a phone's names have the same pdfs.
    """

    position_dependent: bool = False

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The `P` phones without position: silence, noise, ARPAbet."""
        return (SILENCE_PHONE, NOISE_PHONE, *sorted(PHONES))

    @cached_property
    def index(self) -> dict[str, int]:
        """Phone → its place in `names`."""
        return {name: number for number, name in enumerate(self.names)}

    @property
    def start(self) -> int:
        """The left context at the start of an utterance."""
        return len(self.names)

    @cached_property
    def symbols(self) -> dict[str, int]:
        """Name in ``phones.txt`` → id, ``<eps>`` with 0 included; disambiguation comes later."""
        symbols = {"<eps>": 0}
        for name in self.names:
            for variant in self._variants(name):
                symbols[variant] = len(symbols)
        return symbols

    def ids(self, phone: int) -> tuple[int, ...]:
        """Returns the ids of a phone, one for each place in the word that has a name of its own."""
        return tuple(self.symbols[name] for name in self._variants(self.names[phone]))

    def _variants(self, name: str) -> tuple[str, ...]:
        if not self.position_dependent:
            return (name,)
        plain = (name,) if name in LEFT_CLASSES[0] else ()
        return plain + tuple(name + ending for ending in POSITIONS)

    @cached_property
    def left_class(self) -> NDArray[np.int64]:
        """Class of each left context, `(L,)`; the start counts as silence."""
        classes = {name: number for number, names in enumerate(LEFT_CLASSES) for name in names}
        return np.array([classes[name] for name in self.names] + [classes[SILENCE_PHONE]])

    @property
    def pdfs_per_phone(self) -> int:
        """A forward pdf for each class of left context, and one for the self-loop."""
        return len(LEFT_CLASSES) + 1

    @property
    def num_pdfs(self) -> int:
        """`D`."""
        return len(self.names) * self.pdfs_per_phone

    @cached_property
    def forward_pdfs(self) -> NDArray[np.int64]:
        """Pdf of a phone's first frame, by left context and phone, `(L, P)`."""
        firsts = np.arange(len(self.names)) * self.pdfs_per_phone
        return self.left_class[:, None] + firsts

    @cached_property
    def self_loop_pdfs(self) -> NDArray[np.int64]:
        """Pdf of a phone's further frames, `(P,)`."""
        return np.arange(len(self.names)) * self.pdfs_per_phone + len(LEFT_CLASSES)

    def topology(self) -> HmmTopology:
        """Returns the topology of all ids."""
        return chain_topology([number for number in self.symbols.values() if number])

    def tree(self) -> ContextDependency:
        """Returns the left-biphone tree of these pdfs."""
        left_ids = [
            frozenset(i for name in names for i in self.ids(self.index[name]))
            for names in LEFT_CLASSES
        ]
        # The start of an utterance is phone 0.
        left_ids[0] |= {0}
        by_id: dict[int, EventMap] = {}
        for phone in range(len(self.names)):
            first = phone * self.pdfs_per_phone
            forward: EventMap = Constant(first + len(LEFT_CLASSES) - 1)
            for number in range(len(LEFT_CLASSES) - 2, -1, -1):
                forward = Split(0, left_ids[number], Constant(first + number), forward)
            loop = Constant(int(self.self_loop_pdfs[phone]))
            node = table(PDF_CLASS_KEY, {FORWARD_CLASS: forward, SELF_LOOP_CLASS: loop})
            by_id |= dict.fromkeys(self.ids(phone), node)
        return ContextDependency(2, 1, table(1, by_id))
