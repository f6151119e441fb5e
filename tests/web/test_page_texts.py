"""Texts of the pages that change settings, and of tiles and lists, with sample arguments."""

from datetime import date

from herwa_web.pages.audit import texts as audit_texts
from herwa_web.pages.channel_lists import texts as list_texts
from herwa_web.pages.features import texts as features_texts
from herwa_web.pages.guild import tile_texts
from herwa_web.pages.leaked_key import texts as leak_texts
from herwa_web.pages.rules import texts as rule_texts
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
FEATURES_SAMPLES = {
    "format_needs_tier": ["Premium"],
    "format_kill_switch": [("maintenance",), ("",)],
    "format_module_label": ["Voice"],
    "format_stops": [(["/voice-stats", "Dashboard page"], 1204), (["/voice-stats"], 0)],
    "format_starts": [(["/voice-stats"], 1204)],
}
AUDIT_SAMPLES = {
    "format_toggle": [("Voice stats", Keywords(enabled=True)), ("Voice (module)", Keywords(enabled=False))],
    "format_other_action": [("privacy.erase", "12")],
    "format_key": ["website", "x1Yz"],
    "format_undone": ["Voice stats is on again."],
    "format_day_title": [(date(2026, 11, day), date(2026, 11, 28)) for day in (28, 27, 21)],
}
RULE_SAMPLES = {
    "format_member_option": [("Ada", 81384788765712384)],
    "format_cell_label": [
        ("@Support", "/top", Keywords(allowed=True, has_own_rule=False)),
        ("@Support", "/top", Keywords(allowed=False, has_own_rule=True)),
    ],
    "format_verdict": [
        ("@Ada", "/top", "#general", Keywords(allowed=True)),
        ("Everyone", "/top", "", Keywords(allowed=False)),
    ],
    "format_gain": [("@Ada", ["/top channels", "/voice-stats"], "#general")],
    "format_loss": [("@Ada", ["/voice-stats"], "")],
    "format_people": [(["@Ada", "@Bob"], 12), (["@Ada"], 1), (["@Ada"], 0), ([], 12)],
    "format_request": [("/top", "#general", "Thu, Dec 24, 2026, 18:00")],
    "format_requests_tab": [(0,), (3,)],
}
TILE_SAMPLES = {
    "describe_long_wait": ["3 h 5 min"],
    "format_seconds_column": ["Time to first response"],
    "format_command": ["server-stats"],
    "format_mean_duration": [1204],
    "format_clicks": [3],
    "format_failed": [2],
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
