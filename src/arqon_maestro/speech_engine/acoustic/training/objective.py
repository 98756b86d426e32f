"""Lattice-free maximum mutual information over whole utterances, without alignments.

Sources: Povey et al., "Purely sequence-trained neural networks for ASR based on lattice-free MMI",
2016; Hadian et al., "End-to-end speech recognition using lattice-free MMI", 2018. The value is the
log-probability of the transcript's graph less that of all phone sequences; its gradient by the
network's outputs is the difference of their occupancies.

`B` utterances, `T` frames of the output, `D` pdfs, `S` states: the nodes of a transcript's graph,
or all pairs (left context, phone) of the denominator.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from arqon_maestro.speech_engine.acoustic.training.phone_set import PhoneSet
from arqon_maestro.speech_engine.acoustic.training.supervision import PhoneModel, Supervision


class Graph(Protocol):
    """States whose first and further frames have a pdf each.

    Masses of states are `(X, B, Y)`, in an arrangement of the graph's own with `X * Y = S`.

    Attributes:
        start: mass with which an utterance begins in each state, `(X, B or 1, Y)`.
        end: that with which it ends after it.
    """

    start: Tensor
    end: Tensor

    def likelihoods(self, scores: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns what states say of frames, of log-likelihoods `(T, B, D)` of the same precision.

        Returns:
            The likelihood of a state's first frame, `(T, X, B, Y)`, and that of its further frames,
            with `Y` or 1 at the end; both less a logarithm, `(T, B)`, so that the best are near 1.
        """

    def enter(self, mass: Tensor, first: Tensor, entered: Tensor) -> None:
        """Writes to `entered` the mass that enters each state, times `first`; zeros stay."""

    def leave(self, mass: Tensor) -> Tensor:
        """Returns, for each state, the mass of the states that follow it."""

    def collect(self, entered: Tensor, stayed: Tensor, pdfs: int) -> Tensor:
        """Returns masses `(T, X, B, Y)` of first and further frames by pdf, `(T, B, D)`."""


class NumeratorGraph:
    """Transcripts' graphs side by side, padded to the same number of nodes: `(1, B, nodes)`."""

    def __init__(self, supervisions: Sequence[Supervision]) -> None:
        batch = len(supervisions)
        nodes = max(len(item.start) for item in supervisions)
        self.start = torch.zeros(1, batch, nodes, dtype=torch.float64)
        self.end = torch.zeros(1, batch, nodes, dtype=torch.float64)
        self._arcs = torch.zeros(batch, nodes, nodes, dtype=torch.float64)
        self._forward_pdfs = torch.zeros(batch, nodes, dtype=torch.int64)
        self._self_loop_pdfs = torch.zeros(batch, nodes, dtype=torch.int64)
        for row, item in enumerate(supervisions):
            count = len(item.start)
            self.start[0, row, :count] = torch.from_numpy(item.start)
            self.end[0, row, :count] = torch.from_numpy(item.end)
            self._arcs[row, :count, :count] = torch.from_numpy(item.arcs)
            self._forward_pdfs[row, :count] = torch.from_numpy(item.forward_pdfs)
            self._self_loop_pdfs[row, :count] = torch.from_numpy(item.self_loop_pdfs)
        self._arcs_back = self._arcs.transpose(1, 2).contiguous()

    def likelihoods(self, scores: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See `Graph.likelihoods`."""
        frames = len(scores)
        first = scores.gather(2, self._forward_pdfs.expand(frames, -1, -1))
        further = scores.gather(2, self._self_loop_pdfs.expand(frames, -1, -1))
        # Of a graph's own pdfs the likeliest is scaled to one, so that none of them vanishes.
        peaks = torch.maximum(first, further).amax(dim=2)
        first = (first - peaks.unsqueeze(2)).exp_().unsqueeze(1)
        further = (further - peaks.unsqueeze(2)).exp_().unsqueeze(1)
        return first, further, peaks

    def enter(self, mass: Tensor, first: Tensor, entered: Tensor) -> None:
        """See `Graph.enter`."""
        arrived = torch.bmm(mass.transpose(0, 1), self._arcs).transpose(0, 1)
        torch.mul(arrived, first, out=entered)

    def leave(self, mass: Tensor) -> Tensor:
        """See `Graph.leave`."""
        return torch.bmm(mass.transpose(0, 1), self._arcs_back).transpose(0, 1)

    def collect(self, entered: Tensor, stayed: Tensor, pdfs: int) -> Tensor:
        """See `Graph.collect`."""
        frames, _, batch, _ = entered.shape
        result = entered.new_zeros(frames, batch, pdfs)
        result.scatter_add_(2, self._forward_pdfs.expand(frames, -1, -1), entered.squeeze(1))
        result.scatter_add_(2, self._self_loop_pdfs.expand(frames, -1, -1), stayed.squeeze(1))
        return result


class DenominatorGraph:
    """All sequences of phones, weighed by their trigram: `(phones, B, left contexts)`."""

    def __init__(self, phones: PhoneSet, model: PhoneModel) -> None:
        lefts, self._phones = model.end.shape
        start = torch.zeros(self._phones, lefts)
        start[:, phones.start] = torch.from_numpy(model.first).float()
        self.start = start.unsqueeze(1)
        self.end = torch.from_numpy(model.end).float().t().contiguous().unsqueeze(1)
        # By middle phone: (P, L, P), left contexts to next phones.
        self._next = torch.from_numpy(model.next).float().transpose(0, 1).contiguous()
        self._back = self._next.transpose(1, 2).contiguous()
        # A phone's pdfs lie together: one for each class of left context, and the self-loop's.
        self._classes = phones.pdfs_per_phone - 1
        self._left_class = torch.from_numpy(phones.left_class)
        members = torch.zeros(lefts, self._classes)
        members[torch.arange(lefts), self._left_class] = 1
        self._members = members

    def likelihoods(self, scores: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See `Graph.likelihoods`."""
        frames, batch, _ = scores.shape
        peaks = scores.amax(dim=2)
        likelihoods = (scores - peaks.unsqueeze(2)).exp_()
        by_phone = likelihoods.view(frames, batch, self._phones, -1).transpose(1, 2)
        first = by_phone[..., : self._classes].index_select(3, self._left_class)
        return first, by_phone[..., self._classes :].contiguous(), peaks

    def enter(self, mass: Tensor, first: Tensor, entered: Tensor) -> None:
        """See `Graph.enter`; nothing enters after the start of the utterance."""
        by_middle = torch.bmm(mass, self._next)
        # The middle phone becomes the left context.
        context = slice(0, self._phones)
        torch.mul(by_middle.permute(2, 1, 0), first[..., context], out=entered[..., context])

    def leave(self, mass: Tensor) -> Tensor:
        """See `Graph.leave`."""
        by_left = mass[..., : self._phones].permute(2, 1, 0).contiguous()
        return torch.bmm(by_left, self._back)

    def collect(self, entered: Tensor, stayed: Tensor, pdfs: int) -> Tensor:
        """See `Graph.collect`."""
        frames, _, batch, _ = entered.shape
        by_class = torch.cat([entered @ self._members, stayed.sum(dim=3, keepdim=True)], dim=3)
        return by_class.transpose(1, 2).reshape(frames, batch, pdfs)


def occupancies(graph: Graph, outputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Runs forward and backward over a graph.

    Args:
        graph: its tensors' precision is that of the sums.
        outputs: `(B, T, D)` log-likelihoods, up to a constant for each frame.
        lengths: `(B,)` frames of each utterance.

    Returns:
        log-probability of each utterance, `(B,)`, minus infinity where the graph has no way of that
        length; and the occupancies `(B, T, D)` of each pdf in each frame, zero after the end.
    """
    kind = graph.start.dtype
    _, frames, pdfs = outputs.shape
    first, further, peaks = graph.likelihoods(outputs.detach().transpose(0, 1).to(kind))
    entered, masses = torch.zeros_like(first), torch.empty_like(first)
    scales = torch.empty_like(peaks)
    smallest = torch.finfo(kind).tiny
    # Frames after the end of an utterance are computed too, and dropped.
    torch.mul(graph.start, first[0], out=entered[0])
    masses[0] = entered[0]
    for frame in range(frames):
        mass = masses[frame]
        if frame:
            graph.enter(masses[frame - 1], first[frame], entered[frame])
            torch.mul(masses[frame - 1], further[frame], out=mass)
            mass += entered[frame]
        torch.sum(mass, dim=(0, 2), out=scales[frame])
        mass /= scales[frame].clamp_min_(smallest).unsqueeze(1)
    rows = torch.arange(len(lengths))
    ending = masses[lengths - 1, :, rows].permute(1, 0, 2) * graph.end
    total = ending.sum(dim=(0, 2))
    active = torch.arange(frames).unsqueeze(1) < lengths
    log_total = (scales.double().log() + peaks.double()).masked_fill(~active, 0.0).sum(dim=0)
    log_total += total.double().log()
    aheads = torch.empty_like(first)
    goal = graph.end / total.unsqueeze(1)
    ahead = torch.zeros_like(masses[0])
    ends = set(lengths.tolist())
    for frame in range(frames - 1, -1, -1):
        if frame + 1 in ends:
            ahead = torch.where((lengths == frame + 1).unsqueeze(1), goal, ahead)
        torch.div(ahead, scales[frame].unsqueeze(1), out=aheads[frame])
        if frame:
            ahead = graph.leave(first[frame] * aheads[frame])
            ahead += further[frame] * aheads[frame]
    entered *= aheads
    stayed = aheads
    stayed[0] = 0
    stayed[1:] *= masses[:-1]
    stayed[1:] *= further[1:]
    result = graph.collect(entered, stayed, pdfs)
    result.masked_fill_(~active.unsqueeze(2), 0.0)
    return log_total, result.transpose(0, 1).to(outputs.dtype)


class _Objective(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, outputs: Tensor, gradient: Tensor, value: Tensor) -> Tensor:
        ctx.save_for_backward(gradient)
        return value

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradients[0] * gradient, None, None


def lf_mmi(
    outputs: Tensor, lengths: Tensor, numerator: NumeratorGraph, denominator: DenominatorGraph
) -> tuple[Tensor, Tensor]:
    """Returns the objective, and the numerator's occupancies for a cross-entropy beside it.

    Args:
        outputs: `(B, T, D)`.
        lengths: `(B,)`.
        numerator: the transcripts.
        denominator: all phone sequences.

    Returns:
        The mean per frame of log numerator less log denominator, never above 0 but for rounding,
        with its gradient; and `(B, T, D)` without one.
    """
    wanted, right = occupancies(numerator, outputs, lengths)
    possible, all_ways = occupancies(denominator, outputs, lengths)
    frames = lengths.sum()
    value = ((wanted - possible).sum() / frames).to(outputs.dtype)
    gradient = (right - all_ways) / frames
    objective: Tensor = _Objective.apply(outputs, gradient, value)  # type: ignore[no-untyped-call]
    return objective, right
