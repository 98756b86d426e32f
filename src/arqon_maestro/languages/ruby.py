"""Ruby."""

from arqon_maestro.languages.language import Language

LANGUAGE = Language(
    name="ruby",
    title="Ruby",
    extensions=(".rb", ".rake", ".gemspec"),
    file_names=("Rakefile", "Gemfile"),
    interpreters=("ruby", "jruby"),
    indentation="  ",
    grammar="tree_sitter_ruby",
    snippets="ruby",
)
