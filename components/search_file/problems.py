"""What is wrong with a search file: where, which rule, what was received."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

LONGEST_SHOWN = 80


class Problem(NamedTuple):
    """One departure from the rules.

    Fields:
        path: the field, such as `$.budget.candidates`; a place such as `line 3, column 5` where the file is no YAML.
        rule: what the field must be, as the end of the sentence "... must be".
        received: what stands there, as text.
    """

    path: str
    rule: str
    received: str

    def __str__(self) -> str:
        return f"`{self.path}` must be {self.rule}. Received: {self.received}."


class InvalidSearch(ValueError):
    """A search file that is refused; the message has one line for each problem.

    Attributes:
        problems: all that was found, in the order in which it was found, at least one.
    """

    def __init__(self, problems: Sequence[Problem]):
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def shown(value: Any) -> str:
    """A value as the file's reader understood it, as JSON, cut to 80 characters."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."
