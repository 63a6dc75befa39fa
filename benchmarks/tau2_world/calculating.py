"""The pocket calculator of both desks."""

import ast
import operator
from collections.abc import Callable

from benchmarks.tau2_world.outside import Refused

_SIGNS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def calculate(expression: str) -> str:
    """The value of a sum of plain numbers, to two places. Raises Refused for anything else."""
    try:
        return str(round(_value(ast.parse(expression, mode="eval").body), 2))
    except (SyntaxError, ValueError, ZeroDivisionError, OverflowError, RecursionError) as error:
        raise Refused("This cannot be calculated.") from error


def _value(node: ast.expr) -> float:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return float(number)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _SIGNS:
            return _SIGNS[type(sign)](_value(left), _value(right))
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner)
        case _:
            raise ValueError(node)
