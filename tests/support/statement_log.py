"""Counts what a process asks of PostgreSQL, through the connections of its SQLAlchemy engines.

As a program it runs a package and writes a line for each transaction that has ended, as JSON: its statements.
A SELECT that goes past SQLAlchemy is a transaction of its own. `python tests/support/statement_log.py PACKAGE FILE`.
"""

import json
import runpy
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
from clickhouse_connect.driver.asyncclient import AsyncClient
from sqlalchemy import Engine, Pool, event

Transaction = list[str]
STATEMENTS = "statements"
HEARTBEAT_START = "UPDATE process "
TYPE_LOOKUP_TEXTS = ("set_config('jit'", "typeinfo_tree")
"""Of the statements by which asyncpg reads the types of PostgreSQL, once a connection."""


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
    driver_connections: set[asyncpg.Connection] = set()

    def begin(connection: Any) -> None:
        connection.info[STATEMENTS] = []

    def add(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        connection.info.setdefault(STATEMENTS, []).append(" ".join(statement.split()))

    def end(connection: Any) -> None:
        report(connection.info.pop(STATEMENTS, []))

    def watch(dbapi_connection: Any, _record: Any, _proxy: Any) -> None:
        driver_connections.add(dbapi_connection.driver_connection)
        dbapi_connection.driver_connection.add_query_logger(report_direct_select)

    def report_direct_select(query: asyncpg.connection.LoggedQuery) -> None:
        statement = " ".join(query.query.split())
        if "SELECT" in statement and not any(text in statement for text in TYPE_LOOKUP_TEXTS):
            report([statement])

    listeners = {"begin": begin, "before_cursor_execute": add, "commit": end, "rollback": end}
    for name, listener in listeners.items():
        event.listen(Engine, name, listener)
    event.listen(Pool, "checkout", watch)
    try:
        yield
    finally:
        event.remove(Pool, "checkout", watch)
        for connection in driver_connections:
            connection.remove_query_logger(report_direct_select)
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
