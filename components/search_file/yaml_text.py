"""Strict YAML: a file of plain mappings, lists, text, numbers, booleans and nulls, read one way only.

It is YAML 1.2's core notation in PyYAML, which reads 1.1: `1e-3` is a number; `no`, `on`, `12:30`, `0x1f` and
`2024-01-01` are text. Duplicate keys, anchors, aliases, tags and further documents are refused.
"""

import re
from typing import Any, ClassVar

import yaml

from components.search_file.problems import InvalidSearch, Problem, shown

LARGEST_FILE = 65_536  # characters; PyYAML reads some 100,000 a second
DEEPEST = 16  # levels; a search file has 3, its settings a few more
LONGEST_INTEGER = 100  # digits; a longer one is read as a float

_PLAIN_SCALARS = (
    ("null", re.compile(r"^(?:~|null|Null|NULL|)\Z"), ["~", "n", "N", ""]),
    ("bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)\Z"), list("tTfF")),
    ("int", re.compile(rf"^[-+]?(?:0|[1-9][0-9]{{0,{LONGEST_INTEGER - 1}}})\Z"), list("-+0123456789")),
    (
        "float",
        re.compile(
            r"^[-+]?(?:(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))\Z"
            r"|^\.(?:nan|NaN|NAN)\Z"
        ),
        list("-+.0123456789"),
    ),
)
_TAG = "tag:yaml.org,2002:"


class _Reader(yaml.SafeLoader):
    """Composes the nodes of one document, with the scalars above, and refuses what a search file has no use for."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}  # type: ignore[misc]  # the stub takes it for an instance's
    depth = 0

    def compose_node(self, parent: Any, index: Any) -> yaml.Node | None:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise InvalidSearch([Problem(_place(event.start_mark), "without anchors and aliases", f"{event.anchor}")])
        if getattr(event, "tag", None) is not None:
            raise InvalidSearch([Problem(_place(event.start_mark), "without tags", event.tag)])
        if self.depth >= DEEPEST:
            raise InvalidSearch([Problem(_place(event.start_mark), f"at most {DEEPEST} levels deep", "one more")])
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


class _Writer(yaml.SafeDumper):
    """Quotes text that this reader or YAML 1.1 would take for something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


for _kind, _pattern, _first in _PLAIN_SCALARS:
    _Reader.add_implicit_resolver(_TAG + _kind, _pattern, _first)
    _Writer.add_implicit_resolver(_TAG + _kind, _pattern, _first)


def read_yaml(text: str) -> dict[str, Any]:
    """Returns the mapping that a file holds.

    Raises:
        InvalidSearch: where it is no strict YAML or no mapping, with the line and column or the path.
    """
    if len(text) > LARGEST_FILE:
        raise InvalidSearch([Problem("$", f"at most {LARGEST_FILE} characters long", f"{len(text)} characters")])
    try:
        node = _Reader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        raise InvalidSearch([_syntax_problem(text, error)]) from error
    except yaml.reader.ReaderError as error:
        before = text[: error.position].split("\n")
        place = f"line {len(before)}, column {len(before[-1]) + 1}"
        rule = f"YAML of printable characters ({error.reason})"
        raise InvalidSearch([Problem(place, rule, f"the character {error.character:#x}")]) from error
    value = None if node is None else _value(node, "$")
    if not isinstance(value, dict):
        raise InvalidSearch([Problem("$", "a mapping of fields", shown(value))])
    return value


def write_yaml(value: Any) -> str:
    """Plain data as block YAML in the mapping's own order, ASCII, which `read_yaml` reads back as the same data."""
    return yaml.dump(value, Dumper=_Writer, sort_keys=False, default_flow_style=False, width=120)


def write_inline(value: Any) -> str:
    """Plain data as YAML on one line."""
    text = yaml.dump(value, Dumper=_Writer, sort_keys=False, default_flow_style=True, width=LARGEST_FILE)
    return text.removesuffix("...\n").rstrip("\n")


def _value(node: yaml.Node, path: str) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, f"{path}[{i}]") for i, item in enumerate(node.value)]
    match node.tag.removeprefix(_TAG):
        case "null":
            return None
        case "bool":
            return node.value.lower() == "true"
        case "int":
            return int(node.value)
        case "float":
            return _float(node.value)
    return node.value


def _float(text: str) -> float:
    return float(re.sub(r"\.(inf|nan)", r"\1", text.lower()))


def _mapping(node: yaml.MappingNode, path: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        key = _value(key_node, path)
        if not isinstance(key, str):
            raise InvalidSearch(
                [Problem(f"{path}, line {line}", "a mapping with text as keys", f"the key {shown(key)}")]
            )
        if key in values:
            rule = f"given once, and stands in line {lines[key]} already"
            raise InvalidSearch([Problem(f"{path}.{key}", rule, f"it again in line {line}")])
        values[key] = _value(value_node, f"{path}.{key}")
        lines[key] = line
    return values


def _place(mark: yaml.Mark) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}"


def _syntax_problem(text: str, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    said = "; ".join(part for part in (error.context, error.problem) if part)
    if mark is None:
        return Problem("$", f"YAML ({said})", "other text")
    lines = text.splitlines()
    line = lines[mark.line].strip() if mark.line < len(lines) else ""
    return Problem(_place(mark), f"YAML ({said})", shown(line))
