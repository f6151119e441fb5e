"""The whole history and all four windows: `make journey-full`."""

import pytest

from tests.journeys.truth import HISTORY_FILE, assert_true, needs_history, windows
from tests.running_copy import running_copy


@needs_history
@pytest.mark.slow
def test_every_number_of_every_window_of_the_whole_history_is_exact():
    with running_copy() as copy:
        copy.up()
        done = copy.replay(HISTORY_FILE, "Ethereum R&D")
        assert done["sent"] == 211_390
        copy.drain()
        api = copy.reader(done["guild_id"])
        for truth in windows():
            assert_true(api, truth)
        assert copy.replay(HISTORY_FILE, "Ethereum R&D") == done
        copy.drain()
        for truth in windows():
            assert_true(api, truth)
        copy.down()
