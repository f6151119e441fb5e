"""Comet Arcade: 1,500 players on the US east coast; a few dozen write most messages."""

from herwa_shared.discord.constants import ChannelType
from herwa_sim.behavior.server_profile import ChannelProfile, QuestionProfile, ServerProfile

COMET_ARCADE = ServerProfile(
    name="Comet Arcade",
    locale="en-US",
    timezone="America/New_York",
    size=1500,
    messages_per_day=205,
    peak_hour=21.0,
    weekend_factor=1.55,
    peak_voice_members=24,
    mean_action_interval_seconds=4,
    owner="owner",
    moderators=("Captain Comet",),
    guests=("operator",),
    categories=(
        (
            "Start here",
            (
                ChannelProfile("announcements", 0, ChannelType.NEWS),
                ChannelProfile("rules", 0),
                ChannelProfile("say-hi", 0.6),
            ),
        ),
        (
            "Arcade",
            (
                ChannelProfile("general", 8),
                ChannelProfile("looking-for-group", 5),
                ChannelProfile("clips", 3),
                ChannelProfile("memes", 5),
                ChannelProfile("speedruns", 2),
            ),
        ),
        (
            "Games",
            (
                ChannelProfile("meteor-run", 4),
                ChannelProfile("star-karts", 3),
                ChannelProfile("retro", 1.5),
                ChannelProfile("indie-finds", 1),
            ),
        ),
        ("Support", (ChannelProfile("help-desk", type=ChannelType.FORUM), ChannelProfile("bug-reports", 1))),
        (
            "Voice",
            (
                ChannelProfile("Lobby", type=ChannelType.VOICE),
                ChannelProfile("Squad 1", type=ChannelType.VOICE),
                ChannelProfile("Squad 2", type=ChannelType.VOICE),
                ChannelProfile("Squad 3", type=ChannelType.VOICE),
                ChannelProfile("Late night", type=ChannelType.VOICE),
            ),
        ),
    ),
    greeting_channel="say-hi",
    questions=QuestionProfile(
        "help-desk",
        3.4,
        (
            "Login", "Controller", "Matchmaking", "Save file", "Update 2.4", "Leaderboard", "Refund",
            "Voice chat", "Steam Deck", "Friend list", "Achievements",
        ),
        ("does not work", "keeps crashing", "is stuck", "lags badly", "how?", "gone after the patch", "error 1042"),
    ),
    permanent_threads=(("speedruns", "Any% world record watch"), ("clips", "Clip of the week")),
    member_names=(
        "Captain Comet", "nova", "turbo_tess", "Rook", "halogen", "Marisol", "kilo", "8bit Ben",
        "frostbyte", "Yara", "Dex", "Saoirse", "quasar", "Benny the Jet", "Ngozi", "lag_lord", "mira",
        "Zed", "orbital", "Kaito", "pocket rocket", "Владимир", "Élodie", "tin_can", "Aaliyah", "Juno",
        "spectre", "이서준", "Rahul", "Beatriz", "hyperion", "moth", "Ωmega", "عمر", "gg_wp", "Wren",
        "Tomás", "Ivanka", "stardust", "Otis",
    ),
    roles=("Champions", "Speedrunners", "Night shift", "Beta testers"),
    bot_name="Scorekeeper",
    webhook_name="Patch notes",
    emoji=("🔥", "😂", "💀", "👍", "🎉", "☄️"),
)  # fmt: skip
