"""All texts of the dashboard that people see, except those about numbers (`herwa_shared.charts.text`).

Constants are fixed texts. Functions compose texts; an argument of type `Text` is a string or a Reflex var.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from herwa_shared.charts.formatting import UTC, format_city, format_day, format_int, format_utc_offset

Text = Any
"""A string, or a Reflex var of a string."""

APP_NAME = "Herwa"
APP_DESCRIPTION = "Activity statistics for Discord servers."

# Titles of the browser tab
LOGIN_TAB = f"Log in · {APP_NAME}"
HOME_TAB = f"My servers · {APP_NAME}"
ACCOUNT_TAB = f"Account · {APP_NAME}"
NOT_FOUND_TAB = f"Page not found · {APP_NAME}"

# Frame: side bar, top bar, bottom bar, menus
SKIP_LINK = "Skip to content"
MAIN_NAVIGATION = "Main navigation"
BOTTOM_NAVIGATION = "Bottom navigation"
HOME_LINK = f"{APP_NAME}: my servers"
COLLAPSE_SIDEBAR = "Collapse sidebar"
MY_SERVERS = "My servers"
SERVERS = "Servers"
SWITCH_SERVER = "Switch server"
FIND_SERVER = "Find a server"
INSIGHTS = "Insights"
GOVERN = "Govern"
SHARE = "Share"
API_KEYS = "API keys"
EXPORTS, EXPORT_VIEW = "Exports", "Export this view"
WIDGETS = "Widgets"
OVERVIEW = "Overview"
FEATURES = "Features"
ACCESS_RULES, RULES = "Access rules", "Rules"
CHANNEL_LISTS = "Channel lists"
AUDIT_LOG = "Audit log"
FIRST_STEPS = "First steps"
SETTINGS = "Settings"
PRIVACY = "Privacy"
MORE = "More"
SEARCH, SEARCH_KEYS = "Search", "Ctrl K"
SEARCH_EVERYTHING = "Search pages, ranges, channels, servers and actions"
PAGE, RANGE, CHANNEL = "page", "range", "channel"
ACCOUNT = "Account"
THEME = "Theme"
LIGHT_THEME = "Light"
DARK_THEME = "Dark"
SYSTEM_THEME = "System"
SHORTCUTS = "Keyboard shortcuts"
SHOW_SHORTCUTS = "Show shortcuts"
LOG_OUT = "Log out"
OPERATOR_PANEL = "Operator panel"
CURRENT_SESSION = "This is your current session. Log out to end it."
CLOSE = "Close"
LOADING = "Loading"
TRY_AGAIN = "Try again"
CANCEL = "Cancel"
HOME_PAGE = "Home page"
OFFLINE = "Offline"
CONNECTED_AGAIN = "Back online."
RECONNECTING = "Reconnecting…"
DATA_TIME_PLACEHOLDER = "{time}"
RECONNECTING_WITH_DATA = f"Showing data from {DATA_TIME_PLACEHOLDER}, reconnecting…"
API_DOWN = "The API is down. This page still works; log-in, API and widgets are unavailable."

# Log-in
LOG_IN = "Log in"
LOG_IN_WITH_DISCORD = "Log in with Discord"
DEMO_NOTICE = "Demo mode: log in as any of the sample users, no Discord account needed."
LOGIN_NOT_CONFIGURED = "Log-in isn't configured"
LOGIN_SETTINGS = "The operator needs to set DISCORD_CLIENT_ID and DISCORD_CLIENT_SECRET."

# Log-in page: title and text for each reason in the URL
LOGIN_PROMPT = (LOG_IN, "We only ask Discord for your name and your servers.")
LOGIN_REASONS = {
    "denied": ("Log-in canceled", "You canceled on Discord. Nothing was saved."),
    "expired": ("Log in to see this page", "Your session has expired. Log in again to continue."),
    "failed": ("Log-in failed", "Discord couldn't confirm your log-in. Please try again."),
    "not_set_up": (LOGIN_NOT_CONFIGURED, LOGIN_SETTINGS),
}

# Home page
ADD_HEADING = f"Add {APP_NAME} to…"
ADD_BUTTON = f"Add {APP_NAME}"
ADD_EXPLANATION = f"Add {APP_NAME} to start collecting statistics."
CHANGE_BASE = "Compared with the previous 24 hours"
NO_SERVERS_TITLE = "You don't manage any servers yet"
NO_SERVERS_TEXT = f"Create a server, or ask for Manage Server in an existing one, then add {APP_NAME}."
REFRESH = "Refresh"
LOCKED_CARD = "You don't have access to this server's statistics"
NO_MATCH_START, NO_MATCH_END = "No servers match “", "”."
"""The typed search text stands between them."""
OPEN_FIRST_NINE = "Open one of the first nine servers"

# Instead of content
SERVER_NOT_FOUND = "Server not found"
SERVER_NOT_FOUND_HINT = "Check the link, or log in with the account that manages this server."
PAGE_NOT_FOUND = "Page not found"
PAGE_NOT_FOUND_HINT = "Check the link, or start from the home page."
ACCESS_DENIED = "You don't have access to this page"
LOAD_FAILED = "Couldn't load statistics"
NEW_SERVER_HINT = "First numbers appear within a minute of the first message."
NEW_SERVER_COUNTED = f"{APP_NAME} counts messages, voice, reactions and joins from now on."
NEW_SERVER_OPEN = "You can leave this page open. It updates by itself."

# Overview: top bar and its menus
ONLINE = "online"
IN_VOICE = "in voice"
BOT_OFFLINE = "Bot offline"
LIVE_COUNTERS = "Live counters"
FILTER = "Filter"
FILTER_BY_CHANNEL = "Filter by channel"
FIND_CHANNEL = "Find a channel"
ALL_CHANNELS = "All channels"
CLEAR_FILTER = "Clear filter"
CLEAR_FILTER_TIP = "Clear filter (Esc)"
PREVIOUS_PERIOD = "Previous period"
NEXT_PERIOD = "Next period"
PREVIOUS_PERIOD_TIP = "Previous period (←)"
NEXT_PERIOD_TIP = "Next period (→)"
DATES = "Dates"
FROM, TO = "From", "To"
APPLY = "Apply"
TODAY_INCLUDED = "Today is included."
COMPARE = "Compare"
COMPARE_WITH = "Compare with"
COMPARISONS = {"previous": "Previous period", "year": "Same period last year", "off": "Don't compare"}
"""Menu entries, by `ComparisonMode`."""
COMPARISON_BUTTONS = {"previous": "vs previous period", "year": "vs last year", "custom": "vs custom dates"}
"""Texts of the button, by `ComparisonMode`. Without a comparison it shows `COMPARE`."""
CUSTOM_DATES = "Custom dates"
NOTHING_TO_COMPARE = "Nothing to compare with"
INCOMPLETE_COMPARISON = "No changes shown: data is incomplete."
SUPPORTED_DATES = "Choose dates between 1971 and 2099."
RESET_ZOOM = "Reset zoom"
RESET_ZOOM_TIP = "Reset zoom (Esc)"
ZOOM_HINT, ZOOM_HINT_HOURS = "Drag or click to zoom", "Drag to zoom"
CHANNEL_NOT_FOUND = "This channel doesn't exist"
CHANNEL_NOT_FOUND_HINT = "It may belong to another server. Clear the filter to see all channels."
CHANNEL_KINDS = {
    "voice": "Voice channel",
    "announcement": "Announcement channel",
    "stage": "Stage channel",
    "forum": "Forum",
    "media": "Media channel",
}
"""Names of kinds of channels, by `ChannelKind`; a text channel is just a channel."""
DELETED = "deleted"
LEFT_SERVER = "left the server"
UNKNOWN_CHANNEL = "Unknown channel"
UNKNOWN_MEMBER = "Unknown member"
UNKNOWN_ROLE = "Unknown role"

# Panels of the overview
STATISTICS = "Statistics"
INTERVAL = "Interval"
INTERVALS = {"hour": "Hour", "day": "Day", "week": "Week", "month": "Month"}
VIEW_AS_TABLE = "View as table"
DOWNLOAD_CSV = "Download CSV"
DOWNLOAD_PNG = "Download PNG"
COPY_AS_CURL = "Copy as curl"
COPIED = "Copied"
SHOW_ALL_TIME = "Show all time"
TABLE_DATE = "Date"
TABLE_CAPTION = "Values of the chart"
TOP_CHANNELS = "Top channels"
TOP_MEMBERS = "Top members"
NO_ROWS = "No activity in this period."
MEMBERS_HIDDEN = "Hidden: this server's settings say who sees data about members."
NO_ROWS_WITHOUT_DATA = "No data in this period."
BUSIEST_TIMES = "Busiest times"
HEATMAP_CAPTION = "Activity by weekday and hour"
NEW_ROW = "new"
"""In place of a change: the channel or member was not active in the previous period."""
SERVER_WIDE_ONLY = "whole server only"
LEGEND = "Legend"
PARTLY_RECORDED = "partly recorded"
UPCOMING = "upcoming"
"""Entries of the chart's legend, beside those of `series_texts`."""

# Keyboard shortcuts of the overview
SHORTCUT_DAYS = "Today, yesterday, last 24 hours"
SHORTCUT_RANGES = "Last 7, 28, 30, 91 days"
SHORTCUT_MONTHS = "This month, last month"
SHORTCUT_YEARS = "This year, 12 months, all time"
CHOOSE_DATES = "Choose dates"
TOGGLE_COMPARISON = "Toggle comparison"
CHANGE_INTERVAL = "Change interval"
SHORTCUT_SHIFT = "Previous / next period"

# Downloads
DOWNLOAD_XLSX = "Download Excel"
DATE_COLUMN, TIME_COLUMN = "Date", "Time"
STATUS_COLUMN, PREVIOUS_STATUS_COLUMN = "Status", "Previous status"
PREVIOUS_DATE_COLUMN, PREVIOUS_TIME_COLUMN = "Previous date", "Previous time"
ID_COLUMN, CHANNEL_COLUMN, MEMBER_COLUMN = "ID", "Channel", "Member"
WEEKDAY_COLUMN, HOUR_COLUMN = "Weekday", "Hour"
CHANNELS_SHEET, MEMBERS_SHEET = "Channels", "Members"

# Errors
LOGIN_REQUIRED = "Log in to see this."


def build_tab_title(page: str) -> str:
    """Build the title of the browser tab of a page without a server."""
    return f"{page} · {APP_NAME}"


def build_page_title(server_name: Text, page: str) -> Text:
    """Build the title of the browser tab of a server's page."""
    return f"{server_name}: {page} · {APP_NAME}"


def format_view(server: str, ends_at: datetime) -> str:
    """Say which server an operator views as its owner sees it, and until when."""
    return f"You view {server} as its owner does, read-only, until {ends_at:%H:%M} UTC."


def format_account_label(name: Text) -> Text:
    """Label the button of the account menu."""
    return f"Account menu ({name})"


def format_switcher_label(name: Text) -> Text:
    """Label the button that opens the list of servers."""
    return f"{SWITCH_SERVER} ({name})"


def format_add_target(name: Text) -> Text:
    """Say to which server the link adds the bot. It follows `ADD_BUTTON`."""
    return f"to {name}"


def describe_unmanaged_servers(count: int) -> str:
    """Explain to a user who is in servers, but manages none, why there is nothing to see."""
    servers = "1 server" if count == 1 else f"{format_int(count)} servers"
    return f"You're in {servers}, but need the Manage Server permission to see statistics. Ask an admin."


def describe_active_members(count: int | None) -> str:
    """Caption of the number of active members on a server's card."""
    return "active member, last 24 h" if count == 1 else "active members, last 24 h"


def format_age(minutes: int) -> str:
    """Format how long ago something happened, for less than a day."""
    return f"{max(minutes, 1)} min ago" if minutes < 60 else f"{minutes // 60} h ago"


def format_server_age(minutes: int) -> str:
    """Format how long ago the bot was added, for less than a day."""
    return f"Added {format_age(minutes)}"


def format_joined_day(joined_at: datetime) -> str:
    """Format since when the bot is in a server."""
    return f"Since {format_day(joined_at)}, {joined_at.year}"


def format_member_count(count: int) -> str:
    """Count the members of a server."""
    return "1 member" if count == 1 else f"{format_int(count)} members"


def format_live_counters(online: int | None, in_voice: int) -> str:
    """Format the members who are online (None if unknown) and in voice now."""
    voice_text = f"{format_int(in_voice)} {IN_VOICE}"
    return voice_text if online is None else f"{format_int(online)} {ONLINE} · {voice_text}"


def describe_new_server(name: Text, age: Text) -> Text:
    """Title of the page of a server that has no statistics yet."""
    return f"{APP_NAME} joined {name} {age}"


def describe_stale_data(time: Text, reason: Text) -> Text:
    """Say that a refresh failed and how old the numbers are."""
    return f"Showing data from {time}. {reason}"


def format_dates_label(range_title: Text) -> Text:
    """Label the button of the dates menu."""
    return f"{DATES}: {range_title}"


def format_comparison_label(text: str) -> str:
    """Label the button of the comparison menu; `text` is what it shows."""
    return text if text == COMPARE else f"{COMPARE}: {text}"


def format_definition_label(metric: Text) -> Text:
    """Label the button that shows the definition of a metric."""
    return f"About {metric}"


def describe_ranking(metric: Text) -> Text:
    """Say by which metric a list is ordered."""
    return f"by {metric}"


def format_base_label(mode: str, period: str, *, is_running: bool = False) -> str:
    """Name the window that is compared with, by `ComparisonMode`. `period` is the text of a custom window.

    `is_running` means that only the elapsed part of the window is compared.
    """
    label = {"previous": PREVIOUS_PERIOD, "year": "Last year"}.get(mode, period)
    return f"{label} to this point" if is_running else label


def describe_base(value: str, label: str = PREVIOUS_PERIOD) -> str:
    """Give the value with which a value is compared; `label` is from `format_base_label`."""
    return f"{label}: {value}"


def describe_missing_comparison(began: str) -> str:
    """Say why there is nothing to compare with: data begins on the day `began`."""
    return f"{NOTHING_TO_COMPARE}: counting began {began}."


def describe_uncounted_comparison(period: str) -> str:
    """Say why there is nothing to compare with: the window has no data."""
    return f"{NOTHING_TO_COMPARE}: no data for {period}."


def format_channel_name(name: str, kind: str) -> str:
    """Format the name of a channel: `#general`, or `Lounge` for voice."""
    return name if kind in ("voice", "stage") else f"#{name}"


def describe_channel_place(category: str | None, created_at: datetime | None) -> str:
    """Tell a channel from others of its name: its category, or when it was created if that is given."""
    if created_at is not None:
        return f"created {format_day(created_at)}, {created_at.year}"
    return category or "no category"


def format_id(discord_id: int) -> str:
    """Format the id of a channel or member without a name."""
    return f"ID {discord_id}"


def describe_heatmap(metric: Text, zone: Text) -> Text:
    """Say which metric the heatmap shows, and in which time zone (`format_time_zone`)."""
    return f"{metric} by weekday and hour ({zone})"


def describe_zoom(period: Text) -> Text:
    """Label the link that shows only this interval of the chart."""
    return f"Zoom to {period}"


def format_time_zone(zone: ZoneInfo) -> str:
    """Name a time zone: `New York time`, `UTC`."""
    city = format_city(zone)
    return city if city == UTC else f"{city} time"


def describe_time_zone(zone: ZoneInfo, now: datetime) -> str:
    """Say in which time zone days and hours are."""
    city, offset = format_city(zone), format_utc_offset(now.astimezone(zone))
    return f"Times in {UTC}." if city == UTC else f"Times in {city} ({offset})."


def describe_data_start(day: str) -> str:
    """Explain an empty chart of a period before the first data."""
    return f"No data before {day}."


def describe_no_data_yet(joined_at: datetime) -> str:
    """Explain an empty chart of a period before the bot joined."""
    return f"No data yet. {APP_NAME} joined on {format_day(joined_at)}, {joined_at.year}."


def describe_comparison(period: Text) -> Text:
    """Say with which window the numbers are compared."""
    return f"Compared with {period}."


def format_time_column(title: str, zone: ZoneInfo) -> str:
    """Name a column of dates or times with its time zone."""
    return f"{title} ({format_time_zone(zone)})"


def describe_cut_download(max_rows: int) -> str:
    """Say that a file has the first rows only."""
    return f"The file has the first {format_int(max_rows)} rows. Choose a shorter period to get all."


def describe_unexpected_error(error_id: str) -> str:
    """Say that something failed, with the id under which it was logged."""
    return f"Something went wrong. If it keeps happening, send this code to support: {error_id}"
