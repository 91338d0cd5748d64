"""Mutants of a solution: its source with one thing changed."""

import ast
import copy

#: {operator: what stands in its place in a mutant}
SWAPS = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add, ast.Mult),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult, ast.Sub),
    ast.Pow: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
}


def mutants(source):
    """Yield (source) of each change of one operator, number, name or statement in the function's
    body.
    """
    tree = ast.parse(source)
    body = tree.body[0].body[1:]  # without the docstring
    for node in [node for statement in body for node in ast.walk(statement)]:
        for change in changes(node):
            old = copy.copy(node.__dict__)
            node.__dict__.update(change)
            yield ast.unparse(tree)
            node.__dict__.clear()
            node.__dict__.update(old)
    for node in ast.walk(tree):
        statements = getattr(node, "body", None)
        for k in range(len(statements) if isinstance(statements, list) else 0):
            docstring = isinstance(statements[k], ast.Expr) and isinstance(
                statements[k].value, ast.Constant
            )
            if (
                isinstance(statements[k], (ast.Assign, ast.Expr))
                and len(statements) > 1
                and not docstring
            ):
                removed = statements.pop(k)
                yield ast.unparse(tree)
                statements.insert(k, removed)


def changes(node):
    """Yield what to change in a node of the syntax tree."""
    if isinstance(node, ast.BinOp):
        yield from ({"op": other()} for other in SWAPS.get(type(node.op), ()))
        if isinstance(node.op, (ast.Sub, ast.Div, ast.MatMult)):
            yield {"left": node.right, "right": node.left}
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield from ({"value": node.value + change} for change in (1, -1, 0.5))
    if isinstance(node, ast.Attribute):
        for one, other in (
            ("mean", "sum"),
            ("max", "min"),
            ("T", "real"),
            ("MSELoss", "L1Loss"),
            ("permutation", "permuted"),
        ):
            if one == node.attr:
                yield {"attr": other}
    if (
        isinstance(node, ast.Tuple)
        and isinstance(node.ctx, ast.Load)
        and ast.unparse(node.elts[0]) != ast.unparse(node.elts[1])
    ):
        yield {"elts": node.elts[::-1]}
    if (
        isinstance(node, ast.Name)
        and isinstance(node.ctx, ast.Load)
        and node.id in ("X", "y", "weight", "lrate", "rows", "h", "error")
    ):
        yield from ({"id": other} for other in ("X", "y", "weight") if other != node.id)
