"""Fields of a file against the typed sections: all departures in one walk, each with its path."""

import difflib
import math
from collections.abc import Iterable, Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from components.search_file.problems import Problem, shown
from components.search_file.wording import in_words


def field_problems(value: Any, kind: Any, path: str = "$") -> Iterator[Problem]:
    """Yields where a value departs from a type.

    Args:
        value: plain data, as `read_yaml` returns it.
        kind: a msgspec.Struct class, or any annotation that msgspec converts to.
        path: where the value stands.
    """
    section = kind if is_section(kind) else optional_section(kind)
    if section is not None and isinstance(value, dict):
        yield from _section_problems(value, section, path)
    elif not _fits(value, kind):
        items = list(_item_problems(value, kind, path))
        yield from items or [Problem(path, in_words(kind), shown(value))]
    else:
        yield from _number_problems(value, path)


def is_section(kind: Any) -> bool:
    """Whether a type is a section of the file: a msgspec.Struct class."""
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def optional_section(kind: Any) -> type[msgspec.Struct] | None:
    """The section of a type that is one or null; None where the type is anything else."""
    options = get_args(kind) if isinstance(kind, UnionType) else ()
    sections = [option for option in options if is_section(option)]
    return sections[0] if sections and len(options) == 2 and NoneType in options else None


def _section_problems(value: dict[str, Any], kind: type[msgspec.Struct], path: str) -> Iterator[Problem]:
    fields = msgspec.structs.fields(kind)
    names = [field.name for field in fields]
    for name in value:
        if name not in names:
            yield Problem(f"{path}.{name}", f"a field of `{path}`{hint(name, names)}", f"{name}: {shown(value[name])}")
    for field in fields:
        here = f"{path}.{field.name}"
        if field.name in value:
            yield from field_problems(value[field.name], field.type, here)
        elif field.required:
            yield Problem(here, f"there: {in_words(field.type)}", "no such field")


def hint(name: str, names: Iterable[str]) -> str:
    """The valid name nearest to a wrong one, else all of them, in brackets to stand after the rule."""
    nearest = difflib.get_close_matches(name.lower(), names, n=1)
    if nearest:
        return f" (did you mean `{nearest[0]}`?)"
    return f" ({', '.join(names)})"


def _item_problems(value: Any, kind: Any, path: str) -> Iterator[Problem]:
    annotation = _plain(kind)
    options = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    options = tuple(_plain(option) for option in options)
    listed = next((option for option in options if get_origin(option) is tuple), None)
    if isinstance(value, list) and listed is not None:
        for i, item in enumerate(value):
            yield from field_problems(item, get_args(listed)[0], f"{path}[{i}]")
    mapping = next((option for option in options if get_origin(option) is dict), None)
    if isinstance(value, dict) and mapping is not None:
        for name, item in value.items():
            yield from field_problems(item, get_args(mapping)[1], f"{path}.{name}")


def _plain(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _number_problems(value: Any, path: str) -> Iterator[Problem]:
    """Numbers that are not finite, in data whose type says nothing about them."""
    if isinstance(value, float) and not math.isfinite(value):
        yield Problem(path, "a finite number", shown(value))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _number_problems(item, f"{path}.{name}")
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _number_problems(item, f"{path}[{i}]")


def _fits(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True
