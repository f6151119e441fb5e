"""The full real history with its four windows, read from the folder HERWA_HISTORY_DIR: `make journey-full`."""

import json
import os
from pathlib import Path

import pytest

from tests.support.expected_numbers import assert_matches
from tests.support.running_copy import open_running_copy


@pytest.mark.full_history
def test_all_numbers_of_the_full_history_are_exact():
    data_dir = Path(os.environ["HERWA_HISTORY_DIR"])
    history_file = data_dir / "discord-history.csv.gz"
    windows = json.loads((data_dir / "discord-history-truth.json").read_text())
    with open_running_copy() as copy:
        copy.start_all()
        result = copy.replay(history_file, "Ethereum R&D")
        assert result["sent"] == 211_390
        copy.drain()
        api = copy.create_api_client(result["guild_id"])
        for expected in windows:
            assert_matches(api, expected)
        assert copy.replay(history_file, "Ethereum R&D") == result
        copy.drain()
        for expected in windows:
            assert_matches(api, expected)
        copy.stop_all()
