"""How likely the generator says given words for an edit, and where it first cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from arqon_maestro import languages
from arqon_maestro.corpusgen.explain.edits import Edit, insertions
from arqon_maestro.corpusgen.explain.generator import LedGenerator, Wanted
from arqon_maestro.corpusgen.explain.places import (
    AddPlace,
    AddPlaces,
    InsertPlace,
    Saying,
    Scene,
    insert_place,
    scenes,
)
from arqon_maestro.corpusgen.explain.search import DeadEndError, Exploration, Guide, explore
from arqon_maestro.errors import UsageError
from arqon_maestro.languages import Language

ADD, INSERT = "add", "insert"

# Of one place; an ordinary line needs a few hundred.
_MOST_RUNS = 4000
_MOST_RUNS_OPEN = 400
# Of all runs of one place together, so that a long one ends in seconds too.
_MOST_UNITS = 200_000
# What is longer than this nobody says at once.
_LONGEST_EDIT = 4000  # characters
_TOLERANCE = 1e-3
_ALTERNATIVES = 5


@dataclass(frozen=True, slots=True)
class Alternative:
    """What the generator says after the words that it can say.

    Attributes:
        words: what comes next, a few words; empty where it ends there.
        probability: of the words so far and these, as far as it was looked for.
    """

    words: tuple[str, ...]
    probability: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether the generator says words for an edit.

    Attributes:
        probability: chance of the words, at least; 0 if they were not found.
        unexplored: chance that was not looked at: the chance is at most the sum of both.
        saying: how it says them; None if it does not.
        said: the longest beginning of the words that it was found to say; all of them if it can.
        alternatives: what it says after these instead, the likeliest first.
        reason: why it does not say them; empty if it does.
    """

    probability: float
    unexplored: float
    saying: Saying | None
    said: tuple[str, ...]
    alternatives: tuple[Alternative, ...] = ()
    reason: str = ""

    @property
    def producible(self) -> bool:
        """Whether the generator says the words."""
        return self.saying is not None


def probability(transcript: str, before: str, after: str, language: str | Language) -> float | None:
    """Returns the chance that the generator says `transcript` for an edit.

    It is the chance of the words *given the place*: that the generator, told to say the units
    that were put in (``insert``), or the node that was (``add``), says just these words, and its
    target is just this text with this caret. So in the number are all decisions about names,
    styles, numbers, triggers, sections, carets, and about not stopping before the end. Not in it
    are the choice of the place, stopping after it where a line goes on, the contexts, and what
    text mode adds. Of several places that an edit may be read as, the likeliest counts.

    Args:
        transcript: the words, first ``insert`` or ``add``.
        before: the text before the edit; ``<>`` marks the caret if it matters.
        after: the text after it.
        language: its language, or the language's name.

    Returns:
        The chance, at least: what was not looked at is less than a thousandth of it, or what a
        few thousand runs of the generator did not reach. None if no way to say so was found.

    Raises:
        UsageError: there is no such language, or another first word.
        MissingPartError: the language's grammar is not installed.
    """
    explanation = explain_edit(transcript, before, after, language, alternatives=False)
    return explanation.probability if explanation.producible else None


def explain_edit(
    transcript: str,
    before: str,
    after: str,
    language: str | Language,
    *,
    alternatives: bool = True,
) -> Explanation:
    """Says whether, and how, the generator says `transcript` for an edit; see `probability`.

    Args:
        transcript: the words, first ``insert`` or ``add``.
        before: the text before the edit; ``<>`` marks the caret if it matters.
        after: the text after it.
        language: its language, or the language's name.
        alternatives: whether to look for what it says instead, if it does not.

    Raises:
        UsageError: there is no such language, or another first word.
        MissingPartError: the language's grammar is not installed.
    """
    if isinstance(language, str):
        language = languages.get(language)
    words = tuple(transcript.lower().split())
    if len(words) < 2 or words[0] not in (ADD, INSERT):
        raise UsageError(
            f"a transcript starts with {ADD} or {INSERT}, and goes on",
            where=repr(transcript),
            remedy=f'--transcript "{INSERT} …"',
        )
    edits = insertions(before, after)
    if not edits:
        return Explanation(0.0, 0.0, None, words[:1], reason="the edit does not only put text in")
    if all(stop - start > _LONGEST_EDIT for edit in edits for start, stop in edit.spans):
        reason = f"more than {_LONGEST_EDIT} characters were put in"
        return Explanation(0.0, 0.0, None, words[:1], reason=reason)
    tried: list[Sequence[_Search]] = []
    unexplored = 0.0
    for edit in edits:
        searches = list(_searches(edit, language, words))
        if not searches:
            continue
        tried.append(searches)
        best, left = _likeliest(searches)
        if best is not None:
            return best
        unexplored = max(unexplored, left)
    if not tried:
        reason = (
            "the text that was put in starts or ends inside a word"
            if words[0] == INSERT
            else "what was put in is no node that can be added"
        )
        return Explanation(0.0, 0.0, None, words[:1], reason=reason)
    if not alternatives:
        return Explanation(0.0, unexplored, None, words[:1], reason="not found")
    # Where <> may be code or the caret, the reading that gets further is meant.
    failures = [_failure(searches, words, unexplored) for searches in tried]
    return max(failures, key=lambda failure: len(failure.said))


def _likeliest(searches: Sequence[_Search]) -> tuple[Explanation | None, float]:
    """Returns the likeliest way to say an edit, and what was not looked at of any place."""
    best: Explanation | None = None
    unexplored = 0.0
    for search in searches:
        found = search.run(search.accept, Guide(), _MOST_RUNS)
        unexplored = max(unexplored, found.unexplored)
        total = sum(chance for _, chance in found.ends)
        if found.ends and (best is None or total > best.probability):
            saying = max(found.ends, key=lambda end: end[1])[0]
            best = Explanation(total, found.unexplored, saying, search.words)
    return best, unexplored


@dataclass(frozen=True, slots=True)
class _Search:
    """One place that the words may be said of."""

    scene: Scene
    language: Language
    snippets: AddPlaces | None
    place: InsertPlace | AddPlace
    words: tuple[str, ...]

    def run(
        self, check: Callable[[Saying], Saying], guide: Guide, most_runs: int
    ) -> Exploration[Saying]:
        wanted = Wanted(self.words[1:])
        generator = LedGenerator(self.scene.said, self.language, guide, wanted, self.snippets)
        return explore(
            lambda: check(self.place.say(generator)),
            guide,
            most_runs=min(most_runs, 1 + _MOST_UNITS // (1 + self.place.size)),
            tolerance=_TOLERANCE,
        )

    def accept(self, saying: Saying) -> Saying:
        if saying.words != self.words or not self.scene.makes(saying, self.place):
            raise DeadEndError
        return saying


def _searches(edit: Edit, language: Language, words: tuple[str, ...]) -> Iterator[_Search]:
    for scene in scenes(edit, language, nodes=words[0] == ADD):
        snippets = AddPlaces.of(scene.said, language)
        places: Sequence[InsertPlace | AddPlace] = ()
        if words[0] == INSERT:
            found = (insert_place(scene.said, *span) for span in edit.spans)
            places = list(dict.fromkeys(place for place in found if place is not None))
        elif snippets is not None:
            added = len(scene.said.source) - len(scene.shown.source)
            places = snippets.within([(start, stop + added) for start, stop in edit.spans])
        for place in places:
            yield _Search(scene, language, snippets, place, words)


def _failure(searches: Sequence[_Search], words: tuple[str, ...], unexplored: float) -> Explanation:
    """Returns how far the generator gets with the words, and what it says then."""
    ends: list[tuple[Saying, float, bool]] = []
    reasons: dict[str, None] = {}
    for search in searches:
        found = search.run(lambda saying: saying, Guide(strict=False), _MOST_RUNS_OPEN)
        ends += [
            (saying, chance, search.scene.makes(saying, search.place))
            for saying, chance in found.ends
        ]
        if not found.ends and search.snippets is not None:
            reasons.update(dict.fromkeys(search.snippets.rejects))
    if not ends:
        reason = "nothing is said there" + "".join(f"; {reason}" for reason in reasons)
        return Explanation(0.0, unexplored, None, words[:1], reason=reason)
    same = [saying for saying, _, _ in ends if saying.words == words]
    if same:
        targets = dict.fromkeys(" ".join(saying.tokens) for saying in same)
        reason = "the words make another text: " + " | ".join(targets)
        return Explanation(0.0, unexplored, None, words, reason=reason)
    fitting = [end for end in ends if end[2]]
    if not fitting:
        targets = dict.fromkeys(" ".join(saying.tokens) for saying, _, _ in ends)
        reason = "only other texts are made: " + " | ".join(list(targets)[:_ALTERNATIVES])
    else:
        reason = "not these words"
    reached = max(_shared(saying.words, words) for saying, _, _ in fitting or ends)
    following: dict[tuple[str, ...], float] = {}
    for saying, chance, _ in fitting or ends:
        if _shared(saying.words, words) == reached:
            after = saying.words[reached : reached + 3]
            following[after] = following.get(after, 0.0) + chance
    ranked = sorted(following.items(), key=lambda item: (-item[1], item[0]))[:_ALTERNATIVES]
    return Explanation(
        0.0,
        unexplored,
        None,
        words[:reached],
        tuple(Alternative(after, chance) for after, chance in ranked),
        reason,
    )


def _shared(said: Sequence[str], words: Sequence[str]) -> int:
    length = 0
    while length < min(len(said), len(words)) and said[length] == words[length]:
        length += 1
    return length
