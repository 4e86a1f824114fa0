"""The base of every part of the report's contents."""

import msgspec


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every part of the contents: frozen, fields by name."""
