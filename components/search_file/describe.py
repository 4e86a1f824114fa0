"""The search file explained: every field with type, range, default and description, from the typed sections."""

import inspect
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from components.controllers.registry import CONTROLLERS
from components.hardware.devices import DEVICES, HOST
from components.records.search import Search
from components.search_file.fields import is_section, optional_section
from components.search_file.wording import either, in_words
from components.search_file.yaml_text import write_inline
from components.search_spaces.registry import SPACES

WIDTH = 110  # characters a line of text
REQUIRED = {  # what the reference file says where a field has no default
    "$.name": "reference",
    "$.data.source": "sklearn:digits",
    "$.space.name": "norm_act_layer",
    "$.controller.name": "evolution",
}
NAMES: Mapping[str, Iterable[str]] = {  # what the fields that name a row of a table may say
    "$.space.name": SPACES,
    "$.controller.name": CONTROLLERS,
    "$.scoring.device": (HOST, *DEVICES),
}
HEADER = (
    "Every field of a search description at its default, on the handwritten digits that scikit-learn bundles. Only "
    "name, data.source and space.name are required: a file of your own can leave out the rest."
)


def field_reference() -> str:
    """Every field with type, range, default and description, for people; the settings of spaces and controllers too."""
    lines = _section_lines(Search, "$")
    for path, table in (("$.space", SPACES), ("$.controller", CONTROLLERS)):
        for name, entry in table.items():
            lines += ["", f"Settings of `{path}.name: {name}`:", *_section_lines(entry.settings, f"{path}.settings")]
    return "\n".join(lines) + "\n"


def reference_file() -> str:
    """A complete search file, commented, with every field at its default."""
    return "\n".join([*_wrapped(HEADER, "# "), "", *_file_lines(Search, "$")]) + "\n"


def documented(section: type[msgspec.Struct]) -> dict[str, str]:
    """The description of each field by name, from the `Fields:` part of a section's docstring."""
    described: dict[str, str] = {}
    names: list[str] = []
    for line in (inspect.getdoc(section) or "").partition("Fields:\n")[2].splitlines():
        if not line.startswith("     "):
            head, _, line = line.partition(":")
            names = [name.strip() for name in head.split(",")]
        for name in names:
            described[name] = f"{described.get(name, '')} {line.strip()}".strip()
    return described


def _section_lines(section: type[msgspec.Struct], path: str, whole: Any = None) -> list[str]:
    """The list's lines of a section; `whole` is what it is where it is left out."""
    lines = ["", path, *_wrapped(_summary(section), "  ")]
    below: list[str] = []
    texts = documented(section)
    for field in msgspec.structs.fields(section):
        here = f"{path}.{field.name}"
        if is_section(field.type):
            lines += _section_lines(field.type, here, None if field.required else _default(field))
            continue
        default = f"default {write_inline(_default(field))}" if not field.required else "required"
        if field.required and whole is not None:
            default += f" ({whole[field.name]} where {path} is left out)"
        lines += _wrapped(f"{here}: {_kind(here, field)}; {default}", "  ", "    ")
        lines += _wrapped(texts[field.name], "      ")
        optional = optional_section(field.type)
        below += _section_lines(optional, here) if optional else []
    return lines + below


def _file_lines(section: type[msgspec.Struct], path: str, indent: str = "") -> Iterator[str]:
    texts = documented(section)
    below_section = False
    for field in msgspec.structs.fields(section):
        here = f"{path}.{field.name}"
        inner = _settings(path) if field.name == "settings" else field.type
        nested = is_section(inner) and bool(msgspec.structs.fields(inner))
        if nested or below_section:
            yield ""
        if nested:
            yield from [*_wrapped(_summary(inner), f"{indent}# "), f"{indent}{field.name}:"]
            yield from _file_lines(inner, here, indent + "  ")
        else:
            value = REQUIRED[here] if here in REQUIRED else _default(field)
            line, kind = f"{indent}{field.name}: {write_inline(value)}", _kind(here, field)
            fits = len(line) + len(kind) < WIDTH
            yield from _wrapped(texts[field.name] + ("" if fits else f" It is {kind}."), f"{indent}# ")
            yield from _optional_lines(field, here, indent)
            yield f"{line}  # {kind}" if fits else line
        below_section = nested


def _optional_lines(field: Any, path: str, indent: str) -> Iterator[str]:
    """What may stand in place of null, where a field may be a section that stands nowhere else, as comments."""
    section = optional_section(field.type)
    if section is not None and section not in _standing(Search):
        yield from _wrapped(_summary(section), f"{indent}# ")
        yield f"{indent}# {field.name}:"
        for line in _file_lines(section, path):
            yield f"{indent}#   {line}".rstrip()


def _standing(section: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    """All sections below one that can't be null."""
    for field in msgspec.structs.fields(section):
        if is_section(field.type):
            yield field.type
            yield from _standing(field.type)


def _kind(path: str, field: Any) -> str:
    return either([f"`{name}`" for name in NAMES[path]]) if path in NAMES else in_words(field.type)


def _settings(path: str) -> type[msgspec.Struct]:
    table = SPACES if path == "$.space" else CONTROLLERS
    return table[REQUIRED[f"{path}.name"]].settings


def _summary(section: type[msgspec.Struct]) -> str:
    return (inspect.getdoc(section) or "").partition("\n\n")[0]


def _wrapped(text: str, indent: str, further: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent if further is None else further,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _default(field: Any) -> Any:
    value = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    return msgspec.to_builtins(value)


if __name__ == "__main__":
    print(reference_file(), end="")
