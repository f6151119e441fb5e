"""The handlers that browsers may call.

Every visitor can call a handler. List a new one here once it authorizes its caller.
"""

EXPECTED_HANDLERS = frozenset(
    {
        "DownloadState.download_csv",
        "DownloadState.download_png",
        "DownloadState.download_xlsx",
        "HomeState.load",
        "HomeState.refresh",
        "HomeState.refresh_guilds",
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
    }
)
