"""Expected numbers of a real server, counted independently of Herwa, and the API requests that must return them.

`tests/data/` holds two windows of the server's history. The full history is not part of the repository.
"""

import json
from pathlib import Path
from typing import Any

from tests.running_copy import Reader

DATA = Path(__file__).parents[1] / "data"
HISTORY_FILE = DATA / "discord-history-windows.csv.gz"


def windows() -> list[dict[str, Any]]:
    """The expected numbers of the two windows in `HISTORY_FILE`."""
    return json.loads((DATA / "discord-history-expected.json").read_text())


def window(start: str) -> dict[str, Any]:
    """The window that begins on this day."""
    return next(one for one in windows() if one["from"] == start)


def assert_true(api: Reader, truth: dict[str, Any]) -> None:
    """Every number of the window, through the API. The longest window was not counted by day."""
    about = {"from": truth["from"], "to": truth["to"], "timezone": truth["timezone"]}
    messages = api.get("/stats", metric="messages", interval="day", **about)
    members = api.get("/stats", metric="active_members", interval="day", **about)
    months = api.get("/stats", metric="active_members", interval="month", **about)
    assert messages["total"] == truth["messages"]
    assert members["total"] == months["total"] == truth["active_members"]
    assert by(months, "2021-05") == truth["active_members_by_month"]
    if "messages_by_day" in truth:
        assert by(messages, "2021-05-01") == truth["messages_by_day"]
        assert by(members, "2021-05-01") == truth["active_members_by_day"]
    cells = api.get("/heatmap", metric="messages", **about)["cells"]
    assert {f"{c['weekday']}-{c['hour']}": c["value"] for c in cells if c["value"]} == truth["hour_of_week"]
    channels = api.get("/top/channels", metric="messages", limit=10, **about)["items"]
    assert [[item["name"], item["value"]] for item in channels] == truth["top_channels"]
    people = api.get("/top/members", metric="messages", limit=10, **about)["items"]
    assert [item["value"] for item in people] == truth["top_member_counts"]
    assert all(item["name"].startswith("author-") for item in people)


def by(answer: dict[str, Any], like: str) -> dict[str, int]:
    """What was counted, by day or month; silent intervals are 0 in the answer and absent in the truth."""
    assert not [point for point in answer["points"] if point["value"] is None], "a replayed window has no gaps"
    return {point["t"][: len(like)]: point["value"] for point in answer["points"] if point["value"]}
