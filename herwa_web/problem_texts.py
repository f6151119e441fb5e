"""Texts of the problems in a link to the dashboard: which part the page does not follow, and what it shows instead."""

from datetime import date

from herwa_shared.charts.formatting import format_day
from herwa_shared.dashboard_params import QueryProblem, QueryProblemCode


def describe_problem(problem: QueryProblem) -> str:
    """Say which part of the link the page does not follow, and what it shows instead."""
    days = "Showing the last 30 days."
    interval = f"Showing {problem.shown}s."
    texts_by_code = {
        QueryProblemCode.UNKNOWN_RANGE: f"Unknown date range in the link. {days}",
        QueryProblemCode.INVALID_DATE: f"Invalid date in the link. {days}",
        QueryProblemCode.UNSUPPORTED_YEAR: f"Dates must be between 1971 and 2099. {days}",
        QueryProblemCode.REVERSED_DATES: f"The start date is after the end date. {days}",
        QueryProblemCode.UNKNOWN_INTERVAL: f"Unknown interval in the link. {interval}",
        QueryProblemCode.INTERVAL_TOO_SHORT: f"Too long for {_format_rate(problem.value)} data. {interval}",
        QueryProblemCode.INTERVAL_TOO_LONG: f"Too short for {_format_rate(problem.value)} data. {interval}",
        QueryProblemCode.UNKNOWN_METRIC: f"Unknown metric in the link. Showing {problem.shown}.",
        QueryProblemCode.INVALID_CHANNEL: "Unknown channel in the link. Showing all channels.",
        QueryProblemCode.THREAD: "Threads count for their channel. Showing the channel.",
        QueryProblemCode.UNKNOWN_COMPARISON: ("Unknown comparison in the link. Comparing with the previous period."),
        QueryProblemCode.SERVER_WIDE_METRIC: (
            f"{problem.value.replace('_', ' ').capitalize()}: whole server only. The channel filter doesn't apply."
        ),
        QueryProblemCode.BEFORE_HISTORY: (
            f"Showing data from {_format_date(problem.shown)} on: this server's tier includes no earlier history."
        ),
        QueryProblemCode.COMPARISON_BEFORE_HISTORY: (
            f"No comparison: this server's history begins on {_format_date(problem.shown)}."
        ),
    }
    return texts_by_code[problem.code]


def _format_rate(interval: str) -> str:
    return "daily" if interval == "day" else f"{interval}ly"


def _format_date(text: str) -> str:
    """Format an ISO date: `Aug 31, 2026`. Another text, as in the problem of another code, is returned as it is."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{format_day(day)}, {day.year}"
