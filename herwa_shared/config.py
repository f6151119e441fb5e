"""Settings from the environment or `.env`. Only entry points read them and pass them on."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_ORIGIN_PATTERN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")
_CONTACT_PATTERN = re.compile(r"https://[^\s<>\"()]{3,200}|[\w.+-]{1,64}@[\w-]+(\.[\w-]+)+", re.ASCII)
_MODEL_CONFIG = SettingsConfigDict(
    env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True, validate_by_name=True, validate_by_alias=True
)


class DiscordSettings(BaseSettings):
    """URL of Discord and our credentials there. Without token and URL the local Discord is used."""

    model_config = _MODEL_CONFIG

    token: SecretStr | None = Field(None, validation_alias="DISCORD_TOKEN")
    client_id: int | None = Field(None, validation_alias="DISCORD_CLIENT_ID")
    client_secret: SecretStr | None = Field(None, validation_alias="DISCORD_CLIENT_SECRET")
    url: str | None = Field(None, validation_alias="HERWA_DISCORD_URL")
    message_content: bool = Field(False, validation_alias="HERWA_MESSAGE_CONTENT")

    @field_validator("url")
    @classmethod
    def _validate_url(cls, url: str | None) -> str | None:
        if url and not url.startswith(("http://", "https://")):
            error_message = "must start with http:// or https://"
            raise ValueError(error_message)
        return url.rstrip("/") if url else None

    @property
    def is_local(self) -> bool:
        """Whether this copy runs its own local Discord."""
        return self.token is None and self.url is None


class StoreSettings(BaseSettings):
    """URLs of external databases. A database without a URL is started from a wheel (`embedded`).

    PostgreSQL and ClickHouse have two accounts: one for daily work, and one that migrates PostgreSQL or writes to
    ClickHouse. Without the second URL the first account does both.
    """

    model_config = _MODEL_CONFIG

    database_url: SecretStr | None = Field(None, validation_alias="DATABASE_URL")
    database_owner_url: SecretStr | None = Field(None, validation_alias="DATABASE_OWNER_URL")
    clickhouse_url: SecretStr | None = Field(None, validation_alias="CLICKHOUSE_URL")
    clickhouse_writer_url: SecretStr | None = Field(None, validation_alias="CLICKHOUSE_WRITER_URL")
    redis_url: SecretStr | None = Field(None, validation_alias="REDIS_URL")


class Settings(BaseSettings):
    """All settings. The defaults are safe for local use."""

    model_config = _MODEL_CONFIG

    port: int = Field(8321, validation_alias="HERWA_PORT", ge=1, le=65535)
    public_url: str | None = Field(None, validation_alias="HERWA_PUBLIC_URL")
    api_url: str | None = Field(None, validation_alias="HERWA_API_URL")
    trusted_proxies: int = Field(0, validation_alias="HERWA_TRUSTED_PROXIES", ge=0, le=8)
    demo_days: int = Field(120, validation_alias="HERWA_DEMO_DAYS", ge=0, le=400)
    data_dir: Path = Field(Path("data"), validation_alias="HERWA_DATA_DIR")
    secret_key: SecretStr | None = Field(None, validation_alias="HERWA_SECRET_KEY")
    earlier_secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (), validation_alias="HERWA_EARLIER_SECRET_KEYS"
    )
    audit_key: SecretStr | None = Field(None, validation_alias="HERWA_AUDIT_KEY", min_length=32)
    operator_name: str | None = Field(None, validation_alias="HERWA_OPERATOR_NAME", max_length=100)
    contact: str | None = Field(None, validation_alias="HERWA_CONTACT")
    encrypted_at_rest: bool = Field(False, validation_alias="HERWA_ENCRYPTED_AT_REST")
    super_admins: Annotated[tuple[int, ...], NoDecode] = Field((), validation_alias="HERWA_SUPER_ADMINS")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field((), validation_alias="HERWA_CORS_ORIGINS")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", validation_alias="HERWA_LOG_LEVEL")
    discord: DiscordSettings = Field(default_factory=DiscordSettings)
    stores: StoreSettings = Field(default_factory=StoreSettings)

    @field_validator("log_level", mode="before")
    @classmethod
    def _uppercase_log_level(cls, level: object) -> object:
        return level.upper() if isinstance(level, str) else level

    @field_validator("super_admins", mode="before")
    @classmethod
    def _parse_super_admins(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(int(part) for part in value.replace(",", " ").split())
        return value

    @field_validator("earlier_secret_keys", mode="before")
    @classmethod
    def _parse_earlier_secret_keys(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _parse_cors_origins(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        origins = tuple(value.replace(",", " ").split())
        if invalid := [origin for origin in origins if _ORIGIN_PATTERN.fullmatch(origin) is None]:
            error_message = f"must be origins such as https://example.com, without a path: {', '.join(invalid)}"
            raise ValueError(error_message)
        return origins

    @field_validator("contact")
    @classmethod
    def _validate_contact(cls, contact: str | None) -> str | None:
        if contact and _CONTACT_PATTERN.fullmatch(contact) is None:
            error_message = "must be an email address or an https:// address"
            raise ValueError(error_message)
        return contact

    @field_validator("data_dir")
    @classmethod
    def _resolve_data_dir(cls, path: Path) -> Path:
        return path.expanduser().resolve()

    @property
    def contact_url(self) -> str:
        """The link to the operator's contact, empty if none is set."""
        if not self.contact or self.contact.startswith("https://"):
            return self.contact or ""
        return f"mailto:{self.contact}"

    @property
    def origins(self) -> frozenset[str]:
        """All origins of this copy's pages, in the format of the `Origin` header."""
        return frozenset({self.origin, f"http://localhost:{self.port}", f"http://127.0.0.1:{self.port}"})

    @property
    def origin(self) -> str:
        """The public base URL, without a trailing slash."""
        return (self.public_url or f"http://localhost:{self.port}").rstrip("/")
