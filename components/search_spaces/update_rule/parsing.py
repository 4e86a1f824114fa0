"""Reads update rules: formulas as people write them, and strings of tokens."""

import difflib
import re
from collections.abc import Iterable
from typing import NamedTuple

from components.search_spaces.update_rule.primitives import BINARIES, OPERANDS, UNARIES, decay
from components.search_spaces.update_rule.spec import MAX_GROUPS, PARTS, Group, RuleSpec, is_token

LONGEST, DEEPEST = 500, 40  # characters of a text, and parentheses within parentheses
FUNCTIONS = ("sign", "ln", "sqrt", "exp", "clip", "drop")
DECAYS = ("ld", "cd", "cd_N", "rd_N", "noise_t")
_MARK = re.compile(r"\[[^\]]*\]\s*\Z")  # what a formula is marked with, such as [never uses the gradient]
_LEXEMES = re.compile(r"\s*(?:(#\d+|\d+(?:\.\d+)?(?:e-?\d+)?w?|[A-Za-z_]\w*|[-+*/^()|,=])|(\S))")
_TOKEN_WORDS = re.compile(rf"(?<!\w)({'|'.join(sorted(({*BINARIES, *UNARIES}) - {*FUNCTIONS}))})(?!\w)|;")


class Leaf(NamedTuple):
    """An operand, a decay, or the name `#k` of a definition; `at` is its position in the text, from 1."""

    token: str
    at: int


class Call(NamedTuple):
    """A unary function of a node."""

    unary: str
    argument: "Node"


class Pair(NamedTuple):
    """A binary function of two nodes."""

    binary: str
    left: "Node"
    right: "Node"


Node = Leaf | Call | Pair


def parse_rule(text: str) -> RuleSpec:
    """Returns the rule of a formula (`e^(sign(g) * sign(m)) * g`) or of a string of tokens (`g 1 identity exp mul`).

    Raises:
        ValueError: naming the position, what must stand there, and what was received.
    """
    text = _MARK.sub("", text)
    if len(text) > LONGEST:
        raise ValueError(f"`rule` must have at most {LONGEST} characters. Received: {len(text)} characters.")
    return parse_tokens(text) if _TOKEN_WORDS.search(text) else parse_formula(text)


def parse_tokens(text: str) -> RuleSpec:
    """Returns the rule of a string of tokens: five a group (left, right, their unaries, binary), `;` after each group.

    Raises:
        ValueError: naming position, group and part, where the string breaks the grammar.
    """
    words: list[str] = []
    for found in re.finditer(r";|[^\s;]+", text):
        word, at = found[0], found.start() + 1
        number, part = len(words) // len(PARTS) + 1, PARTS[len(words) % len(PARTS)]
        if word == ";":
            if part != PARTS[0] or not words:
                raise _error(_wanted(part, number), at, word)
            continue
        if number > MAX_GROUPS:
            raise _error(f"nothing after group {MAX_GROUPS}", at, word)
        if not is_token(word, part, number):
            raise _error(_wanted(part, number) + _hint(word, _choices(part, number)), at, word)
        words.append(word)
    size = len(PARTS)
    if not words or len(words) % size:
        raise _error(_wanted(PARTS[len(words) % size], len(words) // size + 1), len(text) + 1, "the end")
    return RuleSpec(tuple(Group(*words[at : at + size]) for at in range(0, len(words), size)))


def parse_formula(text: str) -> RuleSpec:
    """Returns the rule of a formula, in any spacing and with any superfluous parentheses.

    Raises:
        ValueError: naming the position, what must stand there, and what was received; or where the rule needs more than
            4 groups.
    """
    root, definitions = _Reader(text).rule()
    return _Writer(text, definitions).rule(root)


class _Reader:
    """Recursive descent: a sum of products of signed powers."""

    def __init__(self, text: str):
        self._lexemes: list[tuple[str, int]] = []
        for found in _LEXEMES.finditer(text):
            if found[2]:
                raise _error("an operand, a function or one of + - * / ^ ( ) | , =", found.start(2) + 1, found[2])
            self._lexemes.append((found[1], found.start(1) + 1))
        self._lexemes.append(("", len(text.rstrip()) + 1))
        self._next = self._depth = 0

    def rule(self) -> tuple[Node, dict[str, Node]]:
        root, definitions = self._sum(), {}
        while self._take(","):
            name, at = self._pop()
            if not re.fullmatch(r"#\d+", name) or name in definitions:
                raise _error("a new name such as #1", at, name)
            self._must("=")
            definitions[name] = self._sum()
        if self._peek():
            raise _error("one of + - * / ^, `, #1 = ...` or the end", self._lexemes[self._next][1], self._peek())
        return root, definitions

    def _sum(self) -> Node:
        node = self._product()
        while self._peek() in ("+", "-"):
            binary = "add" if self._pop()[0] == "+" else "sub"
            node = Pair(binary, node, self._product())
        return node

    def _product(self) -> Node:
        node = self._signed()
        while self._peek() in ("*", "/"):
            binary = "mul" if self._pop()[0] == "*" else "div"
            node = Pair(binary, node, self._signed())
        return node

    def _signed(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise _error(f"at most {DEEPEST} levels of parentheses, signs and powers", *self._pop()[::-1])
        node = Call("neg", self._signed()) if self._take("-") else self._power()
        self._depth -= 1
        return node

    def _power(self) -> Node:
        if self._peek() == "e":
            self._pop()
            self._must("^")
            return Call("exp", self._signed())
        base = self._atom()
        if not self._take("^"):
            return base
        if isinstance(base, Leaf) and base.token == "g" and self._peek() in ("2", "3"):
            after = self._lexemes[self._next + 1][0]
            if after != "^":
                return Leaf(f"g^{self._pop()[0]}", base.at)
        return Pair("pow", base, self._signed())

    def _atom(self) -> Node:
        lexeme, at = self._pop()
        if lexeme == "(":
            node = self._sum()
            self._must(")")
            return node
        if lexeme in FUNCTIONS:
            return self._function(lexeme)
        if lexeme in OPERANDS or decay(lexeme) or lexeme.startswith("#"):
            return Leaf(lexeme, at)
        choices = [*OPERANDS, *DECAYS, *FUNCTIONS]
        raise _error(f"an operand, a function or `(`{_hint(lexeme, choices)}", at, lexeme)

    def _function(self, name: str) -> Node:
        closing = "|" if name in ("ln", "sqrt") and self._take("|") else ")"
        if closing == ")":
            self._must("(")
        argument = self._sum()
        unary = {"ln": "log"}.get(name, name)
        if name in ("clip", "drop"):
            self._must(",")
            unary = self._amount(name)
        self._must(closing)
        if unary == "sign" and isinstance(argument, Leaf) and argument.token in ("g", "m"):
            return Leaf(f"sign({argument.token})", argument.at)
        return Call(unary, argument)

    def _amount(self, kind: str) -> str:
        """The unary of a clip or drop whose amount comes next."""
        lexeme, at = self._pop()
        amounts = {row.amount: row.name for row in UNARIES.values() if row.kind == kind}
        number = float(lexeme) if re.fullmatch(r"\d+(\.\d+)?(e-?\d+)?", lexeme) else None
        if number not in amounts:
            choices = ", ".join(name.partition("_")[2] for name in amounts.values())
            raise _error(f"one of {choices} as the number of {kind}", at, lexeme)
        return amounts[number]

    def _peek(self) -> str:
        return self._lexemes[self._next][0]

    def _pop(self) -> tuple[str, int]:
        lexeme = self._lexemes[self._next]
        self._next = min(self._next + 1, len(self._lexemes) - 1)
        return lexeme

    def _take(self, wanted: str) -> bool:
        if self._peek() != wanted:
            return False
        self._pop()
        return True

    def _must(self, wanted: str) -> None:
        lexeme, at = self._pop()
        if lexeme != wanted:
            raise _error(f"`{wanted}`", at, lexeme)


class _Writer:
    """Writes nodes as groups: each binary function is one, and so is each unary function of another unary one."""

    def __init__(self, text: str, definitions: dict[str, Node]):
        self._text, self._definitions = text, definitions
        self._groups: list[Group] = []
        self._tokens: dict[str, str] = {}  # of definitions that are written
        self._open: list[str] = []

    def rule(self, root: Node) -> RuleSpec:
        token = self._token(root)
        if token != f"#{len(self._groups)}":
            self._write(Group(token, _filler(token), "identity", "identity", "left"))
        unused = [name for name in self._definitions if name not in self._tokens]
        if unused:
            raise ValueError(f"`rule` must use what it defines. Received: {unused[0]}, unused, in {self._text!r:.200}.")
        if len(self._groups) > MAX_GROUPS:
            raise ValueError(
                f"`rule` must have at most {MAX_GROUPS} groups: binary functions, and unary functions of unary ones."
                f" Received: {len(self._groups)} groups in {self._text!r:.200}."
            )
        return RuleSpec(tuple(self._groups))

    def _token(self, node: Node) -> str:
        """The token of a node's value: itself, or the result of a group."""
        if isinstance(node, Leaf):
            return self._defined(node) if node.token.startswith("#") else node.token
        if isinstance(node, Pair):
            left, left_unary = self._side(node.left)
            right, right_unary = self._side(node.right)
            return self._write(Group(left, right, left_unary, right_unary, node.binary))
        left, unary = self._side(node)
        return self._write(Group(left, _filler(left), unary, "identity", "left"))

    def _side(self, node: Node) -> tuple[str, str]:
        if isinstance(node, Call):
            return self._token(node.argument), node.unary
        return self._token(node), "identity"

    def _defined(self, leaf: Leaf) -> str:
        name = leaf.token
        if name not in self._definitions or name in self._open:
            rule = "an operand that is defined" if name not in self._definitions else "a definition without itself"
            raise _error(rule, leaf.at, name)
        if name not in self._tokens:
            self._open.append(name)
            self._tokens[name] = self._token(self._definitions[name])
            self._open.pop()
        return self._tokens[name]

    def _write(self, group: Group) -> str:
        self._groups.append(group)
        return f"#{len(self._groups)}"


def _filler(left: str) -> str:
    """A right operand for `left`, which doesn't use it; another than the left one."""
    return "2" if left == "1" else "1"


def _wanted(part: str, number: int) -> str:
    return f"the {part} of group {number}, one of {', '.join(_choices(part, number))},"


def _choices(part: str, number: int) -> list[str]:
    if part == "binary":
        return list(BINARIES)
    if part in ("left_unary", "right_unary"):
        return list(UNARIES)
    return [*OPERANDS, *DECAYS, *(f"#{earlier}" for earlier in range(1, number))]


def _hint(word: str, choices: Iterable[str]) -> str:
    near = difflib.get_close_matches(word.lower(), list(choices), n=3, cutoff=0.5)
    return f" (near matches: {', '.join(near)})" if near else ""


def _error(wanted: str, at: int, received: str) -> ValueError:
    return ValueError(f"`rule` must have {wanted} at position {at}. Received: {received or 'the end'!r}.")
