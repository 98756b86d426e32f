"""CorpusGen: from source code to what a speaker would say for it."""

from arqon_maestro.corpusgen.records import Mapping
from arqon_maestro.corpusgen.tokens import detokenize, tokenize

__all__ = ["Mapping", "detokenize", "tokenize"]
