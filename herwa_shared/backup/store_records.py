"""What the data folder knows about the databases: which ones were filled, and whether a restore is incomplete.

A database that was filled and is empty at a later start has lost its data, or its URL is wrong. Migrating it would hide
that: the copy would start without any history.
"""

from pathlib import Path

from sqlalchemy import make_url

from herwa_shared.backup import texts
from herwa_shared.config import Settings
from herwa_shared.errors import HerwaError
from herwa_shared.migrate import StoreRevisions
from herwa_shared.runtime.data_dir import DataFolder, read_json, write_json

POSTGRESQL, CLICKHOUSE = "PostgreSQL", "ClickHouse"
_EMBEDDED = "embedded"
_RESTORING = "restoring"
# The number of events that PostgreSQL had moved to ClickHouse when a start found ClickHouse without rows.
_MOVED_WHILE_EMPTY = "moved_while_empty"


class StoreEmpty(HerwaError):
    """A database is empty although it was filled before."""

    code = "store_empty"
    status = 503


class RestoreIncomplete(HerwaError):
    """A restore is running or was interrupted, so that the databases contain only a part of the backup."""

    code = "restore_incomplete"
    status = 503
    message = texts.RESTORE_INTERRUPTED


def check_records(settings: Settings, folder: DataFolder, revisions: StoreRevisions) -> None:
    """Refuse a start that finds a database unexpectedly empty. Raises StoreEmpty, RestoreIncomplete."""
    records = read_json(get_records_path(folder))
    if is_restore_incomplete(folder):
        raise RestoreIncomplete
    identities = _identify_stores(settings)
    for store, is_empty in (
        (POSTGRESQL, revisions.postgresql is None),
        (CLICKHOUSE, revisions.clickhouse is None or _has_lost_rows(records, revisions)),
    ):
        if is_empty and records.get(store) == identities[store]:
            raise StoreEmpty(texts.format_store_empty(store, get_records_path(folder)))


def record_stores(settings: Settings, folder: DataFolder, revisions: StoreRevisions) -> None:
    """Record that both databases have a schema and that no restore is incomplete. `revisions` is the state before."""
    moved_while_empty = revisions.moved_events if revisions.clickhouse_rows == 0 else 0
    records = {**_identify_stores(settings), _MOVED_WHILE_EMPTY: moved_while_empty}
    path = get_records_path(folder)
    if read_json(path) != records:
        write_json(path, records)


def is_restore_incomplete(folder: DataFolder) -> bool:
    """Check whether a restore was interrupted."""
    return bool(read_json(get_records_path(folder)).get(_RESTORING))


def mark_restoring(folder: DataFolder) -> None:
    """Mark the databases as incomplete, until `record_stores`."""
    write_json(get_records_path(folder), {_RESTORING: True})


def get_records_path(folder: DataFolder) -> Path:
    """Get the path of the file with the records."""
    return folder.path / "stores.json"


def _has_lost_rows(records: dict[str, object], revisions: StoreRevisions) -> bool:
    """Check whether events were moved to ClickHouse since the last start, and ClickHouse has no rows."""
    moved_before = int(str(records.get(_MOVED_WHILE_EMPTY, revisions.moved_events)))
    return revisions.clickhouse_rows == 0 and revisions.moved_events > moved_before


def _identify_stores(settings: Settings) -> dict[str, str]:
    """Identify the databases by their location, so that a change of a URL is no loss of data."""
    stores = settings.stores
    urls = {POSTGRESQL: stores.database_url, CLICKHOUSE: stores.clickhouse_url}
    identities = {}
    for store, url in urls.items():
        parsed_url = make_url(url.get_secret_value()) if url else None
        identities[store] = f"{parsed_url.host}:{parsed_url.port}/{parsed_url.database}" if parsed_url else _EMBEDDED
    return identities
