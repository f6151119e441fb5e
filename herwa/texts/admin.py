"""Texts of `herwa admin`."""

from collections.abc import Mapping

ADMIN_HELP = "Search servers, change their tiers, and everything else of the operator's panel."
SERVERS_HELP = "Search servers by a part of the name, an id, their owner, or the last four characters of an API key."
SERVERS_EXAMPLE = "Example: herwa admin servers garden --tier premium --json"
SERVER_HELP = "Show one server: tier, limits, keys, errors, audit log and notes."
SERVER_EXAMPLE = "Example: herwa admin server 81384788765712384"
GRANT_HELP = "Grant a server a tier. With --trial it is a trial."
GRANT_EXAMPLE = "Example: herwa admin grant 'Garden Club' premium --days 30 --reason 'Support request 17'"
EXTEND_HELP = "Extend the current tier of a server."
EXTEND_EXAMPLE = "Example: herwa admin extend 'Garden Club' 14 --reason 'Outage of last week'"
REVOKE_HELP = "End all tiers that a server was given, but not those bought in Discord. Data is hidden, not deleted."
REVOKE_EXAMPLE = "Example: herwa admin revoke 'Garden Club' --reason 'Refunded'"
FEATURE_HELP = "Give a server a feature beyond its tier."
FEATURE_EXAMPLE = "Example: herwa admin feature 'Garden Club' stats.voice --days 7 --reason 'Test'"
LIMIT_HELP = "Give a server a higher limit than its tier."
LIMIT_EXAMPLE = "Example: herwa admin limit 'Garden Club' api_keys 20 --reason 'Agency'"
REVOKE_OVERRIDE_HELP = "End a feature or limit beyond the tier, by its id in `herwa admin server`."
REVOKE_OVERRIDE_EXAMPLE = "Example: herwa admin revoke-override 'Garden Club' 7 --reason 'Test ended'"
NOTE_HELP = "Write a note about a server. Only operators see it."
NOTE_EXAMPLE = "Example: herwa admin note 'Garden Club' 'Asked for longer history'"
AUDIT_HELP = "Show what operators have done, newest first."
AUDIT_EXAMPLE = "Example: herwa admin audit --json"

OVERVIEW_HELP = "Show the numbers of the last days, tiers, growth, and what operators did."
HEALTH_HELP = "Show processes, shards, pipeline, databases, jobs and errors. Exits with 1 if something is wrong."
RUN_JOB_HELP = "Let the worker run a job now."
RUN_JOB_EXAMPLE = "Example: herwa admin run-job measure_stores"
KILL_SWITCH_HELP = "Turn a feature off in all servers, or on again."
KILL_SWITCH_EXAMPLE = "Example: herwa admin kill-switch stats.voice on --reason 'Voice statistics are being repaired.'"
TIER_HELP = "Change the features, limits and inheritance of a tier. With --dry-run, only show what that changes."
TIER_EXAMPLE = (
    "Example: herwa admin tier premium --limit api_keys=20 --add stats.voice --reason 'Prices of 2027' --dry-run"
)
CREATE_TIER_HELP = "Create a tier. It inherits from the tier below it until you change it."
CREATE_TIER_EXAMPLE = "Example: herwa admin create-tier starter Starter --above free --reason 'Prices of 2027'"
DELETE_TIER_HELP = "Delete a tier that no server has or had, and that nothing else uses."
DELETE_TIER_EXAMPLE = "Example: herwa admin delete-tier starter --reason 'Not needed'"
TIER_KEY_ARGUMENT = "The key: lower-case letters, digits and hyphens."
TIER_TITLE_ARGUMENT = "The title that people see."
ABOVE_OPTION = "The tier that it is the next better one of."
LOWEST_TIER_HELP = "Choose the lowest tier that includes a feature. With --dry-run, only show what that changes."
LOWEST_TIER_EXAMPLE = "Example: herwa admin lowest-tier stats.voice premium --reason 'Prices of 2027' --dry-run"
ANNOUNCE_HELP = "Publish an announcement on pages and in /help. Without a text, list the newest ones."
ANNOUNCE_EXAMPLE = "Example: herwa admin announce 'On Sunday from 10:00 to 10:20 UTC Herwa is offline.' --hours 48"
END_ANNOUNCEMENT_HELP = "End an announcement, by its id in `herwa admin announce`."
END_ANNOUNCEMENT_EXAMPLE = "Example: herwa admin end-announcement 3"
ANNOUNCEMENT_ARGUMENT = "The text."
ANNOUNCEMENT_ID_ARGUMENT = "The id."
SEGMENT_OPTION = "Only servers with this tier."
HOURS_OPTION = "When it ends, in hours."
ADD_OPTION = "A feature to add; may be repeated."
REMOVE_OPTION = "A feature to remove; may be repeated."
TIER_LIMIT_OPTION = "A limit, as name=number, name=unlimited or name=inherited; may be repeated."
INHERITS_OPTION = "The tier to inherit from, or 'none'."
SKU_OPTION = "The id of the SKU that sells the tier in Discord, or 'none'."
NOT_A_SKU = "The id of a SKU must be a number or 'none'."
JOB_ARGUMENT = "The name of the job, as in `herwa admin health`."
NONE, INHERITED = "none", "inherited"
NOTHING_CHANGES = "No server gains or loses anything."
ALL_WELL = "All is well."
NOT_AN_ASSIGNMENT = "Write a limit as name=value."

QUERY_ARGUMENT = "Part of a name, an id, the owner's id, or the last four characters of a key."
TIER_OPTION = "Only servers with this tier."
SIZE_OPTION = "Only servers of this size: below 100 members, below 1,000, or larger."
ACTIVITY_OPTION = "Only servers with events in the last 24 hours, or without any."
TROUBLE_OPTION = "Only servers that the bot has left, with a gap now, or without events for a day."
TRIAL_OPTION = "Record it as a trial, which needs --days."
REASON_OPTION = "Why. It is kept in both audit logs."
DAYS_ARGUMENT = "Number of days."
VALUE_ARGUMENT = "The new limit, or 'unlimited'."
OVERRIDE_ARGUMENT = "The id of the feature or limit."
NOTE_ARGUMENT = "The text of the note."
BEFORE_OPTION = "Only entries before this number."

SERVER_COLUMNS = ("Server", "Id", "Members", "Tier", "Events, 24 h", "Trouble")
NO_SERVERS_FOUND = "No servers match."
MORE_SERVERS = "Only the largest servers are listed. Search for a longer part of the name."
TROUBLE: Mapping[str, str] = {"left": "bot left", "gap": "gap now", "no_events": "no events"}
UNLIMITED = "unlimited"
NOT_A_LIMIT = "The limit must be a number or 'unlimited'."


def format_effect(title: str, gaining: int, losing: int) -> str:
    """Say how many servers gain or lose something."""
    return f"{title}: {gaining:,} gain, {losing:,} lose"


def format_problem(kind: str, subject: str) -> str:
    """Name a problem."""
    return f"Problem: {kind} {subject}".strip()


def format_job(name: str) -> str:
    """Say that a job was requested."""
    return f"The worker runs {name} within a second."


def format_done(name: str, tier: str) -> str:
    """Say what tier a server has after a change."""
    return f"Done. {name} has {tier}."


def format_tier(key: str, title: str) -> str:
    """Name a tier and its key."""
    return f"{title} ({key})"
