"""Texts of the pages that change settings, and of tiles and lists, with sample arguments."""

from datetime import date

from herwa_web.pages import landing_texts
from herwa_web.pages.account import texts as account_texts
from herwa_web.pages.audit import texts as audit_texts
from herwa_web.pages.channel_lists import texts as list_texts
from herwa_web.pages.exports import texts as export_texts
from herwa_web.pages.features import texts as features_texts
from herwa_web.pages.guild import tile_texts
from herwa_web.pages.keys import texts as keys_texts
from herwa_web.pages.leaked_key import texts as leak_texts
from herwa_web.pages.own_data import texts as own_data_texts
from herwa_web.pages.policies import texts as policy_texts
from herwa_web.pages.privacy import texts as privacy_texts
from herwa_web.pages.rules import texts as rule_texts
from herwa_web.pages.settings import texts as settings_texts
from herwa_web.pages.start import texts as start_texts
from herwa_web.pages.widgets import texts as widget_texts
from herwa_web.saving import texts as saving_texts
from tests.support.text_snapshots import Keywords, render_texts

SAVING_SAMPLES = {
    "format_change_count": [(1,), (12,)],
    "format_saved": [(1,), (3,)],
    "format_module": ["Voice"],
    "format_list_title": ["/top"],
    "format_rule_title": [("12",), ("",)],
    "format_author": [("Mia", "14:02"), ("", "")],
}
WIDGET_SAMPLES = {
    "format_saved": [(1,), (3,)],
    "format_allowance": [(0, 1), (2, 10), (12, None)],
    "format_limit_hint": [(1,), (10,)],
    "format_new_name": [2],
    "format_widget_title": ["Blog"],
    "format_uses": [(1, 1, 30), (1204, 0, 30)],
    "format_contrast": ["dark", 1.234, 3.0],
    "format_own_site_effect": ["Blog"],
    "format_switched_on": ["Blog"],
    "format_switched_off": ["Blog"],
    "format_sites": [([],), (["https://a.example", "https://*.b.example"],)],
    "format_action_label": ["Edit", "Blog"],
    "format_window_fact": ["Last 30 days", "1,204 messages"],
}
FEATURES_SAMPLES = {
    "format_needs_tier": ["Premium"],
    "format_kill_switch": [("maintenance",), ("",)],
    "format_module_label": ["Voice"],
    "format_usage": [(0,), (1,), (1204,)],
    "format_stops": [(["/voice-stats", "Dashboard page"], 1204), (["/voice-stats"], 0)],
    "format_starts": [(["/voice-stats"], 1204)],
}
AUDIT_SAMPLES = {
    "format_toggle": [("Voice stats", Keywords(enabled=True)), ("Voice (module)", Keywords(enabled=False))],
    "format_other_action": [("privacy.erase", "12")],
    "format_key": ["website", "x1Yz"],
    "format_export": ["7"],
    "format_undone": ["Voice stats is on again."],
    "format_day_title": [(date(2026, 11, day), date(2026, 11, 28)) for day in (28, 27, 21)],
}
RULE_SAMPLES = {
    "format_member_option": [("Ada", 81384788765712384)],
    "format_cell_label": [
        ("@Support", "/top", Keywords(allowed=True, has_own_rule=False)),
        ("@Support", "/top", Keywords(allowed=False, has_own_rule=True)),
    ],
    "format_test": [("@Mods", "/top", Keywords(allowed=flag)) for flag in (True, False)],
    "format_broken_test": ["Mods can use /top"],
    "format_tests_tab": [(0,), (2,)],
    "format_right": [("@Mods", "Audit log", Keywords(allowed=flag)) for flag in (True, False)],
    "format_verdict": [
        ("@Ada", "/top", "#general", Keywords(allowed=True)),
        ("Everyone", "/top", "", Keywords(allowed=False)),
    ],
    "format_role_verdict": [("/top", "#general", 2, 5)],
    "format_member_count": [(1,), (1204,)],
    "format_gain": [("@Ada", ["/top channels", "/voice-stats"], "#general")],
    "format_loss": [("@Ada", ["/voice-stats"], "")],
    "format_people": [(["@Ada", "@Bob"], 12), (["@Ada"], 1), (["@Ada"], 0), ([], 12)],
    "format_request": [("/top", "#general", "Thu, Dec 24, 2026, 18:00")],
    "format_requests_tab": [(0,), (3,)],
}
TILE_SAMPLES = {
    "describe_long_wait": ["3 h 5 min"],
    "format_seconds_column": ["First response"],
    "format_command": ["server-stats"],
    "format_mean_duration": [1204],
    "format_clicks": [3],
    "format_failed": [2],
}
SETTINGS_SAMPLES = {
    "format_local_time": [("14:05", "Tokyo")],
    "format_zone_effect": ["Asia/Tokyo"],
    "format_week_effect": ["Sunday"],
    "format_audience_effect": ["Managers"],
    "format_request_effect": [("#team",), ("",)],
    "format_mark_effect": [("#help", Keywords(is_marked=True)), ("#help", Keywords(is_marked=False))],
}
KEYS_SAMPLES = {
    "format_allowance": [(0, 1), (10, 10), (12, None)],
    "format_test_allowance": [(0, 1), (12, None)],
    "format_by_endpoint": [7],
    "format_milliseconds": [1204.4],
    "format_result": [(200, ""), (403, "feature_off")],
    "format_limit_hint": [(1,), (10,)],
    "format_usage": [(1, 0, 7), (1204, 3, 7)],
    "format_created": ["Nov 29, 2026"],
    "format_last_used": ["Sun, Nov 29, 2026, 09:00"],
    "format_expires": ["Sun, Nov 29, 2026, 09:00"],
    "format_replaced": ["Sun, Nov 29, 2026, 09:00"],
    "format_secret_title": ["weekly report"],
    "format_action_label": [("Revoke", "weekly report")],
}
EXPORT_SAMPLES = {
    "format_size": [(850,), (850_000,), (1_400_000,), (2_345_000_000,)],
    "format_rows": [(1,), (1204,)],
    "format_preview": [(1, 100, 1), (1_204_000, 102_000_000, 14)],
    "format_border": ["Aug 31, 2026"],
    "format_deleted": ["#old-talk"],
    "format_progress": [(0, 1204, 0.0, None), (300_000, 1_204_000, 250_000.0, 4)],
    "format_period": [("Nov 1, 2026", "Nov 29, 2026"), ("", "Nov 29, 2026")],
    "format_expiry": ["Sun, Nov 29, 2026, 09:00"],
    "format_title": [(["summaries"],), (["messages", "voice"],), (list(export_texts.DATA_SETS),)],
}
ACCOUNT_SAMPLES = {
    "format_session": [("Sun, Nov 29, 2026, 09:00", "Sat, Nov 28, 2026, 18:00")],
    "format_end_label": ["Firefox on Windows"],
    "format_ended": [(0,), (1,), (3,)],
}
PRIVACY_SAMPLES = {
    "format_opt_outs": [(0,), (1,), (1204,)],
    "format_question": ["Ada"],
    "format_erased": ["Ada"],
    "format_deletion": ["Sun, Nov 29, 2026, 18:00"],
}
OWN_DATA_SAMPLES = {
    "format_summary": [({"message": 1200, "voice": 5400}, "Nov 1", "Nov 29"), ({"join": 1}, "Nov 1", "Nov 1")],
    "format_question": ["Book Club"],
    "format_left_plan": ["Nov 27, 2026", "Dec 27, 2026"],
    "format_left_deletion": ["Sun, Nov 29, 2026, 21:00"],
    "format_deletion": [("Nov 28", ""), ("Nov 28", "Nov 29")],
    "format_action_label": ["Delete", "Book Club"],
}
START_SAMPLES = {
    "format_progress": [(2, 6)],
    "format_channels": [(12, 14)],
    "format_more_channels": [3],
    "format_missing": [(["View Channels", "Embed Links"],)],
    "format_zone": ["Asia/Tokyo"],
    "format_import": [(12048, 40)],
    "format_imported": [12048],
    "format_import_begin": ["Nov 29, 2026"],
    "format_request_channel": ["#team"],
    "format_first_hour": ["Sun, Nov 29, 2026, 09:00"],
}
LIST_SAMPLES = {
    "format_limited": [(["/top", "/voice-stats"], ["#general", "Staff"])],
    "format_free": [(["/top"],)],
}


def test_texts_of_tiles_and_lists(snapshot):
    assert render_texts(tile_texts, TILE_SAMPLES) == snapshot


def test_texts_of_the_save_bar(snapshot):
    assert render_texts(saving_texts, SAVING_SAMPLES) == snapshot


def test_texts_of_the_features_page(snapshot):
    assert render_texts(features_texts, FEATURES_SAMPLES) == snapshot


def test_texts_of_the_audit_log(snapshot):
    assert render_texts(audit_texts, AUDIT_SAMPLES) == snapshot


def test_texts_of_the_access_rules(snapshot):
    assert render_texts(rule_texts, RULE_SAMPLES) == snapshot


def test_texts_of_the_channel_lists(snapshot):
    assert render_texts(list_texts, LIST_SAMPLES) == snapshot


def test_texts_of_the_page_for_leaked_keys(snapshot):
    assert render_texts(leak_texts, {}) == snapshot


def test_texts_of_the_settings(snapshot):
    assert render_texts(settings_texts, SETTINGS_SAMPLES) == snapshot


def test_texts_of_the_api_keys(snapshot):
    assert render_texts(keys_texts, KEYS_SAMPLES) == snapshot


def test_texts_of_the_exports(snapshot):
    assert render_texts(export_texts, EXPORT_SAMPLES) == snapshot


def test_texts_of_the_account(snapshot):
    assert render_texts(account_texts, ACCOUNT_SAMPLES) == snapshot


def test_texts_of_the_privacy_page(snapshot):
    assert render_texts(privacy_texts, PRIVACY_SAMPLES) == snapshot


def test_texts_of_the_page_about_own_data(snapshot):
    assert render_texts(own_data_texts, OWN_DATA_SAMPLES) == snapshot


def test_texts_of_the_pages_about_privacy_and_terms(snapshot):
    assert render_texts(policy_texts, {}) == snapshot


def test_texts_of_the_first_steps(snapshot):
    assert render_texts(start_texts, START_SAMPLES) == snapshot


def test_texts_of_the_landing_page(snapshot):
    assert render_texts(landing_texts, {}) == snapshot


def test_texts_of_the_widgets(snapshot):
    assert render_texts(widget_texts, WIDGET_SAMPLES) == snapshot
