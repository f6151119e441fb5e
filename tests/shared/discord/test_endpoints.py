"""URLs of Discord for each combination of settings."""

import pytest

from herwa_shared.config import DiscordSettings, Settings, StoreSettings
from herwa_shared.discord.endpoints import (
    LOCAL_CLIENT_ID,
    build_avatar_url,
    build_icon_url,
    find_discord_endpoints,
    get_cdn_url,
)
from herwa_shared.runtime.data_dir import DataFolder
from herwa_sim.world import APPLICATION_ID

UNSET_SETTINGS = {
    "DISCORD_TOKEN": None,
    "HERWA_DISCORD_URL": None,
    "DISCORD_CLIENT_ID": None,
    "DISCORD_CLIENT_SECRET": None,
}
CLIENT_SETTINGS = {"DISCORD_CLIENT_ID": 7, "DISCORD_CLIENT_SECRET": "shh"}


def resolve_endpoints(tmp_path, **overrides):
    settings = Settings(discord=DiscordSettings(**UNSET_SETTINGS | overrides), stores=StoreSettings())
    return find_discord_endpoints(settings, DataFolder(tmp_path)), get_cdn_url(settings, DataFolder(tmp_path))


def test_endpoints_without_a_token_are_those_of_the_local_discord(tmp_path):
    endpoints, cdn = resolve_endpoints(tmp_path)
    folder = DataFolder(tmp_path)
    url = f"http://127.0.0.1:{folder.get_or_create_port('sim')}"

    assert (endpoints.api_url, endpoints.authorize_url) == (f"{url}/api/v10", f"{url}/oauth2/authorize")
    assert (endpoints.token_url, endpoints.revoke_url) == (f"{url}/api/oauth2/token", f"{url}/api/oauth2/token/revoke")
    assert endpoints.cdn_url == cdn == f"{url}/cdn"
    assert endpoints.client_id == LOCAL_CLIENT_ID == APPLICATION_ID
    assert endpoints.client_secret.get_secret_value() == folder.get_or_create_secret("local_discord_client_secret")


def test_endpoints_with_a_token_are_those_of_discord(tmp_path):
    endpoints, cdn = resolve_endpoints(tmp_path, DISCORD_TOKEN="real", **CLIENT_SETTINGS)

    assert endpoints.api_url == "https://discord.com/api/v10"
    assert endpoints.authorize_url == "https://discord.com/oauth2/authorize"
    assert endpoints.token_url == "https://discord.com/api/oauth2/token"
    assert endpoints.cdn_url == cdn == "https://cdn.discordapp.com"
    assert "shh" not in repr(endpoints)


def test_endpoints_use_the_configured_discord_url(tmp_path):
    endpoints, _ = resolve_endpoints(tmp_path, HERWA_DISCORD_URL="https://chat.example/", **CLIENT_SETTINGS)

    assert endpoints.authorize_url == "https://chat.example/oauth2/authorize"
    assert endpoints.cdn_url == "https://chat.example/cdn"


@pytest.mark.parametrize("missing", ["DISCORD_CLIENT_ID", "DISCORD_CLIENT_SECRET"])
def test_missing_client_id_or_secret_disables_oauth_but_not_the_cdn(tmp_path, missing):
    endpoints, cdn = resolve_endpoints(tmp_path, DISCORD_TOKEN="real", **CLIENT_SETTINGS | {missing: None})

    assert endpoints is None
    assert cdn == "https://cdn.discordapp.com"


def test_image_url_exists_only_for_an_existing_image():
    assert build_icon_url("c", 1, "abc") == "c/icons/1/abc.png?size=64"
    assert build_avatar_url("c", 2, "def") == "c/avatars/2/def.png?size=64"
    assert build_icon_url("c", 1, None) is build_avatar_url("c", 2, None) is None
