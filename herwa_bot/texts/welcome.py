"""Text of the message in a server that has just added the bot."""


def format_welcome(url: str, policy_links: str) -> str:
    """Format the welcome; `url` is the page with the first steps, empty without a public dashboard.

    `policy_links` is a line with links to the pages about privacy, or empty.
    """
    first_steps = f"[First steps]({url})" if url else "`/help`"
    text = (
        "**Thanks for adding Herwa.** I count activity and never store what people write.\n"
        f"- Managers: {first_steps} · check channels, time zone and past messages\n"
        "- Everyone: `/server-stats` shows how the server is doing, `/privacy show` what is stored about you"
    )
    return "\n".join(filter(None, (text, policy_links)))
