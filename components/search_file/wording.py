"""Types in words: the rule of a field, from its type annotation."""

from collections.abc import Sequence
from typing import Any

import msgspec.inspect as types


def in_words(annotation: Any) -> str:
    """What a value of a type is, such as `an integer in [1, 24]`, to stand after "must be"."""
    return _words(types.type_info(annotation))


def either(options: Sequence[str]) -> str:
    """Options as an enumeration: `a`, `a or b`, `a, b or c`."""
    return " or ".join(filter(None, [", ".join(options[:-1]), options[-1]]))


def _words(kind: types.Type) -> str:
    match kind:
        case types.Metadata():
            described = (kind.extra_json_schema or {}).get("description")
            return described or _words(kind.type)
        case types.UnionType():
            nulls_first = sorted(kind.types, key=lambda option: not isinstance(option, types.NoneType))
            return either([_words(option) for option in nulls_first])
        case types.LiteralType():
            return either([f"`{value}`" for value in kind.values])
        case types.IntType():
            return "an integer" + _range(kind)
        case types.FloatType():
            return "a number" + _range(kind)
        case types.TupleType():
            return f"a list of {len(kind.item_types)}, each {_words(kind.item_types[0])}"
        case types.VarTupleType():
            return f"a list{_length(kind)}, each {_words(kind.item_type)}"
        case types.StructType() | types.DictType(value_type=types.AnyType()):
            return "a mapping"
        case types.DictType():
            return f"a mapping, each {_words(kind.value_type)}"
        case types.StrType():
            return "text" if not kind.min_length else "text that is not empty"
    return {types.BoolType: "true or false", types.NoneType: "null"}.get(type(kind), "any value")


def _range(kind: types.IntType | types.FloatType) -> str:
    low = None if kind.ge is None and kind.gt is None else f"[{kind.ge}" if kind.gt is None else f"({kind.gt}"
    high = None if kind.le is None and kind.lt is None else f"{kind.le}]" if kind.lt is None else f"{kind.lt})"
    if low and high:
        return f" in {low}, {high}"
    if low:
        return f" {'>=' if kind.gt is None else '>'} {low[1:]}"
    return f" {'<=' if kind.lt is None else '<'} {high[:-1]}" if high else ""


def _length(kind: types.VarTupleType) -> str:
    if kind.max_length is None:
        return f" of {kind.min_length} or more" if kind.min_length else ""
    return f" of {kind.min_length or 0} to {kind.max_length}"
