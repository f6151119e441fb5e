"""Settings: the example file and the operating manual document exactly the settings that exist."""

import re
from pathlib import Path

from pydantic_settings import BaseSettings

from herwa_shared.config import DiscordSettings, Settings, StoreSettings

ROOT = Path(__file__).parents[2]


def list_names(group: type[BaseSettings]) -> set[str]:
    return {str(field.validation_alias) for field in group.model_fields.values() if field.validation_alias}


def list_all_settings() -> set[str]:
    return list_names(Settings) | list_names(DiscordSettings) | list_names(StoreSettings)


def test_example_file_contains_exactly_all_settings():
    example = (ROOT / ".env.example").read_text()
    assert set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)) == list_all_settings()


def test_example_file_keeps_the_defaults(monkeypatch):
    for name in list_all_settings():
        monkeypatch.delenv(name, raising=False)
    assert Settings(_env_file=ROOT / ".env.example") == Settings(_env_file=None)


def test_operating_manual_explains_every_setting():
    manual = (ROOT / "docs" / "operating.md").read_text()
    assert not [name for name in list_all_settings() if f"`{name}`" not in manual]


def test_repr_of_settings_contains_no_secret(monkeypatch):
    for name in (
        "DISCORD_TOKEN",
        "DISCORD_CLIENT_SECRET",
        "DATABASE_URL",
        "CLICKHOUSE_URL",
        "REDIS_URL",
        "HERWA_SECRET_KEY",
    ):
        monkeypatch.setenv(name, "postgresql://canary")
    assert "canary" not in repr(Settings())
