"""N-gram language models: counted, estimated, mixed, pruned, read, written and asked."""

from arqon_maestro.speech_engine.ngram.arpa_reader import read_arpa
from arqon_maestro.speech_engine.ngram.arpa_writer import write_arpa
from arqon_maestro.speech_engine.ngram.model import NgramModel
from arqon_maestro.speech_engine.ngram.perplexity import Perplexity, perplexity, perplexity_of
from arqon_maestro.speech_engine.ngram.training import TrainingSummary, train

__all__ = [
    "NgramModel",
    "Perplexity",
    "TrainingSummary",
    "perplexity",
    "perplexity_of",
    "read_arpa",
    "train",
    "write_arpa",
]
