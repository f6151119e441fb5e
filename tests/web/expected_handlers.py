"""The handlers that browsers may call. A new one is an endpoint for everybody: add it here once it asks who may."""

EXPECTED_HANDLERS = frozenset(
    {
        "DownloadState.download_csv",
        "DownloadState.download_png",
        "HomeState.load",
        "HomeState.refresh",
        "HomeState.refresh_guilds",
        "LoginState.read",
        "OverviewState.load",
        "OverviewState.load_channels",
        "OverviewState.on_zoom",
        "OverviewState.pick_dates",
        "OverviewState.poll_live",
        "OverviewState.refresh",
        "OverviewState.retry",
        "OverviewState.toggle_table",
    }
)
