"""Best ways through a graph of phones: what a network heard, and how a transcript was said.

`T` frames, `D` pdfs, `L` left contexts, `P` phones, `N` nodes of a transcript's graph.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arqon_maestro.speech_engine.acoustic.training.phone_set import PhoneSet
from arqon_maestro.speech_engine.acoustic.training.supervision import PhoneModel, Supervision

Scores = NDArray[np.float64]
_STAYED = -1


def recognise_phones(outputs: Scores, phones: PhoneSet, model: PhoneModel) -> list[int]:
    """Returns the likeliest phones, silence included, of an utterance's outputs `(T, D)`."""
    lefts, count = model.end.shape
    with np.errstate(divide="ignore"):
        following, ending = np.log(model.next), np.log(model.end)
        best = np.full((lefts, count), -np.inf)
        best[phones.start] = np.log(model.first) + outputs[0, phones.forward_pdfs[phones.start]]
    origins = np.full((len(outputs), lefts, count), _STAYED, np.int16)
    for frame, scores in enumerate(outputs[1:], 1):
        ways = best[:, :, None] + following
        entered = np.full((lefts, count), -np.inf)
        entered[:count] = ways.max(axis=0) + scores[phones.forward_pdfs[:count]]
        stayed = best + scores[phones.self_loop_pdfs]
        origin = np.full((lefts, count), _STAYED, np.int16)
        origin[:count] = ways.argmax(axis=0)
        origins[frame] = np.where(entered > stayed, origin, _STAYED)
        best = np.maximum(entered, stayed)
    left, phone = divmod(int((best + ending).argmax()), count)
    path = [phone]
    for frame in range(len(outputs) - 1, 0, -1):
        origin_left = int(origins[frame, left, phone])
        if origin_left != _STAYED:
            left, phone = origin_left, left
            path.append(phone)
    return path[::-1]


def align(outputs: Scores, supervision: Supervision) -> NDArray[np.int64]:
    """Returns the node of each frame, `(T,)`, on the likeliest way through a transcript's graph.

    Args:
        outputs: `(T, D)`; at least as many frames as `supervision.shortest`.
        supervision: the graph.
    """
    with np.errstate(divide="ignore"):
        start, arcs = np.log(supervision.start), np.log(supervision.arcs)
        ending = np.log(supervision.end)
    first = outputs[:, supervision.forward_pdfs]
    further = outputs[:, supervision.self_loop_pdfs]
    best = start + first[0]
    origins = np.empty(first.shape, np.int64)
    for frame in range(1, len(outputs)):
        ways = best[:, None] + arcs
        entered, stayed = ways.max(axis=0) + first[frame], best + further[frame]
        here = np.arange(len(best))
        origins[frame] = np.where(entered > stayed, ways.argmax(axis=0), here)
        best = np.maximum(entered, stayed)
    path = [int((best + ending).argmax())]
    for frame in range(len(outputs) - 1, 0, -1):
        path.append(int(origins[frame, path[-1]]))
    return np.array(path[::-1])


def said_phones(nodes: NDArray[np.int64], supervision: Supervision, phones: PhoneSet) -> list[int]:
    """Returns the phones of an alignment, silence included; no node follows itself."""
    changes = np.flatnonzero(np.diff(nodes, prepend=-1))
    pdfs = supervision.self_loop_pdfs[nodes[changes]]
    return [int(pdf) // phones.pdfs_per_phone for pdf in pdfs]
