"""What a Python file does, without what seldom changes results: comments, docstrings, imports, annotations, layout."""

from __future__ import annotations

import ast

__all__ = ["meaning"]


def meaning(source: str) -> str:
    """The syntax tree of the code as text, without comments, docstrings, imports and type annotations.

    Files that are no Python, and Python of other versions, are returned as they are.

    Example:
        >>> meaning("import math\\nx = 1  # one") == meaning('"A docstring."\\nx = 1')
        True
        >>> meaning("x = 1") == meaning("x = 2")
        False
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return source
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [statement for statement in body if not _is_silent(statement)]  # type: ignore[attr-defined]
        for name in ("annotation", "returns"):
            if hasattr(node, name):
                setattr(node, name, None)
    return ast.dump(tree)


def _is_silent(statement: ast.stmt) -> bool:
    is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return is_text or isinstance(statement, ast.Import | ast.ImportFrom)
