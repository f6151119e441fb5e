"""The last numbers of each widget, shared by all processes: computed at most once a minute, kept for outages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

REFRESH_INTERVAL = timedelta(seconds=60)

# The row of another question is replaced at once. A widget that was deleted meanwhile is left out.
CLAIM_SQL = text("""
INSERT INTO widget_value AS known (widget_id, question, claimed_at)
SELECT id, :question, :now FROM widget WHERE id = :widget_id
ON CONFLICT (widget_id) DO UPDATE SET
    claimed_at = excluded.claimed_at,
    question = excluded.question,
    computed_at = CASE WHEN known.question = excluded.question THEN known.computed_at END,
    numbers = CASE WHEN known.question = excluded.question THEN known.numbers END
WHERE known.claimed_at <= :claimable_before OR known.claimed_at > :now OR known.question <> excluded.question
RETURNING widget_id
""")
LOAD_SQL = text("""
SELECT computed_at, numbers::text FROM widget_value
WHERE widget_id = :widget_id AND question = :question AND computed_at IS NOT NULL
""")
SAVE_SQL = text("""
UPDATE widget_value SET computed_at = :computed_at, numbers = CAST(:numbers AS jsonb)
WHERE widget_id = :widget_id AND question = :question
""")


@dataclass(frozen=True, slots=True)
class StoredNumbers:
    """Numbers of a widget as plain JSON, and when they were computed."""

    computed_at: datetime
    value: Mapping[str, Any]


async def load_numbers(session: AsyncSession, *, widget_id: int, question: str) -> StoredNumbers | None:
    """Load the last numbers of a widget for this question."""
    row = (await session.execute(LOAD_SQL, {"widget_id": widget_id, "question": question})).one_or_none()
    return None if row is None else StoredNumbers(row[0], orjson.loads(row[1]))


async def claim_refresh(session: AsyncSession, *, widget_id: int, question: str, now: datetime) -> bool:
    """Claim the right to compute new numbers; False if a process did so less than a minute ago."""
    parameters = {
        "widget_id": widget_id,
        "question": question,
        "now": now,
        "claimable_before": now - REFRESH_INTERVAL,
    }
    return await session.scalar(CLAIM_SQL, parameters) is not None


async def save_numbers(
    session: AsyncSession, *, widget_id: int, question: str, value: Mapping[str, Any], computed_at: datetime
) -> None:
    """Save new numbers, unless the widget shows something else by now."""
    parameters = {
        "widget_id": widget_id,
        "question": question,
        "computed_at": computed_at,
        "numbers": orjson.dumps(value).decode(),
    }
    await session.execute(SAVE_SQL, parameters)
