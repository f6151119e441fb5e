"""Counts what a process asks of PostgreSQL, through its SQLAlchemy engines.

As a program it runs a package and writes a line for each transaction that has ended, as JSON: its statements.
`python tests/support/statement_log.py PACKAGE FILE`.
"""

import json
import runpy
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.asyncclient import AsyncClient
from sqlalchemy import Engine, event

Transaction = list[str]
STATEMENTS = "statements"
HEARTBEAT_START = "UPDATE process "


def build_arguments(package: str, log: Path) -> list[str]:
    """Build the arguments of the Python interpreter that run the package with a log."""
    return [__file__, package, str(log)]


class StatementLog:
    """The log of a running process. `take` returns the transactions since the last call, without heartbeats."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_lines = 0

    def take(self) -> list[Transaction]:
        *complete_lines, _ = self._path.read_text().split("\n")
        lines = complete_lines[self._read_lines :]
        self._read_lines += len(lines)
        transactions = [json.loads(line) for line in lines]
        return [
            transaction
            for transaction in transactions
            if not any(statement.startswith(HEARTBEAT_START) for statement in transaction)
        ]


def count_cost(transactions: list[Transaction]) -> tuple[int, int]:
    """Count transactions and statements."""
    return len(transactions), sum(map(len, transactions))


def count_mentions(transactions: list[Transaction], table: str) -> int:
    """Count the statements that mention a table."""
    return sum(table in statement for transaction in transactions for statement in transaction)


@contextmanager
def report_transactions(report: Callable[[Transaction], None]) -> Iterator[None]:
    """Call `report` at the end of each transaction of this process while the block runs."""

    def begin(connection: Any) -> None:
        connection.info[STATEMENTS] = []

    def add(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        connection.info.setdefault(STATEMENTS, []).append(" ".join(statement.split()))

    def end(connection: Any) -> None:
        report(connection.info.pop(STATEMENTS, []))

    listeners = {"begin": begin, "before_cursor_execute": add, "commit": end, "rollback": end}
    for name, listener in listeners.items():
        event.listen(Engine, name, listener)
    try:
        yield
    finally:
        for name, listener in listeners.items():
            event.remove(Engine, name, listener)


async def count_selects(clickhouse: AsyncClient) -> int:
    """Count the SELECTs that ClickHouse has run, this one included."""
    result = await clickhouse.query("SELECT value FROM system.events WHERE event = 'SelectQuery'")
    return int(result.result_rows[0][0])


def main() -> None:
    """Run the package that the arguments name."""
    sys.path.pop(0)  # this folder
    package, log_path = sys.argv[1:]
    sys.argv = [package]
    with (
        Path(log_path).open("a", buffering=1) as file,
        report_transactions(lambda transaction: file.write(json.dumps(transaction) + "\n")),
    ):
        runpy.run_module(package, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
