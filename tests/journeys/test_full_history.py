"""The full history and all four windows, from the folder HERWA_HISTORY_DIR: `make journey-full`."""

import json
import os
from pathlib import Path

import pytest

from tests.journeys.truth import assert_true
from tests.running_copy import running_copy


@pytest.mark.full_history
def test_every_number_of_every_window_of_the_whole_history_is_exact():
    data = Path(os.environ["HERWA_HISTORY_DIR"])
    history_file = data / "discord-history.csv.gz"
    windows = json.loads((data / "discord-history-truth.json").read_text())
    with running_copy() as copy:
        copy.up()
        done = copy.replay(history_file, "Ethereum R&D")
        assert done["sent"] == 211_390
        copy.drain()
        api = copy.reader(done["guild_id"])
        for truth in windows:
            assert_true(api, truth)
        assert copy.replay(history_file, "Ethereum R&D") == done
        copy.drain()
        for truth in windows:
            assert_true(api, truth)
        copy.down()
