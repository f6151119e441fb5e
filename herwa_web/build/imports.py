"""Finds the source files that a program of this repository imports, without running it."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

STATEMENT_FIELDS = ("body", "orelse", "finalbody", "handlers", "cases")


def find_imported_files(root: Path, entries: Iterable[Path], *, excluded: Iterable[str] = ()) -> set[Path]:
    """Return the entries and all files below `root` that they import, directly or indirectly.

    Imports in functions count too. Modules that are not below `root` (libraries) are left out, and so are the packages
    whose folders (relative to `root`) are `excluded`, with what only they import.
    """
    excluded_folders = {root / folder for folder in excluded}
    found: set[Path] = set()
    modules: set[Path] = set()
    remaining = list(entries)
    while remaining:
        file = remaining.pop()
        if file not in found and excluded_folders.isdisjoint(file.parents):
            found.add(file)
            new_modules = set(_list_imported_modules(root, file)) - modules
            modules |= new_modules
            remaining += (path for module in new_modules for path in _list_module_files(module, root))
    return found


def _list_imported_modules(root: Path, file: Path) -> Iterator[Path]:
    """Return what the file imports, modules and names of modules, as paths without a suffix."""
    try:
        tree = ast.parse(file.read_bytes())
    except SyntaxError:
        return  # the build reports it, with its line
    for node in _iterate_statements(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield root.joinpath(*alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            module = file.parents[node.level - 1] if node.level else root
            module = module.joinpath(*(node.module or "").split("."))
            for alias in node.names:
                yield module / alias.name


def _iterate_statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Iterate over all statements. `ast.walk` also visits their expressions, which takes most of its time."""
    remaining: list[ast.AST] = [tree]
    while remaining:
        node = remaining.pop()
        yield node
        for name in STATEMENT_FIELDS:
            remaining += getattr(node, name, ())


def _list_module_files(module: Path, root: Path) -> Iterator[Path]:
    """Return the files that importing a module or a name of it runs: its own, and those of the packages around it."""
    for path in (module, *module.parents):
        if path == root:
            return
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                yield file
