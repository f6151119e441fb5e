"""Rules for herwa_web: no SQL, no direct database imports, no injected markup, one module for session secrets."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE_PATH = Path(__file__).parents[2] / "herwa_web"
FILES = sorted(PACKAGE_PATH.rglob("*.py"))
FORBIDDEN_IMPORTS = ("sqlmodel", "asyncpg", "herwa_shared.models", "herwa_shared.embedded", "herwa_shared.pipeline")


def list_imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE_PATH)))
def test_pages_do_not_access_the_database_directly(file):
    assert not [name for name in list_imports(file) if name.startswith(FORBIDDEN_IMPORTS)]
    assert "SELECT " not in file.read_text()


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE_PATH)))
def test_web_modules_have_at_most_400_lines(file):
    assert len(file.read_text().splitlines()) <= 400


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE_PATH)))
def test_no_text_becomes_script_or_markup(file):
    for call in (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)):
        name = ast.unparse(call.func)
        assert name not in {"rx.html", "rx.markdown"}
        if name in {"rx.script", "rx.el.script"}:
            assert [keyword.arg for keyword in call.keywords if keyword.arg == "src"], "scripts must be static files"
            assert not call.args
        if name in {"rx.call_script", "rx.call_function"}:
            assert isinstance(call.args[0], ast.Constant | ast.Name), (
                "a script must be a constant, never assembled from parts"
            )


def test_only_websocket_guard_and_auth_handle_session_secrets():
    file_names = {
        file.name
        for file in FILES
        if "session_handles" in "".join(list_imports(file)) or "secret_in" in file.read_text()
    }
    assert file_names == {"websocket_guard.py", "auth.py"}
