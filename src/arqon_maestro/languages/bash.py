"""Shell scripts: bash, and what is near to it."""

from arqon_maestro.languages.language import Language

LANGUAGE = Language(
    name="bash",
    title="Bash",
    extensions=(".sh", ".bash", ".zsh", ".ksh"),
    file_names=(".bashrc", ".bash_profile", ".profile"),
    interpreters=("sh", "bash", "dash", "ksh", "zsh"),
    indentation="  ",
    grammar="tree_sitter_bash",
    snippets="bash",
    ruled_words=frozenset({"lambda", "tag"}),
)
