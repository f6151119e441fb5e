"""Everything that stores events or names of members asks the privacy filter."""

import ast

from tests.architecture.test_names import PACKAGES, ROOT, list_files, parse_tree

STORING_FUNCTIONS = frozenset(
    {
        "append_events",
        "save_voice_changes",
        "store_history_page",
        "store_import_batch",
        "save_threads",
        "record_responses",
    }
)


def test_every_call_that_stores_events_passes_the_privacy_filter():
    calls = [
        (f"{path.relative_to(ROOT)}:{node.lineno}", {keyword.arg for keyword in node.keywords})
        for path in list_files(*PACKAGES)
        for node in ast.walk(parse_tree(path))
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) in STORING_FUNCTIONS
    ]
    assert len(calls) >= len(STORING_FUNCTIONS)
    assert [place for place, keywords in calls if "privacy" not in keywords] == []


def test_members_and_buffered_events_are_stored_in_known_places_only():
    writers = {
        name: {path.name for path in list_files(*PACKAGES) if f"await {name}(" in path.read_text()}
        for name in ("save_members", "copy_events")
    }
    event_writers = {"buffer.py", "history_import.py", "history_pages.py"}
    assert writers == {"save_members": {"metadata_sync.py"}, "copy_events": event_writers}
