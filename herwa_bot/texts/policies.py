"""Links to the pages about privacy and terms, below replies."""

PRIVACY, TERMS, DATA, REPORT = "Privacy", "Terms", "What is counted", "Report a problem"


def format_policy_links(dashboard_url: str | None) -> str:
    """Format the links to the pages; empty without a dashboard that others can open."""
    if dashboard_url is None:
        return ""
    pages = ((PRIVACY, "privacy"), (TERMS, "terms"), (DATA, "data"), (REPORT, "terms#report"))
    return "-# " + " · ".join(f"[{title}](<{dashboard_url}/{path}>)" for title, path in pages)


def format_report_link(dashboard_url: str | None) -> str:
    """Format the link to the page that says how to report a problem; empty without such a page."""
    return f"-# [{REPORT}](<{dashboard_url}/terms#report>)" if dashboard_url else ""
