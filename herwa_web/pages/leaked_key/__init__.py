"""The page with the form for reports of leaked API keys."""
