"""Who is an operator: the ids of the settings, and the persona of the local Discord only there."""

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from herwa_shared.auth.operators import (
    RECENT_LOGIN,
    RecentLoginRequired,
    find_operator,
    list_operator_ids,
    require_recent_login,
)
from herwa_shared.auth.sessions import SessionUser
from herwa_shared.clock import utc_now
from herwa_shared.config import DiscordSettings, Settings
from herwa_shared.discord.endpoints import LOCAL_OPERATOR_ID
from tests.support.sim_process import SimProcess

ADA = 81_384_788_765_712_384
NOW = utc_now()


def build_user(user_id: int) -> SessionUser:
    return SessionUser(user_id, "Ada", None, NOW)


def test_operators_are_those_of_the_settings(settings: Settings):
    changed = settings.model_copy(update={"super_admins": (ADA,)})
    operator = find_operator(changed, build_user(ADA))
    assert operator is not None
    assert (operator.user_id, operator.name, operator.logged_in_at) == (ADA, "Ada", NOW)
    assert find_operator(changed, build_user(ADA + 1)) is None
    assert find_operator(changed, None) is None


def test_persona_is_an_operator_on_the_local_discord_only(settings: Settings, discord: SimProcess):
    assert list_operator_ids(settings) == {LOCAL_OPERATOR_ID}
    assert discord.client.get_snapshot().personas["operator"] == LOCAL_OPERATOR_ID
    for other in (DiscordSettings(token=SecretStr("x")), DiscordSettings(url="https://discord.example")):
        assert find_operator(settings.model_copy(update={"discord": other}), build_user(LOCAL_OPERATOR_ID)) is None


def test_dangerous_acts_need_a_recent_log_in(settings: Settings):
    operator = find_operator(settings, build_user(LOCAL_OPERATOR_ID))
    assert operator is not None
    require_recent_login(operator, NOW + RECENT_LOGIN)
    with pytest.raises(RecentLoginRequired) as refusal:
        require_recent_login(replace(operator, logged_in_at=NOW - timedelta(seconds=1)), NOW + RECENT_LOGIN)
    assert (refusal.value.status, refusal.value.code) == (403, "recent_login_required")
