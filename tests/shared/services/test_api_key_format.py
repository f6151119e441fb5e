"""Format and hash of API keys: recognizable, with a checksum, and valid after a change of the secret key."""

from herwa_shared.config import DiscordSettings, Settings, StoreSettings
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.api_key_format import generate_key, hash_key, is_well_formed, load_peppers

# Created by a version of Herwa whose prefix did not contain its name.
OLD_KEY = "sk_live_wOtUDeF3PomobHwIfcbZhrUdYXxR0RTWqmiyNMZC9co4DuJsQ"


def build_settings(path, **overrides) -> Settings:
    return Settings(data_dir=path, discord=DiscordSettings(), stores=StoreSettings(), **overrides)


def test_keys_are_random_and_have_the_prefix_of_their_kind():
    keys = [generate_key(is_test=is_test) for is_test in (False, True) for _ in range(100)]
    assert len(set(keys)) == 200
    assert {key[:11] for key in keys} == {"sk_live_hw_", "sk_test_hw_"}
    assert all(is_well_formed(key) for key in keys)


def test_key_of_an_earlier_version_is_well_formed():
    assert is_well_formed(OLD_KEY)


def test_hash_depends_on_the_pepper():
    key = generate_key()
    assert len(hash_key(key, b"a")) == 32
    assert hash_key(key, b"a") != hash_key(key, b"b")


def test_pepper_is_the_secret_key_or_a_secret_of_the_data_folder(tmp_path):
    folder = DataFolder(tmp_path)
    assert load_peppers(build_settings(tmp_path, secret_key="given"), folder) == (b"given",)
    own = folder.get_or_create_secret("api_key_pepper").encode()
    assert load_peppers(build_settings(tmp_path, secret_key=None), folder) == (own,)


def test_earlier_secret_keys_remain_valid(tmp_path, monkeypatch):
    monkeypatch.setenv("HERWA_EARLIER_SECRET_KEYS", "second, first")
    folder = DataFolder(tmp_path)
    assert load_peppers(build_settings(tmp_path, secret_key="third"), folder) == (b"third", b"second", b"first")


def test_secret_key_set_later_keeps_the_keys_of_the_data_folder(tmp_path):
    folder = DataFolder(tmp_path)
    (own,) = load_peppers(build_settings(tmp_path, secret_key=None), folder)
    assert load_peppers(build_settings(tmp_path, secret_key="given"), folder) == (b"given", own)
