"""Expected numbers of a real server, counted independently of Herwa, and the API requests that must return them.

`tests/data/` holds two windows of the server's history. The full history is not part of the repository.
"""

import json
from pathlib import Path
from typing import Any

from tests.support.running_copy import GuildApiClient

DATA_DIR = Path(__file__).parents[1] / "data"
HISTORY_FILE = DATA_DIR / "discord-history-windows.csv.gz"


def load_windows() -> list[dict[str, Any]]:
    """The expected numbers of the two windows in `HISTORY_FILE`."""
    return json.loads((DATA_DIR / "discord-history-expected.json").read_text())


def load_window(start: str) -> dict[str, Any]:
    """The window that begins on this day."""
    return next(window for window in load_windows() if window["from"] == start)


def assert_matches(api: GuildApiClient, expected: dict[str, Any]) -> None:
    """Compare every number of a window with the API's. The longest window has no expected numbers by day."""
    query = {"from": expected["from"], "to": expected["to"], "timezone": expected["timezone"]}
    messages = api.get("/stats", metric="messages", interval="day", **query)
    members = api.get("/stats", metric="active_members", interval="day", **query)
    months = api.get("/stats", metric="active_members", interval="month", **query)
    assert messages["total"] == expected["messages"]
    assert members["total"] == months["total"] == expected["active_members"]
    assert count_by_period(months, "2021-05") == expected["active_members_by_month"]
    if "messages_by_day" in expected:
        assert count_by_period(messages, "2021-05-01") == expected["messages_by_day"]
        assert count_by_period(members, "2021-05-01") == expected["active_members_by_day"]
    cells = api.get("/heatmap", metric="messages", **query)["cells"]
    assert {f"{cell['weekday']}-{cell['hour']}": cell["value"] for cell in cells if cell["value"]} == expected[
        "hour_of_week"
    ]
    channels = api.get("/top/channels", metric="messages", limit=10, **query)["items"]
    assert [[item["name"], item["value"]] for item in channels] == expected["top_channels"]
    people = api.get("/top/members", metric="messages", limit=10, **query)["items"]
    assert [item["value"] for item in people] == expected["top_member_counts"]
    assert all(item["id"].isdecimal() and item["name"].startswith("author-") for item in people)


def count_by_period(response: dict[str, Any], example: str) -> dict[str, int]:
    """Index the points by day or month, in the form of `example`.

    Intervals with 0 are left out: the API returns them, the expected numbers omit them.
    """
    assert not [point for point in response["points"] if point["value"] is None], "a replayed window has no gaps"
    return {point["t"][: len(example)]: point["value"] for point in response["points"] if point["value"]}
