"""HMM topology: the states of each phone, their pdf classes and transitions.

Source: Kaldi's ``hmm/hmm-topology``. The last state of an entry is final: it emits nothing and has
no transitions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from arqon_maestro.errors import DataError
from arqon_maestro.speech_engine.kaldi.io import KaldiReader, KaldiWriter

NO_PDF = -1
#: Written before the number of entries where a state has two pdf classes.
_TWO_CLASSES = -1
_SUM_TOLERANCE = 0.01


@dataclass(frozen=True)
class HmmState:
    """A state of a phone.

    Attributes:
        forward_class: pdf class of the transitions out of it, `NO_PDF` if it emits nothing.
        self_loop_class: pdf class of its self-loop.
        transitions: (state to go to, probability).
    """

    forward_class: int = NO_PDF
    self_loop_class: int = NO_PDF
    transitions: tuple[tuple[int, float], ...] = ()


Entry = tuple[HmmState, ...]


@dataclass(frozen=True)
class HmmTopology:
    """The topology of all phones.

    Attributes:
        entries: the kinds of phones.
        entry_of: phone id → position in `entries`.
    """

    entries: tuple[Entry, ...]
    entry_of: dict[int, int]

    @cached_property
    def phones(self) -> tuple[int, ...]:
        """The phone ids, ascending."""
        return tuple(sorted(self.entry_of))

    @cached_property
    def is_hmm(self) -> bool:
        """Whether forward and self-loop classes agree everywhere: not so in chain models."""
        return all(s.forward_class == s.self_loop_class for entry in self.entries for s in entry)

    def states(self, phone: int) -> Entry:
        """Returns the states of a phone.

        Raises:
            DataError: the topology lacks it.
        """
        if phone not in self.entry_of:
            raise DataError(f"the topology has no phone {phone}", why="another model's phones?")
        return self.entries[self.entry_of[phone]]

    def pdf_classes(self, phone: int) -> int:
        """Returns how many pdf classes a phone has."""
        states = self.states(phone)
        return 1 + max(max(s.forward_class, s.self_loop_class) for s in states)

    def check(self, where: object = None) -> None:
        """Checks what Kaldi checks.

        Raises:
            DataError: an entry without states, transitions to nowhere, a final state that emits,
                pdf classes with gaps, or probabilities that don't sum to one.
        """
        if not self.entries or not self.entry_of:
            raise DataError("an empty topology", where=where)
        for number, entry in enumerate(self.entries):
            problem = _problem(entry)
            if problem:
                raise DataError(f"topology entry {number}: {problem}", where=where)
        if set(self.entry_of.values()) != set(range(len(self.entries))):
            raise DataError("a topology entry without phones, or phones without entry", where=where)

    @classmethod
    def read(cls, reader: KaldiReader) -> HmmTopology:
        """Reads ``<Topology> … </Topology>`` in binary form."""
        reader.expect("<Topology>")
        phones = reader.int_vector()
        index = reader.int_vector()
        count = reader.int32()
        two_classes = count == _TWO_CLASSES
        if two_classes:
            count = reader.int32()
        entries = []
        for _ in range(count):
            states = []
            for _ in range(reader.int32()):
                forward = reader.int32()
                loop = reader.int32() if two_classes else forward
                moves = [(reader.int32(), reader.real()) for _ in range(reader.int32())]
                states.append(HmmState(forward, loop, tuple(moves)))
            entries.append(tuple(states))
        reader.expect("</Topology>")
        if len(phones) and (phones.max() >= len(index) or phones.min() < 1):
            reader.fail("a topology with phones outside of its index")
        topology = cls(tuple(entries), {int(p): int(index[p]) for p in phones})
        topology.check(reader.path)
        return topology

    def write(self, writer: KaldiWriter) -> None:
        """Writes ``<Topology> … </Topology>`` in binary form."""
        writer.token("<Topology>")
        writer.int_vector(list(self.phones))
        writer.int_vector([self.entry_of.get(p, -1) for p in range(max(self.phones) + 1)])
        if not self.is_hmm:
            writer.int32(_TWO_CLASSES)
        writer.int32(len(self.entries))
        for entry in self.entries:
            writer.int32(len(entry))
            for state in entry:
                writer.int32(state.forward_class)
                if not self.is_hmm:
                    writer.int32(state.self_loop_class)
                writer.int32(len(state.transitions))
                for target, probability in state.transitions:
                    writer.int32(target)
                    writer.real(probability)
        writer.token("</Topology>")

    def to_text(self) -> str:
        """Returns the text form, a lang folder's ``topo``."""
        lines = ["<Topology>"]
        for number, entry in enumerate(self.entries):
            phones = [str(p) for p in self.phones if self.entry_of[p] == number]
            lines += ["<TopologyEntry>", "<ForPhones>", " ".join(phones), "</ForPhones>"]
            for position, state in enumerate(entry):
                lines.append(f"<State> {position} {_state_text(state, self.is_hmm)}</State>")
            lines.append("</TopologyEntry>")
        return "\n".join([*lines, "</Topology>", ""])


def _state_text(state: HmmState, is_hmm: bool) -> str:
    text = ""
    if state.forward_class != NO_PDF and is_hmm:
        text = f"<PdfClass> {state.forward_class} "
    elif state.forward_class != NO_PDF:
        text = f"<ForwardPdfClass> {state.forward_class} "
        text += f"<SelfLoopPdfClass> {state.self_loop_class} "
    return text + "".join(f"<Transition> {to} {p:g} " for to, p in state.transitions)


def _problem(entry: Entry) -> str:
    """Returns what is wrong with an entry, or nothing."""
    if len(entry) < 2:
        return "no emitting state"
    last = entry[-1]
    if last.transitions or last.forward_class != NO_PDF or last.self_loop_class != NO_PDF:
        return "a last state that is not final"
    classes = {s.forward_class for s in entry} | {s.self_loop_class for s in entry}
    if classes - {NO_PDF} != set(range(len(classes - {NO_PDF}))) or classes == {NO_PDF}:
        return "pdf classes that don't count from 0"
    reached = {0}
    for position, state in enumerate(entry[:-1]):
        targets = [target for target, _ in state.transitions]
        if len(set(targets)) != len(targets) or not targets:
            return f"state {position} without transitions, or with one twice"
        if not all(0 <= target < len(entry) for target in targets):
            return f"state {position} with a transition to nowhere"
        if any(probability <= 0 for _, probability in state.transitions):
            return f"state {position} with a probability of zero or less"
        if abs(sum(probability for _, probability in state.transitions) - 1) > _SUM_TOLERANCE:
            return f"state {position} with probabilities that don't sum to one"
        if (state.forward_class == NO_PDF) != (state.self_loop_class == NO_PDF):
            return f"state {position} with one pdf class"
        if state.forward_class == NO_PDF and (position in targets or len(entry) - 1 in targets):
            return f"state {position} emits nothing, and loops or ends the phone"
        reached.update(target for target in targets if target != position)
    if reached != set(range(len(entry))):
        return "a state that no transition leads to"
    return ""


def chain_topology(phones: Sequence[int]) -> HmmTopology:
    """Returns the topology of chain models: a pdf for a phone's first frame, one for the others."""
    entry = (HmmState(0, 1, ((0, 0.5), (1, 0.5))), HmmState())
    return HmmTopology((entry,), dict.fromkeys(phones, 0))


def left_to_right_topology(
    nonsilence: Sequence[int],
    silence: Sequence[int] = (),
    *,
    states: int = 3,
    silence_states: int = 5,
) -> HmmTopology:
    """Returns the topology that Kaldi's ``gen_topo.pl`` makes.

    Args:
        nonsilence: phones with `states` states from left to right, each with a self-loop.
        silence: phones with `silence_states` states; those between the first and the last reach
            one another.
        states: emitting states of a phone.
        silence_states: emitting states of silence.
    """
    entries = [_left_to_right(states)]
    entry_of = dict.fromkeys(nonsilence, 0)
    if silence:
        entries.append(
            _ergodic(silence_states) if silence_states > 1 else _left_to_right(silence_states)
        )
        entry_of |= dict.fromkeys(silence, 1)
    return HmmTopology(tuple(entries), entry_of)


def _left_to_right(count: int) -> Entry:
    stay = 0.75
    return (*(HmmState(i, i, ((i, stay), (i + 1, 1 - stay))) for i in range(count)), HmmState())


def _ergodic(count: int) -> Entry:
    share = 1 / (count - 1)
    first = HmmState(0, 0, tuple((to, share) for to in range(count - 1)))
    middle = [
        HmmState(i, i, tuple((to, share) for to in range(1, count))) for i in range(1, count - 1)
    ]
    last = HmmState(count - 1, count - 1, ((count - 1, 0.75), (count, 0.25)))
    return (first, *middle, last, HmmState())
