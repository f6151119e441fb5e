"""Texts of the page for reports of leaked API keys."""

TITLE = "Report a leaked key"
LEAD = "Found an API key in public code or a log? Paste it here, and it stops working at once. No log-in needed."
LABEL = "The key, or a text that contains it"
PLACEHOLDER = "sk_live_hw_…"
REVOKE = "Revoke it"
