"""The progress of an import on standard error: rows, rate and time left, as a bar in a terminal, otherwise as lines."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from herwa.texts import history_import as texts

PROGRESS_SECONDS = 10.0


class ImportProgress(NamedTuple):
    """The number of rows that are stored, and the share of the file that is read, from 0 to 1."""

    rows: int
    share: float


ProgressReporter = Callable[[ImportProgress], None]
"""Is called after each batch."""


def ignore_progress(_: ImportProgress) -> None:
    """Show nothing."""


class RateMeter:
    """The rate of an import that began, or went on, at `start_rows`."""

    def __init__(self, start_rows: int) -> None:
        self._started_at = time.monotonic()
        self._start_rows = start_rows
        self._start_share: float | None = None

    def measure(self, progress: ImportProgress) -> tuple[float, float]:
        """Return rows per second and the estimated seconds left."""
        elapsed = max(time.monotonic() - self._started_at, 1e-6)
        if self._start_share is None:
            self._start_share = progress.share * self._start_rows / max(progress.rows, 1)
        done = max(progress.share - self._start_share, 1e-6)
        return (progress.rows - self._start_rows) / elapsed, elapsed * (1 - progress.share) / done


@contextmanager
def show_progress(file_name: str, start_rows: int) -> Iterator[ProgressReporter]:
    """Yield the function that shows the progress."""
    meter = RateMeter(start_rows)
    if not sys.stderr.isatty():
        yield _build_line_reporter(meter)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(texts.format_title(file_name), total=1.0, speed="")
        yield lambda progress: bar.update(
            task, completed=progress.share, speed=texts.format_speed(progress.rows, meter.measure(progress)[0])
        )


def _build_line_reporter(meter: RateMeter) -> ProgressReporter:
    next_at = time.monotonic() + PROGRESS_SECONDS

    def report(progress: ImportProgress) -> None:
        nonlocal next_at
        if time.monotonic() >= next_at:
            print(texts.format_progress(progress.rows, *meter.measure(progress)), file=sys.stderr)
            next_at = time.monotonic() + PROGRESS_SECONDS

    return report
