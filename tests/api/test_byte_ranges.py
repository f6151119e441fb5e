"""Ranges of files as RFC 9110 describes them: one range is sent, several or invalid ones are ignored."""

import pytest

from herwa_api.byte_ranges import parse_range

SIZE = 1_000


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("bytes=0-", range(1_000)),
        ("bytes=0-0", range(1)),
        ("bytes=100-199", range(100, 200)),
        ("bytes=999-5000", range(999, 1_000)),
        (" Bytes = 5 - 9 ", range(5, 10)),
        ("bytes=-100", range(900, 1_000)),
        ("bytes=-5000", range(1_000)),
    ],
)
def test_range_is_parsed(value: str, expected: range):
    assert parse_range(value, SIZE) == expected


@pytest.mark.parametrize("value", ["bytes=1000-", "bytes=1000-2000", "bytes=-0", "bytes=9999999999999999999-"])
def test_range_behind_the_end_is_empty(value: str):
    assert parse_range(value, SIZE) == range(0)


@pytest.mark.parametrize(
    "value",
    ["", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=0-1,5-6", "lines=0-1", "bytes=٣-", "bytes=1-2-3"],
)
def test_invalid_range_and_several_ranges_are_ignored(value: str):
    assert parse_range(value, SIZE) is None
