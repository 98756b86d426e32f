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
    """States whose first and further frames have a pdf each."""

    start: Tensor
    end: Tensor
    forward_pdfs: Tensor
    self_loop_pdfs: Tensor

    def enter(self, mass: Tensor) -> Tensor:
        """Returns the mass that enters each state, `(B, S)`, of the mass in each, `(B, S)`."""

    def leave(self, mass: Tensor) -> Tensor:
        """Returns, for each state, the mass `(B, S)` of the states that follow it."""


class NumeratorGraph:
    """Transcripts' graphs side by side, padded to the same number of nodes."""

    def __init__(self, supervisions: Sequence[Supervision]) -> None:
        batch = len(supervisions)
        nodes = max(len(item.start) for item in supervisions)
        self.start = torch.zeros(batch, nodes, dtype=torch.float64)
        self.end = torch.zeros(batch, nodes, dtype=torch.float64)
        self.arcs = torch.zeros(batch, nodes, nodes, dtype=torch.float64)
        self.forward_pdfs = torch.zeros(batch, nodes, dtype=torch.int64)
        self.self_loop_pdfs = torch.zeros(batch, nodes, dtype=torch.int64)
        for row, item in enumerate(supervisions):
            count = len(item.start)
            self.start[row, :count] = torch.from_numpy(item.start)
            self.end[row, :count] = torch.from_numpy(item.end)
            self.arcs[row, :count, :count] = torch.from_numpy(item.arcs)
            self.forward_pdfs[row, :count] = torch.from_numpy(item.forward_pdfs)
            self.self_loop_pdfs[row, :count] = torch.from_numpy(item.self_loop_pdfs)
        self._arcs_back = self.arcs.transpose(1, 2).contiguous()

    def enter(self, mass: Tensor) -> Tensor:
        """See `Graph.enter`."""
        return torch.bmm(mass.unsqueeze(1), self.arcs).squeeze(1)

    def leave(self, mass: Tensor) -> Tensor:
        """See `Graph.leave`."""
        return torch.bmm(mass.unsqueeze(1), self._arcs_back).squeeze(1)


class DenominatorGraph:
    """All sequences of phones, weighed by their trigram."""

    def __init__(self, phones: PhoneSet, model: PhoneModel) -> None:
        self.lefts, self.phones = model.end.shape
        start = torch.zeros(self.lefts, self.phones)
        start[phones.start] = torch.from_numpy(model.first).float()
        self.start = start.reshape(1, -1)
        self.end = torch.from_numpy(model.end).float().reshape(1, -1)
        self.forward_pdfs = torch.from_numpy(phones.forward_pdfs).reshape(1, -1)
        loops = torch.from_numpy(phones.self_loop_pdfs)
        self.self_loop_pdfs = loops.expand(self.lefts, -1).reshape(1, -1)
        # By middle phone: (P, L, P), left contexts to next phones.
        self._next = torch.from_numpy(model.next).float().transpose(0, 1).contiguous()
        self._back = self._next.transpose(1, 2).contiguous()

    def enter(self, mass: Tensor) -> Tensor:
        """See `Graph.enter`."""
        batch = len(mass)
        by_phone = mass.view(batch, self.lefts, self.phones).permute(2, 0, 1)
        entered = mass.new_zeros(batch, self.lefts, self.phones)
        # The middle phone becomes the left context; nothing enters at the start of the utterance.
        entered[:, : self.phones] = torch.bmm(by_phone, self._next).transpose(0, 1)
        return entered.view(batch, -1)

    def leave(self, mass: Tensor) -> Tensor:
        """See `Graph.leave`."""
        batch = len(mass)
        by_left = mass.view(batch, self.lefts, self.phones)[:, : self.phones].transpose(0, 1)
        return torch.bmm(by_left, self._back).permute(1, 2, 0).reshape(batch, -1)


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
    batch, frames, pdfs = outputs.shape
    scores = outputs.detach().transpose(0, 1).to(kind)
    forward = graph.forward_pdfs.expand(batch, -1)
    loop = graph.self_loop_pdfs.expand(batch, -1)
    # Of the graph's own pdfs the likeliest is scaled to one, so that none of them vanishes.
    seen = torch.zeros(batch, pdfs, dtype=torch.bool).scatter_(
        1, torch.cat([forward, loop], 1), True
    )
    peaks = scores.masked_fill(~seen, -torch.inf).amax(dim=2, keepdim=True)
    likelihoods = (scores - peaks).exp_()
    first = _gather(likelihoods, graph.forward_pdfs)
    further = _gather(likelihoods, graph.self_loop_pdfs)
    active = (torch.arange(frames)[:, None] < lengths).unsqueeze(2)
    log_total = torch.where(active, peaks.double(), 0.0).sum(dim=0).squeeze(1)
    mass = graph.start * first[0]
    entered, stayed, scales = [], [], []
    for frame in range(frames):
        new = mass if frame == 0 else graph.enter(mass) * first[frame]
        old = torch.zeros_like(new) if frame == 0 else mass * further[frame]
        scale = (new + old).sum(dim=1, keepdim=True).clamp_min(torch.finfo(kind).tiny)
        new, old = new / scale, old / scale
        mass = torch.where(active[frame], new + old, mass)
        log_total += torch.where(active[frame], scale, 1.0).double().log().squeeze(1)
        entered.append(new)
        stayed.append(old)
        scales.append(scale)
    ending = (mass * graph.end).sum(dim=1, keepdim=True)
    log_total += ending.double().log().squeeze(1)
    goal = graph.end / ending
    ahead = torch.zeros_like(mass)
    for frame in range(frames - 1, -1, -1):
        last = (lengths == frame + 1).unsqueeze(1)
        ahead = torch.where(last, goal, ahead)
        entered[frame] *= ahead
        stayed[frame] *= ahead
        if frame:
            back = graph.leave(first[frame] * ahead) + further[frame] * ahead
            ahead = torch.where(active[frame], back / scales[frame], ahead)
    result = torch.zeros(frames, batch, pdfs, dtype=kind)
    _scatter(result, graph.forward_pdfs, torch.stack(entered))
    _scatter(result, graph.self_loop_pdfs, torch.stack(stayed))
    return log_total, torch.where(active, result, 0.0).transpose(0, 1).to(outputs.dtype)


def _gather(likelihoods: Tensor, pdfs: Tensor) -> Tensor:
    """Returns `(T, B, S)` of `(T, B, D)`."""
    frames, batch, _ = likelihoods.shape
    if len(pdfs) == 1:
        return likelihoods.index_select(2, pdfs[0])
    return likelihoods.gather(2, pdfs.expand(frames, batch, -1))


def _scatter(result: Tensor, pdfs: Tensor, values: Tensor) -> None:
    """Adds `(T, B, S)` to `(T, B, D)`."""
    frames, batch, states = values.shape
    if len(pdfs) > 1:
        result.scatter_add_(2, pdfs.expand(frames, batch, -1), values)
        return
    rows = result.new_zeros(result.shape[2], frames * batch)
    rows.index_add_(0, pdfs[0], values.reshape(-1, states).t().contiguous())
    result += rows.t().reshape(result.shape)


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
