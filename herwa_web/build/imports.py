"""Finds the source files that a program of this repository imports, without running it."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path


def find_imported_files(root: Path, entries: Iterable[Path], *, excluded: Iterable[str] = ()) -> set[Path]:
    """Return the entries and all files below `root` that they import, directly or indirectly.

    Imports in functions count too. Modules that are not below `root` (libraries) are left out, and so are the packages
    whose folders (relative to `root`) are `excluded`, with what only they import.
    """
    excluded_folders = {root / folder for folder in excluded}
    found: set[Path] = set()
    remaining = list(entries)
    while remaining:
        file = remaining.pop()
        if file not in found and excluded_folders.isdisjoint(file.parents):
            found.add(file)
            remaining += _list_imports(root, file)
    return found


def _list_imports(root: Path, file: Path) -> Iterator[Path]:
    try:
        tree = ast.parse(file.read_bytes())
    except SyntaxError:
        return  # the build reports it, with its line
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _list_module_files(root / Path(*alias.name.split(".")), root)
        elif isinstance(node, ast.ImportFrom):
            module = file.parents[node.level - 1] if node.level else root
            module = module.joinpath(*(node.module or "").split("."))
            for alias in node.names:
                yield from _list_module_files(module / alias.name, root)


def _list_module_files(module: Path, root: Path) -> Iterator[Path]:
    """Return the files that importing a module or a name of it runs: its own, and those of the packages around it."""
    for path in (module, *module.parents):
        if path == root:
            return
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                yield file
