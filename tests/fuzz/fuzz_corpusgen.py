"""A coverage-guided fuzzer of CorpusGen: ``python tests/fuzz/fuzz_corpusgen.py TARGET OPTIONS``.

Targets: tokens, mappings, text, transcripts, markup, unknowns, explain. Options are libFuzzer's,
for instance ``-max_total_time=300 FOLDER``; what reaches new code is kept in FOLDER. For the
targets that read sources, an empty FOLDER starts with those of tests/fuzz/seeds; for explain, with
the cases of tests/corpusgen/explain. It needs the
``fuzz`` extra. What it finds becomes a case of tests/corpusgen/test_fuzz_findings.py.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import atheris
import yaml

sys.path.insert(0, str(Path(__file__).parent))
with atheris.instrument_imports(include=["arqon_maestro.corpusgen"]):
    import checks

    from arqon_maestro import languages
    from arqon_maestro.corpusgen.grammar.rules import load_grammar

LANGUAGES = languages.names()
_CASES = Path(__file__).parents[1] / "corpusgen" / "explain" / "cases"
_FIRST_WORDS = ("insert", "add")
_LONGEST_EDIT = 60  # longer ones take seconds each
_LEXICON = ["a", "b", "x", "foo", "(", ")", "SP", "NL", "CTX", "ENG"]


def _text(data: bytes) -> str:
    # Bytes that are not UTF-8 become lone surrogates.
    return data.decode("utf-8", "surrogateescape")


def _language(data: bytes) -> str:
    return LANGUAGES[data[0] % len(LANGUAGES)]


def _tags() -> list[str]:
    names = sorted(load_grammar().rules)
    return [tag for name in names for tag in (f"<{name}>", f"</{name}>")] + WORDS


def _spell(data: bytes, table: list[str]) -> list[str]:
    """Reads pairs of bytes as entries of a table."""
    return [
        table[(data[at] * 256 + data[at + 1]) % len(table)] for at in range(0, len(data) - 1, 2)
    ]


WORDS = [*(word.lower() for word in load_grammar().words()), "foo", "bar", "it's", "7"]
TAGS = _tags()


def tokens(data: bytes) -> None:
    checks.check_tokens(_text(data))


def mappings(data: bytes) -> None:
    checks.check_mappings(_text(data[2:]), _language(data), data[1])


def text(data: bytes) -> None:
    # As often as it takes to pass the filter's fewest lines.
    source = _text(data[2:])
    checks.check_text(f"{source}\n" * 10, _language(data), data[1])


def transcripts(data: bytes) -> None:
    checks.check_transcript(_spell(data[:60], WORDS))


def markup(data: bytes) -> None:
    checks.check_markup(" ".join(_spell(data, TAGS)))
    checks.check_markup(_text(data))


def unknowns(data: bytes) -> None:
    source, _, target = _text(data[1:]).partition("\t")
    checks.check_unknowns(source, target, _LEXICON, data[0])


def explain(data: bytes) -> None:
    before, typed, behind, words = (*_text(data[2:200]).split("\t", 3), "", "", "")[:4]
    first = _FIRST_WORDS[data[1] % len(_FIRST_WORDS)]
    checks.check_explain(f"{first} {words}", before, typed, _language(data), behind)


def plant_sources(folder: Path, least: int) -> None:
    """Puts the seed sources into a folder, whole and line by line."""
    for path in sorted((Path(__file__).parent / "seeds").iterdir()):
        source = path.read_text(encoding="utf-8")
        for number, text in enumerate((source, *source.splitlines())):
            head = bytes((LANGUAGES.index(path.stem), number))[:least]
            (folder / f"{path.stem}-{number}").write_bytes(head + text.encode())


def _shared(first: str, second: str) -> int:
    """Returns how many characters two texts start with alike."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((at for at, pair in pairs if pair[0] != pair[1]), min(len(first), len(second)))


def plant_edits(folder: Path) -> None:
    """Puts the hand-written cases of explain into a folder, as the target reads them."""
    for path in sorted(_CASES.glob("*.yaml")):
        language = LANGUAGES.index(path.stem)
        for number, case in enumerate(yaml.safe_load(path.read_text("utf-8"))["cases"]):
            first, _, words = case["say"].partition(" ")
            before, after = case.get("before", ""), case["after"].replace("<>", "")
            start = _shared(before, after)
            end = _shared(before[start:][::-1], after[start:][::-1])
            parts = (after[:start], after[start : len(after) - end], after[len(after) - end :])
            text = "\t".join((*parts, words))
            if first in _FIRST_WORDS and text.count("\t") == 3 and len(text) <= _LONGEST_EDIT:
                head = bytes((language, _FIRST_WORDS.index(first)))
                (folder / f"{path.stem}-{number}").write_bytes(head + text.encode())


TARGETS: dict[str, tuple[Callable[[bytes], None], int]] = {
    "tokens": (tokens, 0),
    "mappings": (mappings, 2),
    "text": (text, 2),
    "transcripts": (transcripts, 0),
    "markup": (markup, 0),
    "unknowns": (unknowns, 1),
    "explain": (explain, 2),
}


def main() -> None:
    name = sys.argv.pop(1) if len(sys.argv) > 1 else ""
    if name not in TARGETS:
        sys.exit(f"usage: fuzz_corpusgen.py {'|'.join(TARGETS)} [libFuzzer options]")
    check, least = TARGETS[name]
    folder = Path(sys.argv[-1])
    if folder.is_dir() and not any(folder.iterdir()):
        if check in (tokens, mappings, text):
            plant_sources(folder, least)
        elif check == explain:
            plant_edits(folder)

    def test_one_input(data: bytes) -> None:
        if len(data) >= least:
            check(data)

    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
