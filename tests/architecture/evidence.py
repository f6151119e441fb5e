"""Tests and settings that documents name as evidence, and whether they exist."""

import ast
import re
from functools import cache
from pathlib import Path

from tests.architecture.test_settings import list_all_settings

ROOT = Path(__file__).parents[2]


@cache
def list_tests(path: Path) -> frozenset[str]:
    """List the tests of a module, those of a class as `Class::test`; empty if there is no such module."""
    if not path.is_file():
        return frozenset()
    return frozenset(
        f"{prefix}{node.name}"
        for prefix, body in _iterate_bodies(ast.parse(path.read_text()))
        for node in body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


def _iterate_bodies(tree: ast.Module) -> list[tuple[str, list[ast.stmt]]]:
    return [("", tree.body), *((f"{node.name}::", node.body) for node in tree.body if isinstance(node, ast.ClassDef))]


def is_test(reference: str) -> bool:
    """Return whether `tests/folder/test_module.py::test_name` exists."""
    path, _, name = reference.partition("::")
    return path.startswith("tests/") and name in list_tests(ROOT / path)


def is_setting(reference: str) -> bool:
    """Return whether a setting exists: its name in the environment, or `file:key`, a line of the file that sets it."""
    path, separator, key = reference.partition(":")
    if not separator:
        return reference in list_all_settings()
    file = ROOT / path
    pattern = rf"^\s*\"?{re.escape(key)}\"?\s*[:=]"
    return bool(key) and file.is_file() and re.search(pattern, file.read_text(), re.MULTILINE) is not None
