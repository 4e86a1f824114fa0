"""The search file's way in and out: text to a validated Search, and back."""

from typing import Any

import msgspec

from components.records.search import Search
from components.search_file.choices import choice_problems
from components.search_file.fields import field_problems
from components.search_file.problems import InvalidSearch
from components.search_file.rules import rule_problems
from components.search_file.yaml_text import read_yaml, write_yaml

__all__ = ["InvalidSearch", "canonical_text", "read_search"]


def read_search(text: str) -> Search:
    """Returns the search that a file describes, with the defaults of what it leaves out.

    The text is judged in three steps, each only where the one before found nothing: as strict YAML, field by field, and
    as a whole (rules between fields, the space, the controller, the device). All problems of a step are reported.

    Raises:
        InvalidSearch: with the path, the rule and what was received of each problem.
    """
    data: Any = read_yaml(text)
    _refuse(field_problems(data, Search))
    search = msgspec.convert(data, Search)
    _refuse([*rule_problems(search), *choice_problems(search)])
    return search


def canonical_text(search: Search) -> bytes:
    """A search as YAML with every field written out, in one way only; `read_search` reads the same search back."""
    return write_yaml(msgspec.to_builtins(search)).encode("ascii")


def _refuse(problems: Any) -> None:
    found = list(problems)
    if found:
        raise InvalidSearch(found)
