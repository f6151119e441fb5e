"""Name the browser and system of a log-in in words, from its `User-Agent` header.

Only the name is stored, so that users recognize their sessions: the header itself identifies a device too closely.
"""

import re

# In this order: most browsers also claim to be those further down.
BROWSERS = (
    ("Edge", re.compile(r"\bEdg(e|A|iOS)?/")),
    ("Opera", re.compile(r"\bOPR/")),
    ("Samsung Internet", re.compile(r"\bSamsungBrowser/")),
    ("Firefox", re.compile(r"\b(Firefox|FxiOS)/")),
    ("Chrome", re.compile(r"\b(Chrome|CriOS|HeadlessChrome)/")),
    ("Safari", re.compile(r"\bSafari/")),
)
SYSTEMS = (
    ("iPhone", re.compile(r"\biPhone\b")),
    ("iPad", re.compile(r"\biPad\b")),
    ("Android", re.compile(r"\bAndroid\b")),
    ("Windows", re.compile(r"\bWindows\b")),
    ("macOS", re.compile(r"\bMacintosh\b")),
    ("ChromeOS", re.compile(r"\bCrOS\b")),
    ("Linux", re.compile(r"\bLinux\b")),
)


def describe_browser(user_agent: str) -> str:
    """Return for example "Firefox on Windows"; only one of them, or an empty text, if the rest is not known."""
    names = (
        next((name for name, pattern in patterns if pattern.search(user_agent)), "") for patterns in (BROWSERS, SYSTEMS)
    )
    return " on ".join(filter(None, names))
