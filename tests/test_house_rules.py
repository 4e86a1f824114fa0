"""How our modules are written: sizes, docstrings, thin component bodies, nothing drawn from or ordered by a set."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.source_tree import ROOT, Module, modules

MODULE_LINES, BODY_LINES = 300, 80
VAGUE = re.compile(r"(^|_)(utils?|commons?|helpers?|managers?|misc)(_|$)")
BRANCHES = (ast.If, ast.IfExp, ast.For, ast.While, ast.Try, ast.With, ast.Match, ast.FunctionDef, ast.Lambda,
            ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.BoolOp)  # fmt: skip
FORBIDDEN = ("pickle", "cPickle", "dill", "joblib", "cloudpickle", "marshal", "shelve")
UNSOUND = ("list", "tuple", "enumerate", "iter", "next", "choice", "zip", "join", "map", "array")  # of a set


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from the first statement after the docstring to the last."""
    statements = function.body[1:] if ast.get_docstring(function) else function.body
    return (function.end_lineno or 0) - statements[0].lineno + 1 if statements else 0


def too_long(module: Module) -> Iterator[str]:
    lines = module.text.count("\n")
    if lines > MODULE_LINES:
        yield f"{module.path}: {lines} lines"
    for function in module.functions():
        if body_lines(function) > BODY_LINES:
            yield f"{module.at(function)}: {function.name} has a body of {body_lines(function)} lines"


def undocumented(module: Module) -> Iterator[str]:
    """Public modules, classes and functions, and the public methods of public classes."""
    if not ast.get_docstring(module.tree):
        yield f"{module.path}: no docstring"
    for node in module.tree.body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        if not ast.get_docstring(node):
            yield f"{module.at(node)}: {node.name} has no docstring"
        methods = node.body if isinstance(node, ast.ClassDef) else ()
        for method in (one for one in methods if isinstance(one, ast.FunctionDef)):
            if not method.name.startswith("_") and not ast.get_docstring(method):
                yield f"{module.at(method)}: {node.name}.{method.name} has no docstring"


def thick(module: Module) -> Iterator[str]:
    """What a component's body may not have: a branch, a loop, a nested function."""
    for function in module.functions():
        if not any("component" in ast.unparse(one) for one in function.decorator_list):
            continue
        for statement in function.body:
            for node in ast.walk(statement):
                if isinstance(node, BRANCHES):
                    yield f"{module.at(node)}: a {type(node).__name__} in the component {function.name}"


def unordered(module: Module) -> Iterator[str]:
    """Where something is taken from a set in the order of the set."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.For) and _is_set(node.iter):
            yield f"{module.at(node.iter)}: a loop over a set"
        generators = node.generators if isinstance(node, ast.ListComp | ast.DictComp | ast.GeneratorExp) else ()
        if any(_is_set(one.iter) for one in generators):
            yield f"{module.at(node)}: a comprehension over a set"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if name in UNSOUND and any(_is_set(one) for one in node.args):
                yield f"{module.at(node)}: {name}() of a set"


def _is_set(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr | ast.Sub):
        return _is_set(node.left) or _is_set(node.right)
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("set", "frozenset")
    return called or isinstance(node, ast.Set | ast.SetComp)


def registered_or_pickled(module: Module) -> Iterator[str]:
    """Tables are written out, nothing is imported by `*`, and nothing is pickled."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr == "__subclasses__":
            yield f"{module.at(node)}: __subclasses__"
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            yield f"{module.at(node)}: import *"
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle" and ast.unparse(node.value) != "False":
            yield f"{module.path}:{node.value.lineno}: allow_pickle"
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            for decorator in node.decorator_list:
                if "register" in ast.unparse(decorator):
                    yield f"{module.at(node)}: {node.name} registers itself"
    for one in module.imports:
        if one.module.split(".")[0] in FORBIDDEN:
            yield f"{module.path}:{one.line}: {one.module}"


def vaguely_named(module: Module) -> Iterator[str]:
    for part in (*module.path.parts[:-1], module.path.stem):
        if VAGUE.search(part):
            yield f"{module.path}: {part}"


def more_than_a_docstring(module: Module) -> Iterator[str]:
    """An `__init__.py` holds its docstring."""
    if module.path.name == "__init__.py" and (len(module.tree.body) != 1 or not ast.get_docstring(module.tree)):
        yield f"{module.path}: more or less than a docstring"


def wordless(module: Module) -> Iterator[str]:
    """A ValueError with a message says in it what was received."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
            message, kind = node.exc.args[0], ast.unparse(node.exc.func)
            written = isinstance(message, ast.Constant | ast.JoinedStr | ast.BinOp)
            if kind == "ValueError" and written and "Received" not in ast.unparse(message):
                yield f"{module.at(node)}: a ValueError that doesn't say what was received"


RULES = (
    too_long,
    undocumented,
    thick,
    unordered,
    registered_or_pickled,
    vaguely_named,
    more_than_a_docstring,
    wordless,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_module_keeps_the_rule(rule):
    assert [departure for module in modules() for departure in rule(module)] == []


DOC = '"""It."""\n'
STEP = 'from kfp import dsl\n\n@dsl.component(base_image="x")\ndef step(search: str):\n    """It."""\n    {body}\n'
COMPONENT = DOC + STEP
LONG_BODY = DOC + 'def f():\n    """It."""\n' + "    x = 1\n" * 81
PATH = "components/records/x.py"


@pytest.mark.parametrize(
    ("rule", "text", "path"),
    [
        (too_long, DOC + "x = 1\n" * 300, PATH),
        (too_long, LONG_BODY, PATH),
        (undocumented, "x = 1\n", PATH),
        (undocumented, DOC + "def f():\n    pass\n", PATH),
        (undocumented, DOC + "class C:\n    x = 1\n", PATH),
        (undocumented, DOC + 'class C:\n    """It."""\n    def f(self):\n        pass\n', PATH),
        (thick, COMPONENT.format(body="if search:\n        pass"), PATH),
        (thick, COMPONENT.format(body="for x in search:\n        pass"), PATH),
        (thick, COMPONENT.format(body="x = [y for y in search]"), PATH),
        (thick, COMPONENT.format(body="x = 1 if search else 2"), PATH),
        (thick, COMPONENT.format(body="def f():\n        pass"), PATH),
        (thick, COMPONENT.format(body="with open(search) as f:\n        pass"), PATH),
        (unordered, DOC + "for x in {1, 2}:\n    pass\n", PATH),
        (unordered, DOC + "x = [y for y in set(z)]\n", PATH),
        (unordered, DOC + "x = list({y for y in z})\n", PATH),
        (unordered, DOC + "x = rng.choice(list(set(z)))\n", PATH),
        (unordered, DOC + "x = ', '.join(set(a) - set(b))\n", PATH),
        (registered_or_pickled, DOC + "import pickle\n", PATH),
        (registered_or_pickled, DOC + "x = numpy.load(f, allow_pickle=True)\n", PATH),
        (registered_or_pickled, DOC + "from a import *\n", PATH),
        (registered_or_pickled, DOC + "x = C.__subclasses__()\n", PATH),
        (registered_or_pickled, DOC + "@register_space\nclass C:\n    pass\n", PATH),
        (vaguely_named, DOC, "components/records/utils.py"),
        (vaguely_named, DOC, "components/training_helpers/x.py"),
        (more_than_a_docstring, "", "components/records/__init__.py"),
        (more_than_a_docstring, DOC + "from a import b\n", "components/records/__init__.py"),
        (wordless, DOC + "raise ValueError('wrong')\n", PATH),
    ],
)
def test_a_departure_is_seen(rule, text, path):
    assert list(rule(Module(path, text)))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_good_code_is_not_complained_of(rule):
    text = COMPONENT.format(body="from a import b\n\n    b(search)")
    text += "def f(x):\n    '''It.'''\n    raise ValueError(f'`x` must be y. Received: x={x}.')\n"
    text += "names = [y for y in sorted({1, 2})]\nbig = max(set(names))\nsame = {y for y in {1, 2}}\n"
    text += "import numpy\nz = numpy.load(f, allow_pickle=False)\n"
    assert list(rule(Module("components/records/recorded.py", text))) == []


def test_a_docstring_is_no_part_of_a_body():
    text = DOC + 'def f():\n    """It.\n' + "    line\n" * 100 + '    """\n' + "    x = 1\n" * 80
    assert list(too_long(Module(PATH, text))) == []


def test_tests_are_no_package():
    """Files of one name in several folders are told apart by pytest's importlib mode."""
    assert list((ROOT / "tests").rglob("__init__.py")) == []
