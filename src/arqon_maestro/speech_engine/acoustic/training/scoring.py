"""How good a network is at phones, on utterances that it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from arqon_maestro.evaluation.metrics import edit_distance
from arqon_maestro.speech_engine.acoustic.training.decoding import (
    align,
    recognise_phones,
    said_phones,
)
from arqon_maestro.speech_engine.acoustic.training.features import Example
from arqon_maestro.speech_engine.acoustic.training.loop import Trainer, one_thread
from arqon_maestro.speech_engine.acoustic.training.network import Tdnn
from arqon_maestro.speech_engine.lexicon.pronunciations import SILENCE_PHONE


def score(trainer: Trainer, network: Tdnn, examples: Sequence[Example]) -> dict[str, float]:
    """Measures a network; the trainer's processes share the work.

    Returns:
        ``utterances``; ``objective``, the mean a frame; ``phone_error_rate``, of phones
        recognised with the trigram alone, against the transcript's likeliest pronunciation,
        silence left out. The latter two only where there is an utterance.
    """
    items, _ = trainer.usable(examples)
    if not items:
        return {"utterances": 0}
    phones, group = trainer.phones, trainer.group
    silence = phones.index[SILENCE_PHONE]
    counts = torch.zeros(2, dtype=torch.int64)
    network.eval()
    shared = items[group.rank :: group.processes]
    task = trainer.reporter.task("recognise phones", len(shared), "utterances")
    with one_thread(), torch.no_grad(), task as progress:
        for item in shared:
            features = torch.from_numpy(item.example.features.astype(np.float32))
            outputs = network(features[None])[0][0].double().numpy()
            heard = recognise_phones(outputs, phones, trainer.model)
            nodes = align(outputs, item.supervision)
            said = said_phones(nodes, item.supervision, phones)
            wanted = [phone for phone in said if phone != silence]
            errors = edit_distance(wanted, [phone for phone in heard if phone != silence])
            counts += torch.tensor([errors, len(wanted)])
            progress.advance()
        group.sum_(counts)
        errors, total = counts.tolist()
        return {
            "utterances": len(items),
            "objective": trainer.measure(network, items),
            "phone_error_rate": errors / total,
        }
