"""Pixel Forge: 150 German-speaking game developers; some names contain injection attempts."""

from herwa_shared.discord.constants import ChannelType
from herwa_sim.behavior.server_profile import ChannelProfile, QuestionProfile, ServerProfile

PIXEL_FORGE = ServerProfile(
    name="Pixel Forge",
    locale="de",
    timezone="Europe/Berlin",
    size=150,
    messages_per_day=128,
    peak_hour=20.5,
    weekend_factor=0.8,
    peak_voice_members=11,
    mean_action_interval_seconds=5,
    owner="owner",
    moderators=(),
    guests=("member",),
    categories=(
        (
            "Lobby",
            (
                ChannelProfile("ankündigungen", 0, ChannelType.NEWS),
                ChannelProfile("allgemein", 7),
                ChannelProfile("vorstellung", 0.6),
            ),
        ),
        (
            "Werkstatt",
            (
                ChannelProfile("pixel-art", 5),
                ChannelProfile("shader", 3),
                ChannelProfile("musik-🎵", 2),
                ChannelProfile("bugs", 2.5),
                ChannelProfile("spoiler-<b>fett", 0.7),
            ),
        ),
        ("Hilfe", (ChannelProfile("fragen", type=ChannelType.FORUM), ChannelProfile("support", 1))),
        (
            "Stimmen",
            (
                ChannelProfile("Werkbank", type=ChannelType.VOICE),
                ChannelProfile("Feierabend", type=ChannelType.VOICE),
                ChannelProfile("Game Jam", type=ChannelType.VOICE),
            ),
        ),
    ),
    greeting_channel="vorstellung",
    questions=QuestionProfile(
        "fragen",
        2.2,
        (
            "Export", "Palette mit 16 Farben", "Shader auf dem Handy", "Kollision", "Speicherstand", "Tilemap",
            '"><img src=x onerror=alert(1)>', "Godot 4", "Tonspur", "Build-Server",
        ),
        ("stürzt ab", "flackert", "zu langsam", "wie macht ihr das?", "geht nur im Editor", "Feedback bitte"),
    ),
    permanent_threads=(("pixel-art", "Spring Jam 🌱"), ("bugs", "<script>alert('bug')</script>")),
    member_names=(
        "Pixelkönig", "voxelina", "Jürgen", "sprite_otter", "Anaïs", "dither", "Kasimir", "glitchfee",
        "Bjørk", "Palette Paul", "ray_tracy", "Tile Tilda", "Юрий", "lofi", "mip_mapper", "Nadja",
        "Quadtree", "<img src=x onerror=alert(1)>", "Ärger mit Öl", "שקד", "ピクセル職人", "Δημήτρης",
        "كريم", "Zuzanna", "noah.exe", "Donaudampfschifffahrtskapitän", "Q̷u̷a̷d̷", "=SUM(A1:A9)", "@everyone",
        "**fett**", "Łukasz", "मीरा", "鍛冶屋", "Ñandú", "Frida", "hexe64", "O'Hara; DROP TABLE", "Til",
        "ÄÖÜ", "Grey\u202eyerG",
    ),
    roles=("Künstler", "Coder", "Jam-Team"),
    bot_name="Build Bot",
    webhook_name="Release Feed",
    emoji=("🔥", "👍", "😂", "🎮", "💾", "🇩🇪"),
)  # fmt: skip
