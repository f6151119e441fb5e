"""Garden Club: sixty gardeners, in England and elsewhere."""

from herwa_sim.behavior.server_profile import Questions, Room, Scene
from herwa_sim.entities import ChannelType

GARDEN_CLUB = Scene(
    name="Garden Club",
    locale="en-GB",
    zone="Europe/London",
    size=60,
    a_day=54,
    evening=19.5,
    weekend=1.7,
    voices=4,
    deed_every=14,
    owner="owner",
    moderators=("manager",),
    guests=("member",),
    categories=(
        ("Welcome", (Room("rules", 0), Room("introductions", 0.5))),
        ("Garden", (Room("general", 6), Room("vegetables", 3), Room("roses", 2), Room("show-your-garden", 2.5))),
        ("Help", (Room("support", 0.8), Room("bot-commands", 0))),
        ("Shed", (Room("Potting shed", type=ChannelType.VOICE), Room("Bench", type=ChannelType.VOICE))),
    ),
    greeting="introductions",
    questions=Questions(
        "support",
        0.9,
        ("Tomatoes", "My roses", "Courgettes", "The compost", "Basil", "An old apple tree", "Lavender", "The lawn"),
        ("yellow leaves", "slugs, again", "nothing grows", "when to prune?", "too wet?", "is this mildew?", "aphids!"),
    ),
    standing=(("show-your-garden", "Best of spring 🌷"),),
    people=(
        "Rosemary", "Basil", "Fern", "Ivy", "Jasmine", "Heather", "Olive", "Sage", "Linden", "Hazel",
        "Bramble", "Clover", "Juniper", "Laurel", "Marigold", "Poppy", "Thyme", "Violet", "Willow",
        "Zinnia", "Ольга", "Søren", "Zoë", "أمينة", "José", "Łucja", "Müge", "Νίκος", "🌻🐝", "דליה",
        "अनीता", "Mrs. Henrietta Featherstonehaugh",
    ),
    roles=("Green fingers", "Seedlings"),
    badges=(("Support", ("Fern", "Hazel")), ("New Members", ("member", "Poppy", "Zinnia"))),
    bot="Watering Bot",
    webhook="Weather Station",
    emoji=("🌱", "🌻", "❤️", "👍", "🐌"),
)  # fmt: skip
