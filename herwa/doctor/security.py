"""Checks of security: data at rest is encrypted, and each database has an account that cannot do everything."""

from collections.abc import Iterator
from pathlib import Path

import asyncpg
from clickhouse_connect.driver.exceptions import ClickHouseError

from herwa.doctor.check_result import CheckResult, report_error, report_ok, report_warning
from herwa.doctor.disk_encryption import DiskEncryption, EncryptionDetector
from herwa.texts import doctor_security as texts
from herwa_shared.clickhouse.client import open_clickhouse
from herwa_shared.config import Settings
from herwa_shared.database_privileges import is_restricted
from herwa_shared.embedded.postgres_installation import resolve_installation
from herwa_shared.migrate import to_plain_url
from herwa_shared.runtime.data_dir import DataFolder

CONNECT_TIMEOUT_SECONDS = 5.0


def check_encryption(settings: Settings, detector: EncryptionDetector | None = None) -> list[CheckResult]:
    """Check that the embedded databases are on encrypted volumes. Data of the local Discord needs no encryption."""
    subject, stores = texts.SUBJECT_ENCRYPTION, settings.stores
    if settings.discord.is_local:
        return [report_ok(subject, texts.DEMO_DATA)]
    if settings.encrypted_at_rest:
        return [report_ok(subject, texts.CONFIRMED)]
    if stores.database_url and stores.clickhouse_url:
        return [report_warning(subject, texts.OTHER_SERVERS, texts.CONFIRM_OTHER_SERVERS)]
    detector = detector or EncryptionDetector()
    return [_report_folder(folder, detector.detect(folder)) for folder in _list_folders(settings)]


async def check_accounts(settings: Settings) -> list[CheckResult]:
    """Check the accounts of databases with a URL. The embedded ones always have separate accounts.

    Returns no result for a database that does not respond: another check reports that.
    """
    results = []
    if settings.stores.database_url:
        results += await _check_postgresql(settings)
    if settings.stores.clickhouse_url:
        results += await _check_clickhouse(settings)
    return results


def _list_folders(settings: Settings) -> Iterator[Path]:
    """List the folders that contain data. PostgreSQL can be outside of the data folder if Herwa runs as root."""
    path = settings.data_dir
    yield next(candidate for candidate in (path, *path.parents) if candidate.exists())
    if path.exists() and settings.stores.database_url is None:
        cluster = resolve_installation(DataFolder(path)).cluster
        if cluster.exists() and not cluster.is_relative_to(path):
            yield cluster


def _report_folder(folder: Path, encryption: DiskEncryption) -> CheckResult:
    match encryption:
        case DiskEncryption.ENCRYPTED:
            return report_ok(texts.SUBJECT_ENCRYPTION, texts.format_encrypted(folder))
        case DiskEncryption.NOT_ENCRYPTED:
            return report_error(texts.SUBJECT_ENCRYPTION, texts.format_not_encrypted(folder), texts.ENCRYPT_DISK)
        case _:
            detail = texts.format_encryption_unknown(folder)
            return report_warning(texts.SUBJECT_ENCRYPTION, detail, texts.CONFIRM_DISK)


async def _check_postgresql(settings: Settings) -> list[CheckResult]:
    subject, stores = texts.SUBJECT_POSTGRESQL_ACCOUNTS, settings.stores
    if stores.database_owner_url is None:
        return [report_warning(subject, texts.ONE_POSTGRESQL_ACCOUNT, texts.SET_OWNER_URL)]
    assert stores.database_url is not None
    try:
        url = to_plain_url(stores.database_url.get_secret_value())
        connection = await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_SECONDS)
        try:
            if not await connection.fetchval("SELECT to_regclass('audit_entry')"):
                return []
            role = await connection.fetchval("SELECT current_user::text")
            restricted = await is_restricted(connection, role=role)
        finally:
            await connection.close()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return []
    if not restricted:
        return [report_error(subject, texts.DAILY_ACCOUNT_TOO_POWERFUL, texts.RESTRICT_DAILY_ACCOUNT)]
    return [report_ok(subject, texts.SEPARATE_ACCOUNTS)]


async def _check_clickhouse(settings: Settings) -> list[CheckResult]:
    subject, stores = texts.SUBJECT_CLICKHOUSE_ACCOUNTS, settings.stores
    if stores.clickhouse_writer_url is None:
        return [report_warning(subject, texts.ONE_CLICKHOUSE_ACCOUNT, texts.SET_WRITER_URL)]
    assert stores.clickhouse_url is not None
    try:
        async with open_clickhouse(stores.clickhouse_url.get_secret_value()) as client:
            readonly = (await client.query("SELECT getSetting('readonly')")).result_rows[0][0]
    except (OSError, ClickHouseError):
        return []
    if not int(readonly):
        return [report_error(subject, texts.READER_CAN_WRITE, texts.RESTRICT_READER)]
    return [report_ok(subject, texts.SEPARATE_ACCOUNTS)]
