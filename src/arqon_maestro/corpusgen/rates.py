"""Every probability and limit of the insert generator and the modes, with its section number.

The numbers of spoken numbers are in `spoken.numbers`, those of the command grammar in `grammar`,
those of snippets in `snippets`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rates:
    """Rates (0 to 1) and limits; the defaults are the description's."""

    # Plural words before a range, "insert s".
    split_plural: float = 0.10  # 3.1

    # One step of the descent.
    filler: float = 0.005  # 3.2, text mode only
    snippet: float = 0.80  # 3.2
    numeral: float = 0.001  # 3.2, the word "numeral" before a number
    plain_instead_of_enclosure: float = 0.10  # 3.2
    stop: float = 0.07  # 3.2
    discard_tail: float = 0.90  # 3.2, a last ";" or blank

    # Fixed for a mapping.
    spaces_may_be_spoken: float = 0.10  # 3.3
    spaces_may_be_spoken_in_prose: float = 0.01  # 3.3
    implicit_symbols: float = 0.02  # 3.3
    explicit_bias: float = 0.50  # 3.3
    title_as_capitals: float = 0.50  # 3.3
    enclosure_after_content: float = 0.10  # 3.3

    # Decided again each time.
    follow_bias: float = 0.85  # 3.3, a symbol is as explicit as the mapping's bias
    space_run: float = 0.40  # 3.3, two blanks or more are said
    single_space: float = 0.67  # 3.3, one is, where the mapping may say blanks
    drop_in: float = 0.20  # 3.3, "in parens" without its "in"
    drop_in_without_content: float = 0.02  # 3.3
    explicit_style: float = 0.40  # 3.3
    explicit_style_in_prose: float = 0.10  # 3.3
    explicit_usual_style: float = 0.10  # 3.3, the language's `usual_style`
    explicit_lower_case: float = 0.005  # 3.3

    # Identifiers.
    relabel_single_word: float = 0.015  # 3.5
    speak_delimiters: float = 0.50  # 3.5
    speak_delimiter: float = 0.80  # 3.5

    # Symbols and enclosures.
    silent_underscore: float = 0.80  # 3.6
    prioritised_name: float = 0.90  # 3.6
    sign: float = 0.01  # 3.6, the word "sign" after a symbol
    decimal_point: float = 0.90  # the "." between two numbers is said "point"
    decimal_digits: float = 0.80  # and what follows it digit by digit
    of_for_parenthesis: float = 0.80  # 3.7
    of_for_bracket: float = 0.10  # 3.7

    # Words.
    composite: float = 0.02  # 3.8
    composite_in_dictionary: float = 0.15  # 3.8
    one_word: float = 0.67  # 3.8
    lower_case_for_one_word: float = 0.50  # 3.8
    alias: float = 0.10  # 3.8

    # Alpha context.
    keep_alpha: float = 0.90  # 1.6

    # Text mode.
    filler_line: float = 0.05  # 6.2
    bare_line: float = 0.025  # 6.2, spoken text without a command
    filler_prefix: float = 0.05  # 6.2
    alternative: float = 1 / 40  # 6.2, words of fewer than 10 letters
    spelled_alternative: float = 0.50  # 6.2, otherwise random letters
    wake_word: float = 1 / 2000  # 6.2
    acronym_spelled_as_one: float = 0.60  # 6.2, word(spell)
    acronym_spelled_out: float = 0.30  # 6.2


RATES = Rates()

ALPHA_WINDOW_UNITS = 1500  # 1.6
ALPHA_LIMIT_UNITS = 50  # 1.6, entries and what separates them
ALPHA_LEAST_LEADING_UNITS = 25  # 1.6, with a shorter leading context there are no entries
LEADING_UNITS_BELOW = 50  # 1.6, in training: uniform from 0 to one less
LEADING_UNITS_AT_INFERENCE = 35  # 1.6
ALTERNATIVE_LETTERS_BELOW = 10  # 6.2
RANDOM_LETTERS_AT_MOST = 10  # 6.2
FILLERS = ("um", "uh")  # 6.2
WAKE_WORD = "maestro"  # 6.2
SPELL_SUFFIX = "(spell)"  # 6.2

LEAST_LINES = 10  # 6.3
MOST_LINES = 5000  # 6.3
LONGEST_LINE = 200  # 6.3, characters
MOST_CHARACTERS_PER_LINE = 70  # 6.3
MOST_ERROR_SHARE = 0.02  # 6.3, bytes of the tree under ERROR nodes
