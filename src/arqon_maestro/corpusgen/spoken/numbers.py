"""How a number of the source text is said: `1905` is "nineteen o five", or one of its sisters."""

from __future__ import annotations

from arqon_maestro.corpusgen.choices import Choices
from arqon_maestro.errors import DataError

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TEENS = (
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
# Zeros that each group name stands for. Longer numbers than these reach are said digit by digit.
GROUPS = {3: "thousand", 6: "million", 9: "billion", 12: "trillion"}
LONGEST_GROUPED = max(GROUPS) + 3

# Rates of the description, section 3.9.
DIGIT_BY_DIGIT = 0.1
LEADING_ZERO_AS_O = 0.5
FOUR_DIGITS_AS_PAIRS = 0.5
INNER_ZERO_AS_O = 0.5
WITHOUT_HUNDRED = 0.5
A_FOR_ONE = 0.125
AND_BEFORE_REST = 0.5


def speak_number(digits: str, choices: Choices) -> list[str]:
    """Returns the words of a run of decimal digits.

    Args:
        digits: ASCII digits, leading zeros included; any length.
        choices: makes the decisions of section 3.9.

    Raises:
        DataError: `digits` is empty or has something other than ASCII digits.
    """
    if not (digits.isascii() and digits.isdigit()):
        raise DataError("not a run of decimal digits", where=repr(digits))
    if choices.flip(DIGIT_BY_DIGIT):
        return _digit_by_digit(digits)
    value = digits.lstrip("0") or "0"
    words: list[str] = []
    zeros = len(digits) - len(value)
    if zeros:
        words = ["o" if choices.flip(LEADING_ZERO_AS_O) else "zero"] * zeros
    return words + _speak(value, choices, top=True)


def speak_below_hundred(value: int) -> list[str]:
    """Returns the words of a number from 0 to 99: "seven", "twelve", "forty two"."""
    if value < 10:
        return [DIGITS[value]]
    if value < 20:
        return [TEENS[value - 10]]
    tens = TENS[value // 10 - 2]
    return [tens, DIGITS[value % 10]] if value % 10 else [tens]


def _digit_by_digit(digits: str) -> list[str]:
    return [DIGITS[int(digit)] for digit in digits]


def _speak(value: str, choices: Choices, top: bool) -> list[str]:
    """Says a number without leading zeros; `top` where it is the whole number."""
    if len(value) <= 2:
        return speak_below_hundred(int(value))
    if len(value) > LONGEST_GROUPED:
        return _digit_by_digit(value)
    if len(value) == 3 or (
        # 2000 is not said in pairs, nor is 1002: these are thousands.
        len(value) == 4 and top and value[1:3] != "00" and choices.flip(FOUR_DIGITS_AS_PAIRS)
    ):
        return _speak_hundreds(value, choices)
    zeros = (len(value) - 1) // 3 * 3
    words = _multiple(_speak(value[:-zeros], choices, top=False), GROUPS[zeros], choices)
    return words + _rest(value[-zeros:], choices)


def _speak_hundreds(value: str, choices: Choices) -> list[str]:
    hundreds = speak_below_hundred(int(value[:-2]))
    tens, units = value[-2], value[-1]
    if tens == "0" and units != "0":
        if choices.flip(INNER_ZERO_AS_O):
            return [*hundreds, "o", DIGITS[int(units)]]
    elif tens != "0" and (value[-3] == "0" or choices.flip(WITHOUT_HUNDRED)):
        # "twenty twenty four", never "twenty hundred twenty four".
        return hundreds + speak_below_hundred(int(value[-2:]))
    return _multiple(hundreds, "hundred", choices) + _rest(value[-2:], choices)


def _multiple(count: list[str], group: str, choices: Choices) -> list[str]:
    if count == ["one"] and choices.flip(A_FOR_ONE):
        count = ["a"]
    return [*count, group]


def _rest(rest: str, choices: Choices) -> list[str]:
    rest = rest.lstrip("0")
    if not rest:
        return []
    words = _speak(rest, choices, top=False)
    if len(rest) <= 2 and choices.flip(AND_BEFORE_REST):
        return ["and", *words]
    return words
