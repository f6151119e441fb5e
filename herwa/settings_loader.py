"""Load the settings, with an error message for people if one of them is invalid."""

from pydantic import ValidationError
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from herwa.texts import errors as texts
from herwa_shared.config import Settings, StoreSettings
from herwa_shared.errors import HerwaError
from herwa_shared.redis_client import is_redis_url

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
    _check_store_urls(settings.stores)
    return settings


def _check_store_urls(stores: StoreSettings) -> None:
    """Check that every URL of a database is valid, and that no second account is set without the first one."""
    urls = {
        "DATABASE_URL": stores.database_url,
        "DATABASE_OWNER_URL": stores.database_owner_url,
        "CLICKHOUSE_URL": stores.clickhouse_url,
        "CLICKHOUSE_WRITER_URL": stores.clickhouse_writer_url,
    }
    if stores.redis_url and not is_redis_url(stores.redis_url.get_secret_value()):
        raise BadSettings(texts.format_invalid_setting("REDIS_URL", texts.INVALID_REDIS_URL))
    for name, url in urls.items():
        try:
            _ = url and make_url(url.get_secret_value())
        except (ArgumentError, ValueError):
            raise BadSettings(texts.format_invalid_setting(name, texts.INVALID_DATABASE_URL)) from None
    for name, first_name in (("DATABASE_OWNER_URL", "DATABASE_URL"), ("CLICKHOUSE_WRITER_URL", "CLICKHOUSE_URL")):
        if urls[name] and not urls[first_name]:
            raise BadSettings(texts.format_invalid_setting(name, texts.format_needs_setting(first_name)))
