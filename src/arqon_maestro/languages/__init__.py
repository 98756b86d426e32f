"""Programming languages as data: each module here but `language` and `registry` is one of them."""

from arqon_maestro.languages.language import Language, Layout
from arqon_maestro.languages.registry import every, get, names, of_path

__all__ = ["Language", "Layout", "every", "get", "names", "of_path"]
