"""The section machinery: says a node by its recipe (spec section 4.2), whatever the language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from arqon_maestro.corpusgen.choices import Choices, Table
from arqon_maestro.corpusgen.generation import CARET, Coins, Generated
from arqon_maestro.corpusgen.snippets.cuts import Stops
from arqon_maestro.corpusgen.snippets.edits import Edit, by_place
from arqon_maestro.corpusgen.snippets.file import SyntaxFile, UnsayableError
from arqon_maestro.corpusgen.snippets.parts import NodeView, Part
from arqon_maestro.corpusgen.snippets.ranges import Range, without_semicolon
from arqon_maestro.corpusgen.snippets.recipes import Form, Phrase, Section
from arqon_maestro.corpusgen.snippets.targets import print_target, with_one_caret, without_carets

if TYPE_CHECKING:
    from arqon_maestro.corpusgen.inserts import InsertGenerator

_TRIGGER_PLACES = Table([("first", 33), ("before", 33), ("after", 34)])
_NAME_SUFFIX = 0.03
_NAME_SUFFIXES = ("with name", "called", "named")
_IMPLICIT_BEFORE_NAME = 0.10
_STOP_SECTION = 0.20
_ARTICLE = 0.01
_WRONG_ARTICLE = 0.05
# Nobody says as many nodes inside each other at once.
_MOST_NESTED = 6
_QUOTES = "\"'`"


class Said(NamedTuple):
    """How a node was said.

    Attributes:
        words: spoken words.
        output: printed units of the target.
        remaining: unit ranges that were taken out.
        partial: something was left out that belongs to the snippet.
    """

    words: list[str]
    output: list[str]
    remaining: list[Range]
    partial: bool


def choose_phrase(choices: Choices, phrases: Table[Phrase]) -> Phrase:
    """Returns the words of one of `phrases`, drawn by weight."""
    return phrases.options[0] if len(phrases.options) == 1 else choices.draw(phrases)


def add_article(choices: Choices, words: list[str]) -> None:
    """Now and then puts an article in front of `words`, rarely the wrong one."""
    if words and choices.flip(_ARTICLE):
        vowel = words[0][0] in "aeiou"
        words.insert(0, "an" if vowel != choices.flip(_WRONG_ARTICLE) else "a")


def choose_form(view: NodeView, kind: str, choices: Choices, in_text: bool = False) -> Form:
    """Returns the first form of `kind` whose condition holds for the node.

    Raises:
        UnsayableError: if none does.
    """
    for form in view.file.shapes.all_recipes[kind]:
        if form.plain and form.unconditional and not in_text:
            return form
        when = form.when
        if (
            (form.in_text or not in_text)
            and all(map(view.part, form.needs))
            and not any(map(view.part, when.lacks))
            and (when.chance >= 1 or choices.flip(when.chance))
        ):
            return form
    raise UnsayableError(f"no form of {kind}")


def say(view: NodeView, form: Form, generator: InsertGenerator, sampler: Coins) -> Said:
    """Says a node in one of its forms.

    Raises:
        UnsayableError: if the target cannot be printed, or would hold words nobody said.
    """
    if form.plain:
        nodes = (view.node,)
        return say_whole(view.file, nodes, view.start, view.stop, form, generator, sampler)
    if generator.nesting >= _MOST_NESTED:
        raise UnsayableError("nested too deeply")
    generator.nesting += 1
    try:
        return _Speech(view, form, generator, sampler).run()
    finally:
        generator.nesting -= 1


def say_whole(
    file: SyntaxFile,
    nodes: Sequence[int],
    start: int,
    stop: int,
    form: Form,
    generator: InsertGenerator,
    sampler: Coins | None = None,
) -> Said:
    """Says the units of a node as text, in a form that is plain.

    A semicolon at the end stays, unsaid, behind the caret.
    """
    end = without_semicolon(file.stream.shape, start, stop)
    said = say_text(file, nodes, start, end, generator, sampler)
    words = said.words
    section = form.sections[0]
    if section.phrase is not None:
        words = [*choose_phrase(generator.choices, section.phrase_texts), *words]
        add_article(generator.choices, words)
    output = said.output
    if CARET in output:
        output = with_one_caret(output)
    else:
        output.append(CARET)
    if end < stop:
        output += file.stream.printed[end:stop]
    return Said(words, output, said.remaining, said.partial)


def say_text(
    file: SyntaxFile,
    nodes: Sequence[int],
    start: int,
    stop: int,
    generator: InsertGenerator,
    sampler: Coins | None = None,
    partials: bool = True,
) -> Generated:
    """Says the units of neighbouring nodes as text; it stops early only where they are whole.

    Raises:
        UnsayableError: if a line ends, or a snippet inside stops, where they are not.
    """
    said = generator.generate(
        start,
        stop,
        partials=partials,
        sampler=sampler,
        may_stop=Stops(file.cuts, tuple(nodes)),
    )
    if said.partial and not file.cuts.ends_well(nodes, stop, said):
        raise UnsayableError("cut short inside")
    return said


def _required(section: Section, silent: bool) -> bool:
    if section.phrase is not None or section.name is not None:
        return True
    return section.say is not None and not section.optional and not silent


@dataclass(slots=True)
class _Speech:
    """One run over the sections of a form."""

    view: NodeView
    form: Form
    generator: InsertGenerator
    sampler: Coins
    words: list[str] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    handled: list[Range] = field(default_factory=list)
    said: list[int] = field(default_factory=list)  # indices into edits
    remaining: list[Range] = field(default_factory=list)
    triggered: bool = False
    stopped: bool = False

    def run(self) -> Said:
        view, flip = self.view, self.generator.choices.flip
        sections: list[tuple[Section, Part | None]] = []
        name = 0
        for section in self.form.sections:
            role = section.role
            part = None if role is None else view.part(role)
            if part is None and role is not None:
                continue
            if section.name is not None:
                name = len(sections)
            sections.append((section, part))
        implicit = name if name and flip(_IMPLICIT_BEFORE_NAME) else 0
        silent = [
            index < implicit or (section.silent > 0 and flip(section.silent))
            for index, (section, _) in enumerate(sections)
        ]
        required = 0
        for index, (section, _) in enumerate(sections):
            if _required(section, silent[index]):
                required = index
        for index, (section, part) in enumerate(sections):
            if part is not None:
                self._part(section, part, silent[index], index - required)
            elif section.phrase is not None:
                words = choose_phrase(self.generator.choices, section.phrase_texts)
                self.triggered = self.triggered or bool(words)
                self.words += words
        return self._finish()

    def _part(self, section: Section, part: Part, silent: bool, beyond: int) -> None:
        """Says, keeps or removes a part; `beyond` is its distance from the last required one."""
        if silent or section.keep is not None or part.start == part.stop:
            self.handled.append((part.start, part.stop))
        elif section.drop is not None:
            self._remove(part)
        elif section.first is not None:
            self._first_statement(part, beyond)
        elif beyond > 0 and self._stops():
            if any(map(self.view.file.cuts.is_bound, part.nodes)):
                raise UnsayableError("text elsewhere belongs to it")
            self._remove(part)
        else:
            said = self._generate(part, section, beyond >= 0 and not section.complete)
            if section.lead is not None:
                self.words += choose_phrase(self.generator.choices, section.lead_texts)
            if section.trigger is not None:
                self._place_trigger(section.trigger_texts, said.words)
            else:
                self.words += said.words

    def _stops(self) -> bool:
        self.stopped = self.stopped or self.generator.choices.flip(_STOP_SECTION)
        return self.stopped

    def _remove(self, part: Part) -> None:
        edit = self.view.removal(part)
        self.edits.append(edit)
        self._queue(edit.start, edit.stop)

    def _queue(self, start: int, stop: int) -> None:
        if start < stop:
            self.remaining.append((start, stop))

    def _generate(self, part: Part, section: Section, partials: bool) -> Generated:
        start, stop = part.start, part.stop
        if section.unquote and self.generator.choices.flip(section.unquote):
            start, stop = self._unquoted(part)
        said = say_text(
            self.view.file, part.nodes, start, stop, self.generator, self.sampler, partials
        )
        self._replace(start, stop, said)
        return said

    def _unquoted(self, part: Part) -> Range:
        """Returns the inside of a string that has just one quote on each side."""
        shape = self.view.file.stream.shape
        start, stop = part.start, part.stop
        quote = shape[start]
        if (
            quote in _QUOTES
            and stop - start > 2
            and shape[stop - 1] == quote
            and quote not in shape[start + 1 : stop - 1]
        ):
            return start + 1, stop - 1
        return start, stop

    def _replace(self, start: int, stop: int, said: Generated) -> None:
        if said.partial:
            self.stopped = True
        self.remaining += said.remaining
        self.said.append(len(self.edits))
        self.edits.append(Edit(start, stop, tuple(said.output)))

    def _place_trigger(self, trigger: Table[Phrase], name: Sequence[str]) -> None:
        choices = self.generator.choices
        words = choose_phrase(choices, trigger)
        self.triggered = True
        place = choices.draw(_TRIGGER_PLACES)
        if place == "first":
            self.words[:0] = words
            self.words += name
        elif place == "before":
            self.words += words
            if choices.flip(_NAME_SUFFIX):
                self.words += choices.choose(_NAME_SUFFIXES).split()
            self.words += name
        else:
            self.words += name
            self.words += words

    def _first_statement(self, body: Part, beyond: int) -> None:
        """Says the first statement of a body and takes out the rest, or empties the body."""
        view = self.view
        statements = view.statements(body)
        file = view.file
        faulty = bool(statements) and (
            statements[0] in file.tree.faulty or file.cuts.is_bound(statements[0])
        )
        if not statements or faulty or (beyond > 0 and self._stops()):
            self.stopped = self.stopped or faulty
            self._remove(body)
            return
        first = NodeView(view.file, statements[0])
        start, stop = first.whole
        said = self._statement(first)
        if said is None:
            self.stopped = True
            self._remove(body)
            return
        self.words += said.words
        self._replace(start, stop, said)
        last = view.file.units(statements[-1])[1]
        if first.stop < last:
            self.edits.append(Edit(first.stop, last))
            self._queue(first.stop, last)

    def _statement(self, statement: NodeView) -> Generated | None:
        """Says a statement: one with a body as a snippet, another one as text."""
        start, stop = statement.whole
        try:
            kind = statement.kind()
            if kind is None or statement.part("body") is None:
                return say_text(
                    self.view.file, (statement.node,), start, stop, self.generator, self.sampler
                )
            form = choose_form(statement, kind, self.generator.choices)
            said = say(statement, form, self.generator, self.sampler)
        except UnsayableError:
            return None
        return Generated(said.words, said.output, said.remaining, said.partial, stop)

    def _finish(self) -> Said:
        view, form = self.view, self.form
        if self.triggered:
            add_article(self.generator.choices, self.words)
        last = self.said[-1] if self.said else -1
        if last >= 0 and not (form.forced and not self.stopped):
            output = with_one_caret(self.edits[last].output)
            if CARET not in output:
                output.append(CARET)
        else:
            last = -1
            self._default_caret()
        for index in self.said:
            edit = self.edits[index]
            kept = output if index == last else without_carets(edit.output)
            self.edits[index] = Edit(edit.start, edit.stop, tuple(kept))
        self._cut_comments()
        printed = print_target(view.file, view.start, view.stop, self.edits, self.handled)
        self.remaining.sort()
        return Said(self.words, printed, self.remaining, self.stopped)

    def _cut_comments(self) -> None:
        """Takes the comments out of what is left of the node."""
        view = self.view
        if not view.file.has_comments(view.start, view.stop):
            return
        position = view.start
        for edit in [*sorted(self.edits, key=by_place), Edit(view.stop, view.stop)]:
            for start, stop in view.file.comments_in(position, edit.start):
                # A part may start with a comment, which then goes with it.
                if stop <= edit.start:
                    self.edits.append(Edit(start, stop))
                    self._queue(start, stop)
            position = max(position, edit.stop)

    def _default_caret(self) -> None:
        for place, role in self.form.caret:
            part = self.view.part(role)
            if part is None:
                continue
            if place == "start":
                unit = self.view.body_start(part)
            else:
                unit = part.stop if place == "after" else part.start
            # A place that was taken out is where it was.
            around = (edit.start for edit in self.edits if edit.start < unit < edit.stop)
            unit = min(around, default=unit)
            self.edits.append(Edit(unit, unit, (CARET,)))
            return
