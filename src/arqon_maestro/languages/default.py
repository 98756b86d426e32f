"""English prose, and the language of the transcript parser."""

from arqon_maestro.languages.language import Language

LANGUAGE = Language(
    name="default",
    title="English",
    extensions=(".md", ".markdown", ".rst"),
    indentation="  ",
    prioritised={".": ("period",)},
    prose=True,
)
