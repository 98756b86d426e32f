"""CorpusGen: from source code to what a speaker would say for it."""

from arqon_maestro.compiled import COMPILED  # before what it stands for is imported
from arqon_maestro.corpusgen.explain import probability
from arqon_maestro.corpusgen.grammar import Command, generate_commands
from arqon_maestro.corpusgen.mappings import generate_mappings
from arqon_maestro.corpusgen.records import Mapping
from arqon_maestro.corpusgen.tokens import detokenize, tokenize

__all__ = [
    "COMPILED",
    "Command",
    "Mapping",
    "detokenize",
    "generate_commands",
    "generate_mappings",
    "probability",
    "tokenize",
]
