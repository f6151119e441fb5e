"""Every logged error has its reason."""

import ast
from pathlib import Path

import pytest

from herwa_shared.errors import MAX_LOGGED_ERROR_LENGTH, format_reason

ROOT = Path(__file__).parents[2]
PACKAGES = ("herwa", "herwa_api", "herwa_bot", "herwa_shared", "herwa_sim", "herwa_web", "herwa_worker")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TimeoutError(), "TimeoutError"),
        (ValueError(""), "ValueError"),
        (OSError(28, "No space left on device"), "[Errno 28] No space left on device"),
        (ValueError("x" * 9_000), "x" * MAX_LOGGED_ERROR_LENGTH),
    ],
)
def test_a_reason_is_bounded_and_never_empty(error, reason):
    assert format_reason(error) == reason


def test_no_log_line_has_an_error_that_may_be_empty():
    empty_reasons = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for call in ast.walk(ast.parse(path.read_text())):
                if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("log."):
                    values = [ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg == "error"]
                    empty_reasons += [f"{path.name}: {value}" for value in values if value.startswith("str(")]
    assert empty_reasons == []
