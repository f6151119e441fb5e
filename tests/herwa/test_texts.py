"""All texts of the command line, with sample arguments."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from herwa.texts import (
    api_keys,
    audit,
    backfill,
    backup,
    counts,
    doctor,
    doctor_production,
    doctor_security,
    errors,
    exports,
    history,
    history_import,
    operator,
    privacy,
    sessions,
    startup,
    status,
    store,
)
from herwa.texts import help as help_texts
from herwa_shared.exports.jobs import ExportRequest, ExportStatus
from herwa_shared.exports.tables import DataSet, ExportFormat
from herwa_shared.services.audit_chain import ChainDefect, DefectKind
from herwa_shared.services.backfills import BackfillState, BackfillStatus
from tests.support.text_snapshots import Keywords, render_texts

DATA_DIR = Path("/srv/herwa")
PORTAL = "https://discord.com/developers/applications"
REDIRECT = "https://herwa.example/auth/callback"
REASON = "connection refused"
LEFT_AT = datetime(2026, 12, 1, 10, tzinfo=UTC)
BACKFILL = BackfillStatus(
    BackfillState.RUNNING,
    LEFT_AT - timedelta(days=90),
    LEFT_AT,
    LEFT_AT - timedelta(seconds=60),
    None,
    channels=12,
    open_channels=9,
    refused_channels=0,
    fetched=54_300,
    done_share=0.25,
)

EXPORT = ExportStatus(
    7,
    "running",
    None,
    ExportRequest((DataSet.MESSAGES, DataSet.VOICE), ExportFormat.PARQUET, LEFT_AT - timedelta(days=90), LEFT_AT),
    LEFT_AT,
    LEFT_AT,
    finished_at=None,
    expires_at=None,
    rows=300_000,
    total_rows=1_200_000,
    rows_per_second=250_000.0,
    seconds_left=3.6,
    size=None,
    digest=None,
)
EXPORTS = [
    EXPORT.to_json(),
    replace(EXPORT, state="ready", seconds_left=None, size=2_400_000).to_json(),
    replace(EXPORT, state="failed", error="disk_full", seconds_left=None).to_json(),
]
PURCHASE = {
    "id": "7",
    "state": "active",
    "sku": "Herwa Premium",
    "guild": "Garden Club",
    "ends_at": LEFT_AT.isoformat(),
}

SAMPLES = {
    audit: {
        "format_verified_log": [(1, "ab12"), (1204, "ab12")],
        "format_verified_logs": [(1, 1), (12, 3456)],
        "format_compared_anchors": [(1, "2026-11-28"), (30, "2026-11-28")],
        "describe_defect": [
            (ChainDefect(None, 7, DefectKind.CUT_OFF),),
            *((ChainDefect(81384788765712384, 1204, kind, "actor"),) for kind in DefectKind),
        ],
        "describe_invalid_anchors": [DATA_DIR / "audit" / "2026-11-28.jsonl"],
    },
    backfill: {
        "format_not_started": ["Garden Club"],
        "format_backfill": [
            ("Garden Club", BACKFILL, LEFT_AT),
            ("Garden Club", replace(BACKFILL, channels=None, fetched=0, done_share=0.0), LEFT_AT),
            ("Garden Club", replace(BACKFILL, state=BackfillState.FINISHED, refused_channels=1), LEFT_AT),
        ],
    },
    backup: {
        "format_file_exists": [Path("/mnt/herwa.zip")],
        "format_backed_up": [(Path("/mnt/herwa.zip"), size, 12_345, 1_234_567) for size in (8_540, 123_456_789)],
        "format_restored": [(datetime(2026, 11, 28, 21, 0, tzinfo=UTC), 1, 0)],
    },
    exports: {
        "format_export": [
            ({"estimated_rows": 1204, "estimated_bytes": 2_400_000, "parts": 1},),
            *((export,) for export in EXPORTS),
        ],
        "format_event": [{"id": "12", "type": "export.ready", "occurred_at": LEFT_AT.isoformat(), "export_id": "7"}],
        "format_copied": [(Path("/mnt/history.zip"), 2_400_000)],
    },
    counts: {"format_count": [(0, "server"), (1, "server"), (1204, "server"), (2, "entry", "entries")]},
    doctor: {
        "format_unsupported_python": ["3.10.2"],
        "format_run": ["apt-get install fonts-noto-core"],
        "format_missing_fonts": [["Arabic", "Thai"]],
        "format_browser": ["/usr/bin/chromium"],
        "format_not_a_folder": [DATA_DIR],
        "format_not_writable": [DATA_DIR],
        "format_new_folder": [DATA_DIR],
        "format_free_space": [12.34],
        "format_discord_down": ["https://discord.com/api/v10", "ConnectError"],
        "format_set_token": [PORTAL],
        "format_discord_error": [502],
        "format_discord_ok": [(None, "Herwa"), ("https://discord.com", "Herwa")],
        "format_clock_skew": [(-7.2,), (12.0,)],
        "format_grant_intent": [PORTAL],
        "format_configure_login": [["DISCORD_CLIENT_ID", "DISCORD_CLIENT_SECRET"], PORTAL, REDIRECT],
        "format_set_client_id": ["81384788765712384"],
        "format_add_redirect": [REDIRECT, PORTAL],
        "format_set_policy_links": ["https://stats.example.com", PORTAL],
        "format_redirect": [REDIRECT],
        "format_database_version": ["17.2"],
        "format_check_database": ["DATABASE_URL"],
        "format_port_subject": [8321],
        "format_internal_port_subject": ["api"],
        "format_port_taken": [([],), (["nginx (12)"],)],
        "format_internal_port_taken": [9001, ["nginx (12)"]],
        "format_free_internal_port": ["api", DATA_DIR / "ports.json"],
        "format_doctor_summary": [(0, 0), (1, 0), (2, 1), (0, 3)],
    },
    doctor_production: {
        "format_contact": ["Example Ltd", "privacy@example.com"],
        "format_not_encrypted": ["http://localhost:8321"],
        "format_weak_keys": [["HERWA_SECRET_KEY", "HERWA_AUDIT_KEY"]],
    },
    doctor_security: {
        "format_encrypted": [DATA_DIR],
        "format_not_encrypted": [DATA_DIR],
        "format_encryption_unknown": [DATA_DIR],
    },
    errors: {
        "format_postgresql_error": ["too many connections"],
        "format_clickhouse_error": ["memory limit exceeded"],
        "format_connection_error": [REASON],
        "format_file_error": ["/dev/null/data", "Not a directory"],
        "format_system_error": ["no space left on device"],
        "format_invalid_setting": ["HERWA_PORT", "Input should be less than or equal to 65535"],
        "format_needs_setting": ["DATABASE_URL"],
        "format_no_worker": ["Not all events were moved in time."],
    },
    help_texts: {},
    history: {
        "format_other_file": [("history.xlsx", kind) for kind in history.OTHER_FILES],
        "format_damaged_gzip": ["history.csv.gz"],
        "format_damaged_text": ["history.csv", "utf-16"],
        "format_wrong_encoding": ["history.csv", 12, "general,caf\xe9,,1"],
        "format_no_messages": ["history.csv"],
        "format_invalid_lines": [
            ("history.csv", 1, [(5, history.format_missing_value("author"))]),
            (
                "history.csv",
                1204,
                [(5, history.format_missing_value("author")), (7, history.format_missing_value("channel"))],
            ),
        ],
        "format_missing_columns": [
            (["thread"], "created_at;category", ["created_at", "category", "thread"]),
            (["created_at", "thread"], "Date,Author", ["created_at", "thread"]),
        ],
        "format_repeated_columns": [["author"]],
        "describe_csv_error": [("unexpected end of data",), ("',' expected after '\"'",)],
        "format_wrong_value_count": [6, 7],
        "format_missing_value": ["author"],
        "format_unreadable_time": ["01/05/2024 18:30"],
        "format_time_without_zone": ["2024-05-01T18:30:00"],
        "format_impossible_time": [("2031-01-01T00:00:00Z", False), ("2014-01-01T00:00:00Z", True)],
        "format_long_name": ["channel", "x" * 101, 100],
        "format_control_character": ["channel", "a\x1b[31m"],
        "format_invalid_number": ["content_length", "many", 4000],
        "format_replay_title": ["Garden Club"],
        "format_replay_progress": [5000, 23163],
    },
    api_keys: {
        "format_valid_until": [datetime(2026, 12, 1, 10, tzinfo=UTC)],
        "format_replaced": [8],
        "format_revoked": [7, "website", "x1Yz"],
        "format_usage": [(1, "2026-11-01", "2026-11-30"), (1204, "2026-11-01", "2026-11-30")],
    },
    history_import: {
        "format_expected": [("user_id", history_import.AN_ID, 42)],
        "format_kinds": [(["message"],), (["message", "voice", "join"],)],
        "format_missing_fields": [(["at"],), (["at", "user_id"],)],
        "format_unknown_fields": [(["content"], ["at", "user_id"]), (["a", "b"], ["at"])],
        "format_number_range": [255],
        "format_name": [100],
        "format_impossible_time": [
            ("at", "2014-01-01T00:00:00Z", Keywords(is_early=True)),
            ("at", "2094-01-01T00:00:00Z", Keywords(is_early=False)),
        ],
        "format_invalid_file": [("history.jsonl", history_import.UNKNOWN_FILE)],
        "format_invalid_export": [("general.json", "parse error: premature EOF")],
        "format_invalid_message": [("general.json", 1204, history_import.MESSAGE_FIELDS_EXPECTED)],
        "format_other_guild": [("general.json", 81384788765712384)],
        "format_already_imported": [("general.json", LEFT_AT)],
        "format_unknown_coverage": ["general.json"],
        "format_thread_coverage": ["help.json"],
        "format_continued": [(1,), (80_000,)],
        "format_title": ["history.jsonl"],
        "format_speed": [(80_000, 21_345.6)],
        "format_progress": [(80_000, 21_345.6, 75.0)],
        "format_duration": [(9.0,), (75.0,), (4_000.0,)],
    },
    operator: {
        "format_tier": [
            ("Garden Club", 7, "Free", None),
            ("Garden Club", 7, "Premium", datetime(2026, 12, 1, 10, tzinfo=UTC)),
        ],
        "format_nothing_granted": ["Garden Club", "Garden Club (7) has Free."],
        "format_kill_switch_on": ["Voice stats", "Voice statistics are being repaired."],
        "format_kill_switch_off": ["voice.stats"],
        "format_ambiguous_guild": ["Tea", 2, "7 (Tea) or 8 (Tea)"],
        "format_unknown_guild": ["Tea", "7 (Garden Club)"],
        "format_similar_guilds": ["Gardn", "7 (Garden Club)"],
        "format_discovered": [(0, 80), (1, 79)],
        "format_declaration_failed": ["herwa_bot.surfaces", 1, "No module named 'x'"],
    },
    privacy: {
        "format_erase_question": [(7, None), (7, "Garden Club")],
        "format_erased": [(7, None), (7, "Garden Club")],
        "format_guild_contents": [
            ("Garden Club", 7, None, Keywords(members=1, channels=2, audit_entries=1)),
            ("Garden Club", 7, LEFT_AT, Keywords(members=1200, channels=20, audit_entries=30)),
        ],
        "format_delete_question": ["Garden Club"],
        "format_guild_deleted": ["Garden Club"],
    },
    sessions: {
        "format_question": [(None,), (7,)],
        "format_ended": [(None, 1200), (7, 1)],
    },
    store: {
        "format_store": [
            ({"skus": [{"id": "1499", "name": "Herwa Premium"}], "purchases": []},),
            ({"skus": [{"id": "1499", "name": "Herwa Premium"}], "purchases": [PURCHASE]},),
        ],
        "format_purchase": [
            (PURCHASE,),
            (PURCHASE | {"ends_at": None},),
            (PURCHASE | {"state": "refunded"},),
        ],
        "format_not_active": ["refunded"],
        "format_failing": [({"fails_with": 503},), ({"fails_with": None},)],
    },
    startup: {
        "format_data_folder": [DATA_DIR],
        "format_ready": [12.3],
        "format_not_ready": [90, "herwa status"],
        "format_server_count": [(0, None), (1, None), (6, "https://discord.com")],
        "format_open_address": ["http://localhost:8321"],
        "format_try_chat": ["http://127.0.0.1:9000"],
        "format_try_chaos": ["http://127.0.0.1:9000"],
        "format_key_hint": ["Garden Club"],
        "format_process_ended": ["exited with code 1", 0.5],
        "format_exit_code": [1],
        "format_exit_signal": ["SIGKILL"],
        "format_process_stalled": [15.0],
        "format_engine_restarted": ["postgres"],
        "format_retry": ["A database didn't start.", 2.0],
        "format_port_in_use": [8321],
        "format_already_running": [DATA_DIR],
        "format_import_started": [(1, "Garden Club"), (120, "Garden Club")],
        "format_import_finished": [120, 6, 53000, 21.4],
        "format_import_failed": ["The local Discord doesn't respond."],
    },
    status: {
        "format_status_title": ["/srv/herwa", "http://localhost:8321"],
        "format_restarts": [(1,), (2,)],
        "format_buffer": [(0, 0.0), (1, 0.4), (1204, 2.3)],
        "format_mover": [1204, 0],
        "format_gateway": [("connected", 1, 1, 1, 0), ("connecting", 1, 2, 6, 12)],
        "format_catch_up": [(1, 1, 0), (12, 3_400, 1), (0, 3_400, 12)],
        "format_policies": [("api", 1, None), ("bot", 6, 0.4)],
        "format_process_stopped": ["postgres", DATA_DIR / "logs"],
        "format_process_restarting": ["web", 4, DATA_DIR / "logs"],
        "format_process_silent": [("web", 12.3, None), ("web", 12.3, "db1")],
        "format_heartbeat_missing": ["web", 12.3],
        "format_process_slow": ["web", 6200],
        "format_process_starting": ["web", DATA_DIR / "logs"],
        "format_process_stalls": [
            ("web", count, datetime(2026, 11, 29, 1, 2, tzinfo=UTC), DATA_DIR / "logs") for count in (1, 2)
        ],
        "format_supervisor_silent": [23.4],
        "format_lag": [1234],
        "format_memory": [1_234_567_890],
        "format_process_missing": ["worker"],
        "format_database_down": [REASON],
        "format_mover_failing": [1204, 31.2, 3, "memory limit exceeded"],
        "format_buffer_waiting": [45.2],
        "format_policies_stale": ["api"],
    },
}


@pytest.mark.parametrize("module", SAMPLES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_texts(module, snapshot):
    assert render_texts(module, SAMPLES[module]) == snapshot
