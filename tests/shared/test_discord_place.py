"""Where Discord is, by the settings alone."""

import pytest

from herwa_shared.config import DiscordSettings, Settings, StoreSettings
from herwa_shared.discord.endpoints import LOCAL_CLIENT_ID, avatar_url, discord_cdn, discord_place, icon_url
from herwa_shared.runtime.data_dir import DataFolder
from herwa_sim.world import APPLICATION_ID

NOTHING = {"DISCORD_TOKEN": None, "HERWA_DISCORD_URL": None, "DISCORD_CLIENT_ID": None, "DISCORD_CLIENT_SECRET": None}
OURS = {"DISCORD_CLIENT_ID": 7, "DISCORD_CLIENT_SECRET": "shh"}


def place(tmp_path, **given):
    settings = Settings(discord=DiscordSettings(**NOTHING | given), stores=StoreSettings())
    return discord_place(settings, DataFolder(tmp_path)), discord_cdn(settings, DataFolder(tmp_path))


def test_without_a_token_it_is_the_local_one_which_knows_us(tmp_path):
    found, cdn = place(tmp_path)
    folder = DataFolder(tmp_path)
    url = f"http://127.0.0.1:{folder.port('sim')}"

    assert (found.api, found.authorize) == (f"{url}/api/v10", f"{url}/oauth2/authorize")
    assert (found.token, found.revoke) == (f"{url}/api/oauth2/token", f"{url}/api/oauth2/token/revoke")
    assert found.cdn == cdn == f"{url}/cdn"
    assert found.client_id == LOCAL_CLIENT_ID == APPLICATION_ID
    assert found.client_secret.get_secret_value() == folder.secret("local_discord_client_secret")


def test_with_a_token_it_is_discord(tmp_path):
    found, cdn = place(tmp_path, DISCORD_TOKEN="real", **OURS)

    assert found.api == "https://discord.com/api/v10"
    assert found.authorize == "https://discord.com/oauth2/authorize"
    assert found.token == "https://discord.com/api/oauth2/token"
    assert found.cdn == cdn == "https://cdn.discordapp.com"
    assert "shh" not in repr(found)


def test_any_other_discord_is_where_the_setting_says(tmp_path):
    found, _ = place(tmp_path, HERWA_DISCORD_URL="https://chat.example/", **OURS)

    assert found.authorize == "https://chat.example/oauth2/authorize"
    assert found.cdn == "https://chat.example/cdn"


@pytest.mark.parametrize("missing", ["DISCORD_CLIENT_ID", "DISCORD_CLIENT_SECRET"])
def test_without_id_or_secret_nobody_can_log_in_and_pictures_are_still_known(tmp_path, missing):
    found, cdn = place(tmp_path, DISCORD_TOKEN="real", **OURS | {missing: None})

    assert found is None
    assert cdn == "https://cdn.discordapp.com"


def test_pictures_have_addresses_where_there_are_pictures():
    assert icon_url("c", 1, "abc") == "c/icons/1/abc.png?size=64"
    assert avatar_url("c", 2, "def") == "c/avatars/2/def.png?size=64"
    assert icon_url("c", 1, None) is avatar_url("c", 2, None) is None
