"""Every setting is documented, and nothing is documented that is no setting."""

import re
from pathlib import Path

from pydantic_settings import BaseSettings

from herwa_shared.config import DiscordSettings, Settings, StoreSettings

ROOT = Path(__file__).parents[2]


def list_names(group: type[BaseSettings]) -> set[str]:
    return {str(field.validation_alias) for field in group.model_fields.values() if field.validation_alias}


def list_all_settings() -> set[str]:
    return list_names(Settings) | list_names(DiscordSettings) | list_names(StoreSettings)


def test_the_example_file_holds_every_setting_and_no_other():
    example = (ROOT / ".env.example").read_text()
    assert set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)) == list_all_settings()


def test_the_example_file_changes_no_default(monkeypatch):
    for name in list_all_settings():
        monkeypatch.delenv(name, raising=False)
    assert Settings(_env_file=ROOT / ".env.example") == Settings(_env_file=None)


def test_operating_explains_every_setting():
    manual = (ROOT / "docs" / "operating.md").read_text()
    assert not [name for name in list_all_settings() if f"`{name}`" not in manual]


def test_no_secret_shows_in_a_printed_setting(monkeypatch):
    for name in ("DISCORD_TOKEN", "DISCORD_CLIENT_SECRET", "DATABASE_URL", "CLICKHOUSE_URL", "HERWA_SECRET_KEY"):
        monkeypatch.setenv(name, "postgresql://canary")
    assert "canary" not in repr(Settings())
