"""All texts of the API that people read: log-in pages, problem details, descriptions in the OpenAPI document."""

from collections.abc import Mapping, Sequence

from herwa_api import widget_texts
from herwa_shared.analytics.metric_definitions import Metric, describe_metric
from herwa_shared.catalog import SCOPES

# Log-in pages below /auth/
LOGIN_EXPIRED = "This log-in link has expired or was already used."
LOGIN_REJECTED = "Discord couldn't confirm your log-in. Please try again."
LOGIN_SCOPE_MISSING = "Herwa needs to see your name and your servers. Log in again and allow all permissions."
LOGIN_UNAVAILABLE = "Herwa is temporarily unavailable. Try again in a minute."
ERROR_PAGE_TITLE = "Something went wrong"
ERROR_PAGE_TITLES: Mapping[str, str] = {  # by error code
    "login_expired": "Log-in expired",
    "login_rejected": "Log-in failed",
    "login_scope_missing": "Permission missing",
    "log_in_not_set_up": "Log-in isn't configured",
    "discord_away": "Discord isn't responding",
    "unreachable": "Log-in is unavailable",
    "too_many_requests": "Too many requests",
    "not_found": "Page not found",
    "method_not_allowed": "Page not found",
}
PAGE_NOT_FOUND = "Check the link, or go to the home page."
LOG_IN_AGAIN = "Log in again"
HOME_PAGE = "Home page"

# Page after a report of a leaked key
LEAK_REVOKED_TITLE = "Thank you"
LEAK_UNKNOWN_TITLE = "No key found"
LEAK_UNKNOWN = "This text contains no API key of Herwa. Check that it is complete."
REPORT_ANOTHER_KEY = "Report another key"

# Problems (RFC 9457)
UNKNOWN_ENDPOINT = "Unknown endpoint. See /api/openapi.json for all endpoints."
GUILD_NOT_FOUND = "Server not found. Check the id, and that your key belongs to this server."
CROSS_SITE_REQUEST = "Send this request from a page of this site."
UNEXPECTED_ERROR = "Something went wrong. If it keeps happening, send this request_id to support."
KEYS_NEED_SESSION = "A key can't manage keys. Log in at /auth/login."
SESSIONS_NEED_SESSION = "Only users have sessions. Log in at /auth/login."
CURRENT_SESSION = "This is your current session. Log out to end it."
TEST_KEY_READS_ONLY = "A test key can't change anything. Use a live key."
MEMBERS_HIDDEN = "This server's settings don't show data about members to you."
EXPORT_NOT_FOUND = "There is no such export, or its file was deleted. List the exports of the server."
CREATE_KEY_WITH_SCOPE = "Create a key with this scope."
QUESTIONS_HINT = "Wait for a response before you send the next request."
CROSS_ORIGIN_REFUSED = "Scripts of this site can't send this request: the origin, the method or a header isn't allowed."
CROSS_ORIGIN_HINT = "Send the request from your own server, or ask the operator to list your site's origin."
LARGE_QUESTION_HINT = "Ask for a shorter time, a longer interval or fewer metrics."
WAIT_A_MINUTE = "Too many requests from your network. Wait a minute, then try again."
LIMITED_THINGS: Mapping[str, str] = {  # by the name of the limit
    "key": "requests with this API key",
    "guild": "requests with keys of this server",
    "address": "requests without a valid API key from your network",
    "failures": "failed attempts from your network",
    "login": "log-ins from your network",
    "key_creation": "new API keys from your network",
    "leak_reports": "reports of leaked keys from your network",
}
LIMIT_HINTS: Mapping[str, str] = {  # by the name of the limit
    "key": "Wait for the seconds in Retry-After. The header RateLimit has what is left.",
    "guild": "All keys of this server share this limit. Wait for the seconds in Retry-After.",
    "address": "Send a valid API key to use the limits of the key.",
    "failures": "Check your API key. Requests with a valid key that was used recently still work.",
    "login": "Wait a minute, then log in again.",
    "key_creation": "Wait a minute, then create the next key.",
    "leak_reports": "A report can contain up to ten keys.",
}
EXPECTED_METRICS = f"one or several of {', '.join(Metric)}, separated by commas, each once"
EXPECTED_SNOWFLAKE = "an id of up to 19 digits"
EXPECTED_ROLE_IDS = "role ids separated by commas, at most 250"
EXPECTED_ONE_SUBJECT = "either 'member_id' or 'role_ids'"
EMPTY_WINDOW = "'from' must be before 'to'."
INVALID_CURSOR = "This cursor doesn't belong to this request. Use next_cursor of a response to the same parameters."
PRECONDITION_FAILED = "This has changed since you read it. Read it again, then send your change with its new ETag."
MEMBER_NOT_FOUND = "This member isn't in the server."
CHANNEL_NOT_FOUND = "Channel not found in this server."
RULE_NOT_FOUND = "This rule doesn't exist. List the rules to see their ids."
LIST_NOT_FOUND = "There is no channel list for this target."
EXPECTED_TOGGLES = "at least one feature or module"
EXPECTED_FLAG = "'true' or 'false'"
EXPECTED_END = "a time between 1971 and 2099"
UNKNOWN_COMMAND = "Unknown command. See /help in Discord for all commands."
UNKNOWN_ROLE = "Unknown role. Check that all ids are roles of this server."


def format_unexpected_error(request_id: str) -> str:
    """Format the sentence of the error page for an unexpected error."""
    return f"If it keeps happening, send this code to support: {request_id}"


def format_leak_revoked(count: int) -> str:
    """Format what was done about a report of leaked keys."""
    keys = "The key is" if count == 1 else f"{count} keys are"
    return f"{keys} revoked. The managers of the server see it in their audit log."


def format_limit_reached(name: str, limit: int, window_seconds: int) -> str:
    """Format the detail for a request beyond a limit."""
    things = LIMITED_THINGS[name]
    window = {60: "minute", 3600: "hour"}.get(window_seconds, f"{window_seconds} seconds")
    return f"Too many {things}: at most {limit:,} per {window}."


def format_wrong_method(method: str) -> str:
    """Format the detail for an HTTP method that an endpoint doesn't have."""
    return f"This endpoint doesn't support {method}. See the Allow header."


def format_missing_scopes(scopes: Sequence[str]) -> str:
    """Format what blocks a key without these scopes."""
    return f"This key doesn't have the scope {' and '.join(scopes)}."


def format_unknown_parameter(name: str, known_names: Sequence[str]) -> str:
    """Format the message for a parameter that the endpoint doesn't have."""
    return f"Unknown parameter '{name}'. Valid parameters: {', '.join(known_names)}."


def format_repeated_parameter(name: str) -> str:
    """Format the message for a parameter that occurs twice in a query string."""
    return f"'{name}' is there more than once. Send each parameter once."


def format_rule_exists(rule_id: int) -> str:
    """Say which rule has the subject, target and place of a new one."""
    return f"Rule {rule_id} is about the same subject, target and place. Change it with PUT."


def format_key_actor(key_id: int) -> str:
    """Name an API key as the author of a change."""
    return f"API key {key_id}"


def format_needs_tier(tier: str) -> str:
    """Say which tier includes a feature."""
    return f"Needs {tier}."


def format_invalid_parameter(name: str, expected: object) -> str:
    """Format the message for a parameter with an invalid value."""
    return f"'{name}' must be {expected}."


def format_rejected_parameter(name: str, reason: str) -> str:
    """Format the message for a parameter that was rejected for a reason in Pydantic's words."""
    return f"'{name}': {reason.lower()}."


BLOCK_REASONS: Mapping[str, str] = {
    "kill_switch": "Turned off for all servers.",
    "module": "The server has turned off the module.",
    "toggle": "The server has turned it off.",
}

# Process
PORT_HINT = "Check whether this copy's API is already running, or remove its port from ports.json in the data folder."

# OpenAPI document
API_TITLE = "Herwa API"
API_DESCRIPTION = """Activity statistics of Discord servers. Ids are strings. Times are ISO 8601 with an offset.

Send an API key as `Authorization: Bearer sk_live_hw_…`. In a browser, the session of a logged-in user works too: it can
read the servers that the user manages. Errors are `application/problem+json` (RFC 9457).
"""
TAGS: Mapping[str, str] = {
    "identity": "Who you are, which servers you can read, and your sessions",
    "statistics": "Numbers of a server",
    "settings": "Features, access rules, channel lists and audit log of a server",
    "exports": "Files with the statistics of a server",
    "keys": "API keys of a server. Only users manage keys, in a session",
    "widgets": widget_texts.TAG,
    "health": "State of the API's process",
}
KEY_SECURITY = "An API key of the server: `Authorization: Bearer sk_live_hw_…`. Keys in the URL are never accepted."
SESSION_SECURITY = (
    "The session of a user who logged in at `/auth/login`. It can read the servers that the user manages."
)

NOT_MODIFIED_DESCRIPTION = "The body is still the one of the ETag in If-None-Match."
BAD_REQUEST_DESCRIPTION = "Invalid parameter. The detail says what is valid."
UNAUTHORIZED_DESCRIPTION = "No API key, or it is unknown, expired or revoked."
FORBIDDEN_DESCRIPTION = "The key lacks a scope, or the server's settings or tier don't allow this."
NOT_FOUND_DESCRIPTION = "Unknown server, or this key can't read it."
CONFLICT_DESCRIPTION = "Another change of the settings is in progress, or the rule exists."
PRECONDITION_DESCRIPTION = "It has changed since the response whose ETag is in If-Match."
RULE_EXISTS_DESCRIPTION = "The same rule existed already, or this is a dry run."
DRY_RUN_DESCRIPTION = "What the change would do, if `dry_run` is true."
EXPORT_PREVIEW_DESCRIPTION = "What the export would hold, if `dry_run` is true."
PARTIAL_FILE_DESCRIPTION = "The range of the file that `Range` asks for."
NO_RANGE_DESCRIPTION = "The file is shorter than the range that `Range` asks for; `Content-Range` has its size."
CLIENT_ERROR_DESCRIPTION = "Any other invalid request."
SERVER_ERROR_DESCRIPTION = "An error on the server's side. Try again later."
STORE_DOWN_DESCRIPTION = "At least one database doesn't respond, or the process stops."
MISSING_SCOPE_EXAMPLE = f"{format_missing_scopes(['members:read'])} {CREATE_KEY_WITH_SCOPE}"
BAD_PARAMETER_EXAMPLE = format_invalid_parameter("interval", "'hour', 'day', 'week' or 'month'")

CHANGE_NOTES = (
    "With `dry_run`, nothing is saved and the response says who would gain and lose what. Every change is in the audit "
    "log. An API key needs the scopes `settings:read` and `settings:write`."
)
ROUTE_SUMMARIES: Mapping[str, str] = {
    "me": "Current user or API key",
    "guilds": "Servers that you can read",
    "guild": "A server with its tier and limits",
    "list_sessions": "Your sessions",
    "end_sessions": "End all other sessions",
    "end_session": "End a session",
    "stats": "One metric over time",
    "top_channels": "Most active channels",
    "top_members": "Most active members",
    "heatmap": "Activity by hour of the week",
    "list_features": "Features",
    "list_rules": "Access rules",
    "list_channel_lists": "Channel lists",
    "audit": "Audit log",
    "explain": "Why a command works or is blocked",
    "change_features": "Turn features on or off",
    "create_rule": "Create an access rule",
    "replace_rule": "Change an access rule",
    "delete_rule": "Delete an access rule",
    "set_channel_list": "Set a channel list",
    "delete_channel_list": "Delete a channel list",
    "list_exports": "Exports",
    "list_export_events": "Events of exports",
    "create_export": "Create an export",
    "get_export": "An export with its progress",
    "pause_export": "Pause an export",
    "resume_export": "Resume an export",
    "delete_export": "Cancel an export, or delete its file",
    "link_export": "Create a link to the file of an export",
    "download_export": "File of an export",
    "list_keys": "API keys",
    "create_key": "Create an API key",
    "rotate_key": "Replace an API key",
    "revoke_key": "Revoke an API key",
    "key_usage": "Requests with an API key",
    "key_requests": "Last requests with an API key",
    "report_leak": "Report leaked API keys",
    "healthz": "Liveness",
    "readyz": "Readiness",
}
ROUTE_DESCRIPTIONS: Mapping[str, str] = {
    "me": "Returns the user of the session, or the API key of the request.",
    "guilds": "Returns the servers that you can read, sorted by name. For a user: the servers that they manage, "
    "including those without the bot. For an API key: its server.",
    "guild": "Returns a server with its time zone, its tier and the limits of the tier.",
    "list_sessions": "Returns the sessions of the user, the current one first, then those used last. All routes about "
    "sessions need a session: an API key can't use them.",
    "end_sessions": "Ends all sessions of the user except the current one. They stop working at once.",
    "end_session": "Ends one session of the user. It stops working at once. To end the current one, log out.",
    "stats": "Returns one metric as a time series, or several in `series`. "
    "`value` is 0 for an interval without activity and null for one "
    "without data. An interval is `partial` if it was recorded only in part or is cut by the window, and `current` "
    "while it is running. Future intervals are left out. `compare` adds an earlier window and the change.",
    "top_channels": "Returns the channels with the highest values, ties by id. Threads count for their channel.",
    "top_members": "Returns the members with the highest values, ties by id. Bots, webhooks and members who opted out "
    "are excluded. Activity before 13 months, and that of members who left 90 days ago, is returned without a name. "
    "An API key needs the scope `members:read`. Without `member_ids:read`, `id` is a pseudonym that only this key "
    "gets, and `name` is null.",
    "heatmap": "Returns the activity in each of the 168 hours of the week, in the time zone of the request.",
    "list_features": "Returns all features with their state: what the server chose, whether the feature is "
    "available, and why if it isn't. An API key needs the scope `settings:read`.",
    "list_rules": "Returns the access rules, oldest first, also those that have ended. An API key needs the scope "
    "`settings:read`.",
    "list_channel_lists": "Returns the channel lists, sorted by target. A target with a list works only in these "
    "channels. An API key needs the scope `settings:read`.",
    "audit": "Returns who changed what, newest first, with the value before and after. An API key needs the scope "
    "`settings:read`.",
    "explain": "Returns whether a member can use a command, and every step of the decision. Send `member_id`, or "
    "`role_ids` for a member with only these roles. An API key needs the scope `settings:read`.",
    "change_features": "Turns features and modules on or off, all of them or none. `If-Match` takes the ETag of the "
    "list of features. " + CHANGE_NOTES,
    "create_rule": "Creates an access rule. It is in force within a second. " + CHANGE_NOTES,
    "replace_rule": "Changes an access rule. With another subject, target or place it becomes a new rule with another "
    "id. `If-Match` takes the `etag` of the rule. " + CHANGE_NOTES,
    "delete_rule": "Deletes an access rule. `If-Match` takes the `etag` of the rule. " + CHANGE_NOTES,
    "set_channel_list": "Limits a command, feature, module or everything to these channels and categories. `If-Match` "
    "takes the `etag` of the list. " + CHANGE_NOTES,
    "delete_channel_list": "Deletes a channel list, so that its target works everywhere. `If-Match` takes the `etag` "
    "of the list. " + CHANGE_NOTES,
    "list_exports": "Returns the exports of the last 30 days, newest first. An API key sees those that it, or a key "
    "before or after it in a rotation, created. All routes about exports need the scope `exports:read`.",
    "list_export_events": "Returns when exports became ready or failed, oldest first; for an API key, of the exports "
    "that it sees. To poll, send the id of the last event that you handled as `after`. Each export has at most one "
    "event of each type. An event is deleted with its export, after 30 days.",
    "create_export": "Creates an export, which is then written in the background. Hourly summaries as CSV are in every "
    "tier; everything else needs the feature `exports.history`. With `dry_run`, nothing is created and the response "
    "says what the export would hold. For `members`, an API key needs the scope `members:read`. Without "
    "`member_ids:read`, members have pseudonyms that only this key gets, the same as in rankings, and no names.",
    "get_export": "Returns an export with its rows, rate and time left.",
    "pause_export": "Pauses an export. It goes on where it was when it is resumed; after a week it is canceled.",
    "resume_export": "Lets a paused export go on.",
    "delete_export": "Cancels an export that is in progress, or deletes the file of a finished one.",
    "link_export": "Creates a link to the file. It works for ten minutes, for this session or API key only. New links "
    "can be created until the file is deleted, a week after it was finished.",
    "download_export": "Returns the file, a ZIP file. `Range` and `If-Range` are supported. `url` of a link is the "
    "address of this route.",
    "list_keys": "Returns the API keys of the server without their secrets, newest first, also those that have ended. "
    "All routes about keys need the session of a user who manages the server.",
    "create_key": "Creates an API key. The response contains the key, which can't be read again.",
    "rotate_key": "Creates a key with the same name, scopes, networks and expiry. The old key stays valid for the "
    "overlap, so that programs can change over.",
    "revoke_key": "Revokes an API key. Requests with it are refused everywhere within a second.",
    "key_usage": "Returns the number of requests with the key per day (UTC) and endpoint, and its errors by kind. "
    "Recorded within seconds, and kept for 90 days.",
    "key_requests": "Returns the last 100 requests with the key of the past 31 days, without ids and parameters of the "
    "URL and without the address of the client.",
    "report_leak": "Revokes every API key in the text at once. Anyone can report a key, without a log-in.",
    "healthz": "Returns 200 while the process runs. Doesn't check the databases.",
    "readyz": "Returns 200 if PostgreSQL and ClickHouse respond within two seconds, else 503. The body has the state "
    "of each. While the process stops: 503 with the status `stopping`.",
}
PARAMETERS: Mapping[str, str] = {
    "guild_id": "Server id",
    "from": "Start of the window: an ISO date (midnight in `timezone`) or time. Default: 30 days before `to`. A start "
    "before the history of the server's tier is refused with 403",
    "to": "End of the window, exclusive. Default: the end of today",
    "timezone": "IANA time zone. Default: the server's time zone, else UTC",
    "channel_id": "Count in this channel only. `joins`, `leaves` and `members` don't support it",
    "metrics": "Metric to count, or several separated by commas: then `series` has one entry per metric.\n\n"
    + "\n".join(f"- `{metric}`: {describe_metric(metric)}" for metric in Metric),
    "ranking_metric": "Metric to rank by",
    "heatmap_metric": "Metric to count. Each member counts once per hour of the week",
    "interval": "Length of one interval. Weeks start on the day that the server chose, by default on Monday",
    "compare": "Compare with the previous window, or with the same dates last year",
    "limit": "Maximum number of items",
    "cursor": "`next_cursor` of the previous page. All other parameters except `limit` must be the same",
    "rule_id": "The rule's id",
    "dry_run": "Save nothing, and say what the change would do",
    "idempotency_key": "A text that is unique to this request, such as a UUID. If the request is sent again with it "
    "within a day, nothing is done twice and the first response is sent again",
    "audit_kind": "Kind of change",
    "actor_id": "Only changes by this user",
    "audit_from": "Only changes from then on: an ISO date (midnight in `timezone`) or time",
    "audit_to": "Only changes before then",
    "command": "Command without the slash, such as `top channels`",
    "member_id": "A member of the server",
    "role_ids": "Role ids separated by commas. Empty: a member without roles",
    "explain_channel_id": "Where the command is used. A thread counts as its channel",
    "export_id": "The export's id",
    "export_event_after": "Only events after the one with this id",
    "export_dry_run": "Create nothing, and say what the export would hold",
    "export_link": "The link's token",
    "key_id": "The key's id",
    "session_id": "The session's id",
    "usage_days": "Number of days, today (UTC) included",
}
FIELDS: Mapping[str, str] = {
    "export_event_id": "Later events of a server have larger ids",
    "export_data": "What to export. Summaries are hourly numbers without members",
    "export_format": "Format of the tables in the file",
    "export_from": "Start: an ISO date (midnight in `timezone`) or time. Default: the start of the history of the tier",
    "export_to": "End, exclusive. Default: now. Exports begin and end with full hours",
    "export_members": "Whether the tables tell members apart. Members who opted out are never included",
    "export_pseudonyms": "Whether members have pseudonyms of the API key instead of ids and names",
    "export_channel": "Only this channel and its threads",
    "export_state": "`deleted`: the file was deleted, a week after it was finished or earlier",
    "export_error": "Why it failed",
    "export_precise_from": "Events are precise from then on. Before, there are numbers by hour",
    "export_rows": "Rows that are written",
    "export_estimated_rows": "Rows that the file will have. An estimate until it is finished",
    "export_expires_at": "When the file will be deleted",
    "export_etag": "ETag of the file, for `If-Range`. `SHA256SUMS` in the file has the checksums of its contents",
    "export_included": "Whether the tier and settings of the server allow this export to you",
    "export_reason": "What doesn't allow it",
    "export_parts": "Tables by month",
    "export_link_url": "Address of the file, below the address of this server",
    "key_guild_id": "The server that the key can read. For a test key: the demo server",
    "key_is_test": "Test keys start with `sk_test_hw_` and answer from a demo server, with the limits of this server",
    "key_name": "What the key is for",
    "key_scopes": "What the key may do:\n\n"
    + "\n".join(
        f"- `{scope.key}`: {scope.description}" + (f" (needs `{scope.requires}`)" if scope.requires else "")
        for scope in SCOPES.values()
    ),
    "key_expires_at": "When the key ends. Null: never",
    "key_networks": "IP addresses and networks that may use the key. Empty: all",
    "key_hint": "The last four characters of the key",
    "key_last_used_at": "Recorded within seconds",
    "endpoint_method": "Null if the request reached no endpoint",
    "endpoint_route": "Path of the endpoint. Null for an unknown URL and for a request beyond a limit",
    "client_errors": "Requests with a status from 400 to 499",
    "server_errors": "Requests with a status of 500 or higher",
    "request_id": "As in the header X-Request-Id of the response",
    "leak_text": "A key, or a text that contains up to ten keys",
    "leak_found": "Number of texts with the format of an API key",
    "leak_revoked": "Number of real keys among them. None of them works any more",
    "key_successor_id": "The key that replaces this one after a rotation",
    "key_secret": "The key itself. It is shown only here",
    "overlap_hours": "How many hours the old key stays valid",
    "session_browser": "Browser and system. Null if unknown",
    "session_ends_at": "When it ends if it isn't used again",
    "session_current": "Whether it is the session of this request",
    "last_used_at": "Accurate to a minute",
    "feature_enabled": "What the server chose",
    "feature_available": "Whether kill switch, tier, module and the server's choice leave it on",
    "feature_blocked_by": "Why it isn't available",
    "feature_blocked_reason": "The same in words",
    "feature_in_tier": "Whether the server's tier includes it",
    "feature_lowest_tier": "The lowest tier that includes it",
    "feature_always_on": "Whether it can't be turned off",
    "module_enabled": "Whether the server has the module on",
    "rule_allow": "True: may use. False: may not use",
    "rule_subject_id": "Id of the role or member, or the bits of Discord permissions. 0 for everyone",
    "rule_target_key": "Key of the module or feature, or name of the command. Empty for everything",
    "rule_place_id": "Id of the channel or category. 0 for everywhere",
    "rule_until": "When the rule ends. Null: never",
    "rule_note": "Why, for people",
    "etag": "ETag of this item, for `If-Match`",
    "list_target": "What is limited: `target_kind:target_key`",
    "list_places": "Ids of channels and categories",
    "feature_toggles": "Features to turn on (true) or off (false), by key",
    "module_toggles": "Modules to turn on or off, by key",
    "recent_members": "Those who were seen in the last 30 days, at most 100. Null for an API key",
    "effect_places": "Ids of channels and categories. Empty: everywhere",
    "started": "What becomes available in the whole server",
    "stopped": "What stops in the whole server",
    "affected_members": "Who gains and loses what by rules. Null if Discord doesn't list the members now",
    "actor_user_id": "Null for an API key, the operator, and an erased user",
    "actor_name": "Name at the time of the change",
    "actor_via": "Where the change was made",
    "entry_number": "Position in the audit log",
    "entry_target": "The setting: a key of a feature or module, the id of a rule, the target of a channel list",
    "entry_before": "The setting before. Null: it didn't exist",
    "entry_after": "The setting after. Null: it doesn't exist anymore",
    "entry_undoes": "Id of the entry whose change this one undoes",
    "next_cursor": "Cursor of the next page. Only set if there is one",
    "missing_permission": "Why Discord hides the command: a missing permission, or what is set under Integrations",
    "step_detail": "What the step found, for programs",
    "step_text": "What the step found, in words",
    "step_rule": "The rule that decided this step",
    "step_channel_list": "The channel list that decided this step",
    "explain_reason": "The step that decided, or `discord` if Discord hides the command",
    "steps": "All steps, in order",
    "owner": "Whether you own the server",
    "bot_is_in": "Whether the bot is in the server",
    "guild_timezone": "IANA time zone of the server's days and hours, `UTC` by default",
    "joined_at": "When the bot joined",
    "limits": "Limits of the tier, with what was granted beyond it. Null: unlimited",
    "member_count": "Number of members. 0 if unknown",
    "t": "Start of the interval, with the offset of the time zone",
    "value": "0 without activity, null without data",
    "partial": "Set if the interval was recorded only in part, or is cut by the window",
    "current": "Set while the interval is running",
    "estimated": "Set on members before the first recorded number: how many of those who are still here had joined",
    "estimated_total": "Set if the total is an estimate, because nothing was recorded in the window",
    "change_value": "Total of the compared part of the window, from `from` to `to`",
    "change_base": "Total of the compared part of the earlier window, up to `base_to`",
    "change_ratio": "0.12 means 12% more. Null if `base` is below 20",
    "change_to": "End of the compared part of the window",
    "change_base_to": "End of the compared part of the earlier window",
    "comparison_total": "See `total` of the window",
    "change": "Null if less than 99% of a window was recorded",
    "total": "The sum of all intervals. For `active_members` and `voice_members`, each member counts once. For "
    "`members`, the latest value, or null without data. For `first_response_seconds`, the median",
    "p90": "Only for `first_response_seconds`: 90% of the tickets were answered within this time. Null without data",
    "series": "One entry per metric, in the order of the request",
    "compare": "Only with the parameter `compare`",
    "approximate": "Set if hours were assigned by the hour in which they start",
    "name": "Null if unknown",
    "weekday": "1 is Monday",
    "problem_code": "Kind of error, for programs",
    "problem_detail": "What is wrong and what is valid",
    "problem_reason": "For a refusal: the step of the guardrail that refused",
    "problem_errors": "For each invalid parameter: `field` and `message`",
    "problem_request_id": "For an unexpected error: the id to send to support",
}
