"""Texts of the pages `/privacy`, `/terms` and `/data`. Periods come from the jobs that keep them."""

from typing import NamedTuple

from herwa_shared.privacy.retention import DEPARTED_PERIOD, GUILD_PERIOD, RAW_EVENT_PERIOD
from herwa_web.texts import APP_NAME

PRIVACY, TERMS, DATA, REPORT = "Privacy", "Terms", "What is counted", "Report a problem"


class PolicySection(NamedTuple):
    """A section of a page: paragraphs, a list of points, and a link to another page (text and path)."""

    title: str
    paragraphs: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    link: tuple[str, str] | None = None


PRIVACY_LEAD = (
    f"{APP_NAME} is a Discord bot that counts how active a server is. It counts that you wrote something. It never"
    " stores what you wrote."
)
QUESTIONS = (
    (
        "What do you know about me?",
        (
            "Your name in that server, and when and in which channel you did something: wrote, reacted, joined, left,"
            " were in voice, boosted, used a command, opened a ticket or asked for access."
            f" Single events for {RAW_EVENT_PERIOD}, after that numbers by hour."
        ),
    ),
    (
        "Who sees it?",
        (
            "In the server and on this website, only members with Administrator, Manage Server or View Server Insights"
            " see your name next to numbers. Others see totals, or a ranking that one of them posts in a channel with"
            " /top. Managers can also export names. No ranking or export contains members who opted out. The operator"
            " of this copy can read its databases."
        ),
    ),
    (
        "How do I end it?",
        (
            "Type /privacy opt-out in the server: you are no longer counted as a person, and no ranking shows you any"
            " more. /privacy delete removes what is stored. You need no reason and no one's permission."
        ),
    ),
)
PRIVACY_SECTIONS = (
    PolicySection(
        "What you can do",
        (
            (
                "Use these commands in a server, or in a direct message with the bot. There they are about all servers,"
                " also those that you left. No setting of a server can block them. They are free, and only you see the"
                " replies."
            ),
        ),
        (
            "/privacy show: what is stored about you",
            "/privacy download: the same as a file",
            (
                "/privacy opt-out: from now on you are counted in totals only, without name and ID, and no ranking"
                " shows you any more"
            ),
            "/privacy opt-in: be counted and ranked again",
            (
                "/privacy delete: remove what is stored about you, also your name in the audit log and in exports that"
                " wait for download"
            ),
        ),
        ("The same on this website: see, download and delete your data after a log-in with Discord", "/account/data"),
    ),
    PolicySection(
        "How fast a deletion is",
        (
            (
                "Usually seconds, at most 24 hours, everywhere this bot stores data. If it is done at once, the reply"
                " says so. If not, /privacy show says when it is done. It shows that for 30 days."
            ),
            "Backups are deleted when they are 30 days old. If one has to be used, deletions are repeated.",
            (
                "Kept are: totals of the server without you, access rules that managers made about you, and that a"
                " server has you as its owner. Files that a manager downloaded before are theirs to delete; the file"
                " says so."
            ),
        ),
    ),
    PolicySection(
        "What a server can do",
        (
            (
                "The owner of a server can delete everything about it, on the server's page Privacy. It begins an hour"
                " later, and can be undone until then. After the bot was removed, the owner does that at"
                " /account/data. Administrators can delete what is stored about a member, for example after a request."
            ),
        ),
    ),
    PolicySection(
        "What happens by itself",
        (),
        (
            f"{DEPARTED_PERIOD} after you left a server, your name is deleted, and a pseudonym replaces your ID",
            f"{GUILD_PERIOD} after a server removed the bot, everything about the server is deleted",
        ),
        ("What exactly is counted, and how long each kind of data is kept", "/data"),
    ),
    PolicySection(
        "Who else receives data",
        (
            (
                "Data is not sold, not used for advertising and not used to train models. It is passed on only when a"
                " server decides so:"
            ),
        ),
        (
            (
                "Managers can export the numbers of their server. Members are under pseudonyms unless a manager chose"
                " otherwise, which is recorded"
            ),
            "Programs of a server can read its numbers with an API key. The same applies to them",
            "Widgets and public pages of a server show totals only, and none about fewer than five people",
        ),
    ),
    PolicySection(
        "Who looked",
        (
            (
                "When someone in a server opens data about single members, it is recorded. The server's managers see"
                " the record on the server's page Privacy; other members can ask them."
            ),
            (
                "The operator of this copy can read its databases, as with every service. Discord's rules and these"
                " pages bind the operator too."
            ),
        ),
    ),
    PolicySection(
        "If you log in on this website",
        (
            (
                "Discord sends your name, your picture, the list of your servers and your roles in them: no email"
                " address, no messages. The tokens for that are stored encrypted."
            ),
            (
                "Cookies serve the log-in only. There is no tracking and no cookie of anyone else."
                " Your address is used to limit the number of requests, in memory only."
            ),
        ),
    ),
)
TERMS_LEAD = f"These terms apply when you add {APP_NAME} to a server, use its commands, or use this website."
TERMS_SECTIONS = (
    PolicySection(
        "What you get",
        (
            (
                f"{APP_NAME} counts the activity of Discord servers and shows it in Discord, on this website, in"
                " exports, widgets and through an API. It is provided as it is: numbers can be late or incomplete, and"
                " gaps are shown as gaps."
            ),
        ),
    ),
    PolicySection(
        "Who may use it",
        (
            (
                "Everyone who may use Discord under Discord's own terms and is old enough for it in their country. To"
                " add the bot you need the permission Manage Server in that server."
            ),
        ),
    ),
    PolicySection(
        "What you may not do",
        (),
        (
            (
                "use data about members for anything but running your community: not for advertising, not to rate or"
                " single out people, not to harass, not to sell"
            ),
            "find out who is behind a pseudonym",
            "pass on data about members that their server has not released, or keep it after they asked to be deleted",
            (
                "work around limits, access rules or tiers, share API keys, attack the service or use it to break"
                " Discord's rules"
            ),
        ),
    ),
    PolicySection(
        "What managers of a server are responsible for",
        (
            (
                "You decide who may see statistics. You tell your members that the bot counts. What you export is yours"
                " to protect and to delete."
            ),
        ),
    ),
    PolicySection(
        "Premium",
        (
            (
                "Paid features are shown with their price before you buy. Privacy commands, a basic export and your own"
                " data are free in every tier. When a subscription ends, data beyond the free tier is hidden, not"
                " deleted."
            ),
        ),
    ),
    PolicySection(
        "How it ends",
        (
            (
                f"Remove the bot whenever you want. Everything about the server is deleted {GUILD_PERIOD} later. Until"
                " then you can add it again and keep your data."
            ),
            "The operator can end the use by a server or a person that breaks these terms, and says why.",
        ),
    ),
    PolicySection(
        "Discord",
        (
            (
                f"{APP_NAME} uses Discord's documented interfaces and is bound by Discord's developer terms. Discord is"
                " not a party to these terms and not responsible for this service."
            ),
        ),
    ),
)
DATA_LEAD = (
    "This list is made from the program itself: the bot cannot request more from Discord than what is on this page."
)
COLLECTED, COLLECTED_HINT = "Data and purpose", "Each line is stored as numbers with a time, never with content."
WHAT, WHY, SOURCE = "What", "What for", "How it is received"
NEVER = "Never collected"
HOW_LONG, KEPT_DATA, PERIOD = "How long it is kept", "Data", "Kept"
INTENTS, INTENTS_HINT = (
    "What the bot requests from Discord",
    "Discord calls these intents. Discord itself must approve the privileged ones.",
)
INTENT, PURPOSE, WITHOUT = "Intent", "What for", "Without it"
PRIVILEGED, OPTIONAL_OFF = "privileged", "off in this copy"
REPORT_TITLE = "Report a problem or abuse"
REPORT_TEXT = (
    "Something is wrong, someone misuses data, or you want something deleted and can't use the commands: write to the"
    " operator. Say which server it is about. You need no account for that."
)
OPERATOR, UNKNOWN_OPERATOR = "Operator of this copy:", "not named"
CONTACT = "Contact:"
NO_CONTACT = (
    "The operator has not named a contact yet. Ask a manager of your server. You can also report this bot to Discord:"
    " open the bot's profile in Discord, then “Report App”."
)
OPERATOR_HINT = "For the operator: set HERWA_CONTACT and HERWA_OPERATOR_NAME."
LOGIN_NOTE_START, LOGIN_NOTE_END = "By logging in you accept the ", "."
LOGIN_TERMS = "terms"
INVITE_NOTE = "Before you add it:"
