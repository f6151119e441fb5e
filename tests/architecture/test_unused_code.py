"""Production code that only tests call is removed, or listed here with what will call it."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.test_names import PACKAGES, ROOT, list_files, parse_tree

# Decorators that do not register a function with a framework.
PLAIN_DECORATORS = (
    "property",
    "cached_property",
    "classmethod",
    "staticmethod",
    "cache",
    "contextmanager",
    "wraps",
    "asynccontextmanager",
)
# Methods that a framework calls by their name.
FRAMEWORK_METHODS = frozenset(
    [
        "on_error",
        "on_app_command_completion",
        "_scheduled_task",
        "on_entitlement_create",
        "on_entitlement_delete",
        "on_entitlement_update",
        "on_interaction",
        "on_shard_disconnect",
        "on_shard_resumed",
        "setup_hook",
        "from_custom_id",
        "interaction_check",
        "capture_signals",
        "seekable",
        "preprocess",
        "postprocess",
        "_get_dynamic_imports",
        "get_frontend_dependencies",
        "get_stylesheet_paths",
        "post_build",
    ]
)
# The client of the local Discord's control API exists for tests and benchmarks.
TEST_TOOLS = (ROOT / "herwa_sim" / "client",)
PLANNED = {
    "commands with a form": "GuardedModal",
}


def list_definitions(path: Path) -> Iterator[str]:
    """Yield the functions, classes, methods and constants of a module that no framework registers."""
    for node in parse_tree(path).body:
        yield from _list_names(node)
        if isinstance(node, ast.ClassDef):
            for member in node.body:
                if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield from _list_names(member)


def _list_names(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            if not any(_is_registration(decorator) for decorator in node.decorator_list):
                yield node.name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            yield name


def _is_registration(decorator: ast.expr) -> bool:
    name = ast.unparse(decorator).split("(")[0].split(".")[-1]
    return name not in (*PLAIN_DECORATORS, "dataclass")


def iterate_references(tree: ast.Module) -> Iterator[str]:
    """Yield names that the code reads. A text that is a name counts, because some names are looked up by text."""
    for node in ast.walk(tree):
        match node:
            case (
                ast.Name(id=name, ctx=ast.Load())
                | ast.Attribute(attr=name, ctx=ast.Load())
                | ast.keyword(arg=str(name))
            ):
                yield name
            case ast.alias(name=name, asname=str()):
                yield name
            case ast.Constant(value=str(name)) if name.isidentifier():
                yield name
            case ast.Constant(value=str(annotation)) if len(annotation) < 80:
                yield from re.findall(r"\w+", annotation)


def list_unused() -> dict[str, str]:
    """Map each definition that no production code reads to its module."""
    files = [*list_files(*PACKAGES, "alembic"), ROOT / "rxconfig.py"]
    references = Counter(name for path in files for name in iterate_references(parse_tree(path)))
    return {
        name: str(path.relative_to(ROOT))
        for path in list_files(*PACKAGES)
        if not any(path.is_relative_to(folder) for folder in TEST_TOOLS)
        for name in list_definitions(path)
        if not references[name] and name not in FRAMEWORK_METHODS and not name.startswith("__")
    }


def test_production_code_is_used_by_production_code():
    planned = {name for names in PLANNED.values() for name in names.split()}
    assert {name: module for name, module in list_unused().items() if name not in planned} == {}


def test_planned_code_is_still_unused():
    unused = list_unused()
    assert [name for names in PLANNED.values() for name in names.split() if name not in unused] == []
