"""Why the generator says what it says: chances of given words, and the likeliest words."""

from arqon_maestro.corpusgen.explain.likelihood import (
    Alternative,
    Explanation,
    explain_edit,
    probability,
)
from arqon_maestro.corpusgen.explain.nearby import Ranked, sayings_at
from arqon_maestro.corpusgen.explain.places import Saying

__all__ = [
    "Alternative",
    "Explanation",
    "Ranked",
    "Saying",
    "explain_edit",
    "probability",
    "sayings_at",
]
