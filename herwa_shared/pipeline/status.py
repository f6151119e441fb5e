"""The status of the pipeline (backlog, batch in flight, failures) for `herwa status`."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import asyncpg

STATUS_SQL = """
SELECT s.batch, s.rows, s.planned_at, s.moved, s.moved_at, s.failures, s.last_error, w.waiting,
       extract(epoch FROM now() - w.oldest)::float AS age,
       CASE WHEN s.batch IS NULL THEN 0 ELSE extract(epoch FROM now() - s.planned_at)::float END AS batch_age
FROM ingest_state AS s
CROSS JOIN LATERAL (
    SELECT count(*) AS waiting, min(b.stored_at) AS oldest
    FROM event_buffer AS b
    WHERE (b.txid, b.seq) > (s.wm_txid, s.wm_seq)
) AS w
WHERE s.id = 0
"""


@dataclass(frozen=True, slots=True)
class PipelineStatus:
    """The backlog of the buffer and the state of the mover.

    `buffer_rows` are not moved yet; `buffer_age_seconds` is the age of the oldest, which is the lag of the mover.
    `pending_rows` belong to the batch in flight, planned `pending_seconds` ago; `failures` counts its consecutive
    failed attempts. `moved` is the total number of moved rows.
    """

    buffer_rows: int
    buffer_age_seconds: float
    pending_rows: int
    pending_seconds: float
    moved: int
    moved_at: datetime | None
    failures: int
    last_error: str | None

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-compatible dict; datetimes are ISO 8601 texts."""
        return {**asdict(self), "moved_at": self.moved_at and self.moved_at.isoformat()}


async def load_pipeline_status(connection: asyncpg.Connection) -> PipelineStatus:
    """Load the current status."""
    row = await connection.fetchrow(STATUS_SQL)
    assert row is not None
    return PipelineStatus(
        buffer_rows=row["waiting"],
        buffer_age_seconds=round(row["age"] or 0.0, 3),
        pending_rows=row["rows"] if row["batch"] else 0,
        pending_seconds=round(row["batch_age"], 3),
        moved=row["moved"],
        moved_at=row["moved_at"],
        failures=row["failures"],
        last_error=row["last_error"],
    )
