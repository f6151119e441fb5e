"""Garden Club: 60 gardeners in England and elsewhere."""

from herwa_shared.discord.constants import ChannelType
from herwa_sim.behavior.server_profile import ChannelProfile, QuestionProfile, ServerProfile

GARDEN_CLUB = ServerProfile(
    name="Garden Club",
    locale="en-GB",
    timezone="Europe/London",
    size=60,
    messages_per_day=54,
    peak_hour=19.5,
    weekend_factor=1.7,
    peak_voice_members=4,
    mean_action_interval_seconds=14,
    owner="owner",
    moderators=("manager",),
    guests=("member",),
    categories=(
        ("Welcome", (ChannelProfile("rules", 0), ChannelProfile("introductions", 0.5))),
        (
            "Garden",
            (
                ChannelProfile("general", 6),
                ChannelProfile("vegetables", 3),
                ChannelProfile("roses", 2),
                ChannelProfile("show-your-garden", 2.5),
            ),
        ),
        ("Help", (ChannelProfile("support", 0.8), ChannelProfile("bot-commands", 0))),
        (
            "Shed",
            (
                ChannelProfile("Potting shed", type=ChannelType.VOICE),
                ChannelProfile("Bench", type=ChannelType.VOICE),
            ),
        ),
    ),
    greeting_channel="introductions",
    questions=QuestionProfile(
        "support",
        0.9,
        ("Tomatoes", "My roses", "Courgettes", "The compost", "Basil", "An old apple tree", "Lavender", "The lawn"),
        ("yellow leaves", "slugs, again", "nothing grows", "when to prune?", "too wet?", "is this mildew?", "aphids!"),
    ),
    permanent_threads=(("show-your-garden", "Best of spring 🌷"),),
    member_names=(
        "Rosemary", "Basil", "Fern", "Ivy", "Jasmine", "Heather", "Olive", "Sage", "Linden", "Hazel",
        "Bramble", "Clover", "Juniper", "Laurel", "Marigold", "Poppy", "Thyme", "Violet", "Willow",
        "Zinnia", "Ольга", "Søren", "Zoë", "أمينة", "José", "Łucja", "Müge", "Νίκος", "🌻🐝", "דליה",
        "अनीता", "Mrs. Henrietta Featherstonehaugh",
    ),
    roles=("Green fingers", "Seedlings"),
    role_members=(("Support", ("Fern", "Hazel")), ("New Members", ("member", "Poppy", "Zinnia"))),
    bot_name="Watering Bot",
    webhook_name="Weather Station",
    emoji=("🌱", "🌻", "❤️", "👍", "🐌"),
)  # fmt: skip
