"""Comet Arcade: fifteen hundred players on the American east coast, of whom a few dozen do the talking."""

from herwa_sim.behavior.server_profile import Questions, Room, Scene
from herwa_sim.entities import ChannelType

COMET_ARCADE = Scene(
    name="Comet Arcade",
    locale="en-US",
    zone="America/New_York",
    size=1500,
    a_day=205,
    evening=21.0,
    weekend=1.55,
    voices=24,
    deed_every=4,
    owner="owner",
    moderators=("Captain Comet",),
    guests=("operator",),
    categories=(
        ("Start here", (Room("announcements", 0, ChannelType.NEWS), Room("rules", 0), Room("say-hi", 0.6))),
        (
            "Arcade",
            (
                Room("general", 8), Room("looking-for-group", 5), Room("clips", 3), Room("memes", 5),
                Room("speedruns", 2),
            ),
        ),
        ("Games", (Room("meteor-run", 4), Room("star-karts", 3), Room("retro", 1.5), Room("indie-finds", 1))),
        ("Support", (Room("help-desk", type=ChannelType.FORUM), Room("bug-reports", 1))),
        (
            "Voice",
            (
                Room("Lobby", type=ChannelType.VOICE),
                Room("Squad 1", type=ChannelType.VOICE),
                Room("Squad 2", type=ChannelType.VOICE),
                Room("Squad 3", type=ChannelType.VOICE),
                Room("Late night", type=ChannelType.VOICE),
            ),
        ),
    ),
    greeting="say-hi",
    questions=Questions(
        "help-desk",
        3.4,
        (
            "Login", "Controller", "Matchmaking", "Save file", "Update 2.4", "Leaderboard", "Refund",
            "Voice chat", "Steam Deck", "Friend list", "Achievements",
        ),
        ("does not work", "keeps crashing", "is stuck", "lags badly", "how?", "gone after the patch", "error 1042"),
    ),
    standing=(("speedruns", "Any% world record watch"), ("clips", "Clip of the week")),
    people=(
        "Captain Comet", "nova", "turbo_tess", "Rook", "halogen", "Marisol", "kilo", "8bit Ben",
        "frostbyte", "Yara", "Dex", "Saoirse", "quasar", "Benny the Jet", "Ngozi", "lag_lord", "mira",
        "Zed", "orbital", "Kaito", "pocket rocket", "Владимир", "Élodie", "tin_can", "Aaliyah", "Juno",
        "spectre", "이서준", "Rahul", "Beatriz", "hyperion", "moth", "Ωmega", "عمر", "gg_wp", "Wren",
        "Tomás", "Ivanka", "stardust", "Otis",
    ),
    roles=("Champions", "Speedrunners", "Night shift", "Beta testers"),
    bot="Scorekeeper",
    webhook="Patch notes",
    emoji=("🔥", "😂", "💀", "👍", "🎉", "☄️"),
)  # fmt: skip
