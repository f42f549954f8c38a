"""Mutants of a Python file: one small change each, found in its syntax tree and made in its text.

Changed are comparisons, arithmetic, ``and`` and ``or``, ``not`` and signs, constants, the ends of ranges and slices,
the branches of ``where``, and functions for their opposites (``min`` and ``max``, ``any`` and ``all``, ...). Left alone
is what no test should hold fast: docstrings, annotations, errors and their texts, assertions, limits that refuse
settings, and constants that keep numbers finite.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
    ast.BitXor: ast.BitAnd, ast.MatMult: ast.Mult,
}  # fmt: skip
OPPOSITES = [
    ("min", "max"), ("amin", "amax"), ("argmin", "argmax"), ("minimum", "maximum"), ("any", "all"), ("floor", "ceil"),
    ("zeros", "ones"), ("zeros_like", "ones_like"), ("sum", "mean"), ("cos", "sin"), ("exp", "log1p"),
]  # fmt: skip
OPPOSITE = {**dict(OPPOSITES), **{b: a for a, b in OPPOSITES}}
BUILTINS = {"min", "max", "any", "all"}  # what of these is a function without a module
LIMITS = {"ge", "gt", "le", "lt", "eps", "strict"}
IDLE_FUNCTIONS = {"__repr__", "__hash__", "label", "describe"}
IDLE_CALLS = {"isinstance", "print", "warn", "TypeVar", "cast", "register_buffer"}


@dataclass(frozen=True)
class Mutant:
    """One change of one file."""

    path: str  # from the root of the repository
    line: int
    change: str  # such as "< to <="
    start: int  # of the text that gives way, in bytes
    end: int
    text: str  # that takes its place

    def of(self, source: bytes) -> bytes:
        return source[: self.start] + self.text.encode() + source[self.end :]


def mutants(path: str, source: str, kernels: bool = False) -> list[Mutant]:
    """All mutants of a file; with ``kernels``, of functions that Numba compiles too."""
    starts = [0]
    for line in source.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def mutant(node: ast.expr, new: ast.expr, change: str) -> Mutant:
        assert node.end_lineno is not None and node.end_col_offset is not None
        start, end = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
        return Mutant(path, node.lineno, change, start, end, f"({ast.unparse(new)})")

    found = (mutant(*variant) for node in _living(ast.parse(source), kernels) for variant in _variants(node))
    return [one for one in found if _parses(one.of(source.encode()))]


def _parses(source: bytes) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


def _living(node: ast.AST, kernels: bool) -> Iterator[ast.AST]:
    """The nodes below in which a change should matter, outer ones first."""
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "bases", "keywords") and not isinstance(node, ast.Call):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _idle(child, kernels):
                yield from _living(child, kernels)


def _idle(node: ast.AST, kernels: bool) -> bool:
    match node:
        case ast.Raise() | ast.Assert() | ast.JoinedStr() | ast.Import() | ast.ImportFrom():
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.FunctionDef(name=name, decorator_list=decorators):
            compiled = any("njit" in ast.unparse(decorator) for decorator in decorators)
            return name in IDLE_FUNCTIONS or (compiled and not kernels)
        case ast.keyword(arg=name):
            return name in LIMITS
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in IDLE_CALLS or name.endswith("Error")
        case ast.Subscript(value=ast.Name(id="Literal" | "Callable" | "ClassVar" | "dict" | "tuple" | "list")):
            return True
    return False


def _variants(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr, str]]:
    """``(old, new, what changed)`` of this node alone."""
    match node:
        case ast.Compare():
            for place, operator in enumerate(node.ops):
                new = copy.deepcopy(node)
                new.ops[place] = COMPARISONS[type(operator)]()
                yield node, new, f"{_name(operator)} to {_name(new.ops[place])}"
        case ast.BinOp() if not isinstance(node.left, ast.Constant | ast.JoinedStr) or _number(node.left):
            new_operator = ARITHMETIC[type(node.op)]()
            yield node, ast.BinOp(node.left, new_operator, node.right), f"{_name(node.op)} to {_name(new_operator)}"
        case ast.BoolOp():
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield node, ast.BoolOp(other, node.values), f"{_name(node.op)} to {_name(other)}"
        case ast.UnaryOp():
            yield node, node.operand, f"no {_name(node.op)}"
        case ast.If() | ast.While() | ast.IfExp():
            if not isinstance(node.test, ast.Compare | ast.UnaryOp | ast.BoolOp):  # which change by themselves
                yield node.test, ast.UnaryOp(ast.Not(), node.test), "if not"
        case ast.Constant():
            for value in _other_constants(node.value):
                yield node, ast.Constant(value), f"{node.value!r} to {value}"
        case ast.Slice(upper=ast.expr() as upper) if not isinstance(upper, ast.Constant | ast.UnaryOp):
            yield upper, ast.BinOp(upper, ast.Sub(), ast.Constant(1)), "a slice one shorter"
        case ast.Call(func=ast.Name(id="range"), args=[*_, last]) if len(node.args) < 3:
            yield last, ast.BinOp(last, ast.Sub(), ast.Constant(1)), "a range one shorter"
            yield last, ast.BinOp(last, ast.Add(), ast.Constant(1)), "a range one longer"
        case ast.Call(func=ast.Attribute(attr="where"), args=[condition, one, other]):
            new_call = ast.Call(node.func, [condition, other, one], node.keywords)
            yield node, new_call, "the branches of where swapped"
        case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in OPPOSITE:
            new_function = ast.Attribute(value, OPPOSITE[name], ast.Load())
            yield node, ast.Call(new_function, node.args, node.keywords), f"{name} to {OPPOSITE[name]}"
        case ast.Call(func=ast.Name(id=name)) if name in BUILTINS:
            yield node, ast.Call(ast.Name(OPPOSITE[name]), node.args, node.keywords), f"{name} to {OPPOSITE[name]}"


def _number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def _other_constants(value: object) -> list[bool | int | float]:
    match value:
        case bool():
            return [not value]
        case int() if abs(value) < 1e6:  # beyond are the constants of hashes
            return [value + 1, value - 1]
        case float() if value == 0 or 1e-3 <= abs(value) < 1e6:
            return [value * 2 if value else 1.0]
    return []


def _name(operator: ast.AST) -> str:
    """As it is written, such as ``<=``."""
    left, right = ast.Name("a"), ast.Name("b")
    match operator:
        case ast.cmpop():
            return ast.unparse(ast.Compare(left, [operator], [right]))[2:-2]
        case ast.operator():
            return ast.unparse(ast.BinOp(left, operator, right))[2:-2]
        case ast.boolop():
            return ast.unparse(ast.BoolOp(operator, [left, right]))[2:-2]
        case ast.unaryop():
            return ast.unparse(ast.UnaryOp(operator, right))[:-1].strip()
    return str(operator)
