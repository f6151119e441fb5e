"""The handlers that browsers may call.

Every visitor can call a handler. List a new one here once it authorizes its caller.
"""

PAGE_HANDLERS = ("load", "retry", "refresh")
SAVE_BAR_HANDLERS = ("save", "undo_save", "discard", "discard_change", "keep_theirs", "use_mine", "close_saved")
SETTINGS_PAGES = ("ChannelListsState", "FeaturesState", "RulesState", "SettingsState")
OTHER_PAGES = ("AuditState", "KeysState", "PrivacyState", "StartState")

EXPECTED_HANDLERS = frozenset(
    {
        *(f"{page}.{handler}" for page in (*SETTINGS_PAGES, *OTHER_PAGES) for handler in PAGE_HANDLERS),
        *(f"{page}.{handler}" for page in SETTINGS_PAGES for handler in SAVE_BAR_HANDLERS),
        "AccountState.end_other_sessions",
        "AccountState.end_session",
        "AccountState.load",
        "AuditState.apply_filters",
        "AuditState.undo_entry",
        "ChannelListsState.close_editor",
        "ChannelListsState.delete_list",
        "ChannelListsState.open_editor",
        "ChannelListsState.put_list",
        "DownloadState.download_csv",
        "DownloadState.download_png",
        "DownloadState.download_xlsx",
        "FeaturesState.toggle_feature",
        "FeaturesState.toggle_module",
        "HomeState.load",
        "HomeState.refresh",
        "HomeState.refresh_guilds",
        "KeysState.cancel_action",
        "KeysState.close_form",
        "KeysState.close_secret",
        "KeysState.create_key",
        "KeysState.open_form",
        "KeysState.revoke_key",
        "KeysState.rotate_key",
        "KeysState.start_action",
        "KeysState.toggle_usage",
        "LoginState.read",
        "OverviewState.load",
        "OverviewState.load_channels",
        "OverviewState.on_point",
        "OverviewState.on_zoom",
        "OverviewState.pick_comparison",
        "OverviewState.pick_dates",
        "OverviewState.poll_live",
        "OverviewState.refresh",
        "OverviewState.retry",
        "OverviewState.toggle_table",
        "OverviewState.zoom_out",
        "PaletteState.load_channels",
        "PrivacyState.cancel_erasure",
        "PrivacyState.choose_member",
        "PrivacyState.erase_member",
        "RulesState.add_test",
        "RulesState.close_editor",
        "RulesState.decide_request",
        "RulesState.delete_rule",
        "RulesState.open_editor",
        "RulesState.put_rule",
        "RulesState.remove_test",
        "RulesState.toggle_cell",
        "RulesState.try_command",
        "RulesState.use_template",
        "SettingsState.mark_channel",
        "SettingsState.put_value",
        "SettingsState.toggle_messages",
        "SettingsState.unmark_channel",
        "StartState.start_import",
    }
)
