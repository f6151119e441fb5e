"""Load the settings, with an error message for people if one of them is invalid."""

from pydantic import ValidationError
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from herwa.texts import errors as texts
from herwa_shared.config import Settings
from herwa_shared.errors import HerwaError

PYDANTIC_PREFIX = "Value error, "


class BadSettings(HerwaError):
    """A setting is invalid. The message never contains its value, which may be a secret."""

    code = "bad_settings"
    status = 400


def read_settings() -> Settings:
    """Read the settings from the environment and `.env`. Raises BadSettings."""
    try:
        settings = Settings()
    except ValidationError as error:
        problems = [
            texts.format_invalid_setting(".".join(map(str, detail["loc"])), detail["msg"].removeprefix(PYDANTIC_PREFIX))
            for detail in error.errors(include_input=False)
        ]
        raise BadSettings("\n".join(problems)) from None
    for name, url in (
        ("DATABASE_URL", settings.stores.database_url),
        ("CLICKHOUSE_URL", settings.stores.clickhouse_url),
    ):
        try:
            _ = url and make_url(url.get_secret_value())
        except (ArgumentError, ValueError):
            raise BadSettings(texts.format_invalid_setting(name, texts.INVALID_DATABASE_URL)) from None
    return settings
