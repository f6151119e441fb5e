"""How the clocks of a zone run: when they first show a time, and where their offset from UTC changes.

Instants are whole seconds since 1970. `zoneinfo` is the only authority on zones; no store is ever asked about one.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

HOUR = 3_600
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `start` to before `end` the clocks are ahead of UTC by `offset` seconds, unchanged."""

    start: int
    end: int
    offset: int


def offset_at(instant: int, zone: ZoneInfo) -> int:
    """By how many seconds clocks in `zone` are ahead of UTC."""
    offset = datetime.fromtimestamp(instant, zone).utcoffset()
    assert offset is not None
    return offset.days * DAY + offset.seconds


def wall_at(instant: int, zone: ZoneInfo) -> datetime:
    """What clocks in `zone` show, without a zone attached."""
    return datetime.fromtimestamp(instant, zone).replace(tzinfo=None, fold=0)


def first_instant(wall: datetime, zone: ZoneInfo) -> int:
    """The first instant at which clocks in `zone` show `wall` or later.

    A time that is shown twice means its first showing; one that the clocks skip means the moment of their jump.
    """
    naive = int(wall.replace(tzinfo=UTC).timestamp())
    by_fold = [wall.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1)]
    before, after = (naive - int(offset.total_seconds()) for offset in by_fold if offset is not None)
    skipped = after < before
    return _change_between(after, before, zone) if skipped else before


def stretches(start: int, end: int, zone: ZoneInfo) -> list[Stretch]:
    """`[start, end)` cut wherever the offset changes. Changes that undo each other within a day are not seen."""
    found: list[Stretch] = []
    began, offset = start, offset_at(start, zone)
    for known in range(start, end, DAY):
        probe = min(known + DAY, end)
        if offset_at(probe, zone) != offset:
            change = _change_between(known, probe, zone)
            found.append(Stretch(began, change, offset))
            began, offset = change, offset_at(probe, zone)
    if began < end:
        found.append(Stretch(began, end, offset))
    return found


def _change_between(early: int, late: int, zone: ZoneInfo) -> int:
    """The first instant after `early` that has the offset of `late`."""
    offset = offset_at(late, zone)
    while late - early > 1:
        middle = (early + late) // 2
        if offset_at(middle, zone) == offset:
            late = middle
        else:
            early = middle
    return late
