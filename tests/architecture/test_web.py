"""The pages hold no SQL, reach the domain by its doors, and keep their handlers behind access."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOM = Path(__file__).parents[2] / "herwa_web"
FILES = sorted(ROOM.rglob("*.py"))
ABOVE_SQL = ("sqlmodel", "asyncpg", "herwa_shared.models", "herwa_shared.embedded", "herwa_shared.pipeline")


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOM)))
def test_pages_ask_the_domain_and_no_database(file):
    assert not [name for name in imported(file) if name.startswith(ABOVE_SQL)]
    assert "SELECT " not in file.read_text()


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOM)))
def test_no_page_is_too_long_to_read(file):
    assert len(file.read_text().splitlines()) <= 400


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOM)))
def test_no_text_is_made_into_a_script_or_into_markup(file):
    for call in (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)):
        name = ast.unparse(call.func)
        assert name not in {"rx.html", "rx.markdown"}
        if name in {"rx.script", "rx.el.script"}:
            assert [part.arg for part in call.keywords if part.arg == "src"], "scripts are files of ours"
            assert not call.args
        if name in {"rx.call_script", "rx.call_function"}:
            assert isinstance(call.args[0], ast.Constant | ast.Name), "a script is never put together from parts"


def test_only_the_gate_and_access_handle_secrets_of_sessions():
    users = {
        file.name for file in FILES if "session_handles" in "".join(imported(file)) or "secret_in" in file.read_text()
    }
    assert users == {"websocket_guard.py", "auth.py"}
