"""Our own modules as syntax trees, for tests of how they are written."""

import ast
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]


class Import(NamedTuple):
    """An import: its line, the dotted module, and whether it runs when the module is loaded.

    `eager` is false inside functions and under TYPE_CHECKING.
    """

    line: int
    module: str
    eager: bool


class Module:
    """A module's path below the root, and its text; what is told of it is told from the syntax alone."""

    def __init__(self, path: str, text: str):
        self.path, self.text = Path(path), text

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def imports(self) -> list[Import]:
        return list(_imports(self.tree, eager=True))

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))

    def at(self, node: ast.AST) -> str:
        return f"{self.path}:{node.lineno}"


@cache
def modules() -> list[Module]:
    """All modules of components/ and pipelines/."""
    found = sorted([*ROOT.glob("components/**/*.py"), *ROOT.glob("pipelines/**/*.py")])
    return [Module(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) for path in found]


def _imports(node: ast.AST, eager: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(child.lineno, alias.name, eager) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from (Import(child.lineno, _dotted(child, alias.name), eager) for alias in child.names)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _imports(child, eager=False)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        else:
            yield from _imports(child, eager)


def _dotted(node: ast.ImportFrom, name: str) -> str:
    """The module of `from a import b`: `a.b` where a is a package of ours, else `a`."""
    if node.level:
        return "." * node.level + (node.module or "")
    package = ROOT.joinpath(*(node.module or "").split("."))
    return f"{node.module}.{name}" if package.is_dir() else node.module or ""
