"""The handlers that browsers may call. A new one is an endpoint for everybody: add it here once it asks who may."""

HANDLERS = frozenset(
    {
        "Downloads.csv",
        "Downloads.png",
        "Home.again",
        "Home.load",
        "Home.refresh",
        "LogIn.read",
        "Overview.follow",
        "Overview.list_places",
        "Overview.load",
        "Overview.pick_dates",
        "Overview.refresh",
        "Overview.retry",
        "Overview.turn_table",
        "Overview.zoomed",
    }
)
