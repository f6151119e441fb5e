"""Pixel Forge: a hundred and fifty who make games in German, some of whose names are meant to do harm."""

from herwa_sim.behavior.server_profile import Questions, Room, Scene
from herwa_sim.entities import ChannelType

PIXEL_FORGE = Scene(
    name="Pixel Forge",
    locale="de",
    zone="Europe/Berlin",
    size=150,
    a_day=128,
    evening=20.5,
    weekend=0.8,
    voices=11,
    deed_every=5,
    owner="owner",
    moderators=(),
    guests=("member",),
    categories=(
        ("Lobby", (Room("ankündigungen", 0, ChannelType.NEWS), Room("allgemein", 7), Room("vorstellung", 0.6))),
        (
            "Werkstatt",
            (
                Room("pixel-art", 5), Room("shader", 3), Room("musik-🎵", 2), Room("bugs", 2.5),
                Room("spoiler-<b>fett", 0.7),
            ),
        ),
        ("Hilfe", (Room("fragen", type=ChannelType.FORUM), Room("support", 1))),
        (
            "Stimmen",
            (
                Room("Werkbank", type=ChannelType.VOICE),
                Room("Feierabend", type=ChannelType.VOICE),
                Room("Game Jam", type=ChannelType.VOICE),
            ),
        ),
    ),
    greeting="vorstellung",
    questions=Questions(
        "fragen",
        2.2,
        (
            "Export", "Palette mit 16 Farben", "Shader auf dem Handy", "Kollision", "Speicherstand", "Tilemap",
            '"><img src=x onerror=alert(1)>', "Godot 4", "Tonspur", "Build-Server",
        ),
        ("stürzt ab", "flackert", "zu langsam", "wie macht ihr das?", "geht nur im Editor", "Feedback bitte"),
    ),
    standing=(("pixel-art", "Spring Jam 🌱"), ("bugs", "<script>alert('bug')</script>")),
    people=(
        "Pixelkönig", "voxelina", "Jürgen", "sprite_otter", "Anaïs", "dither", "Kasimir", "glitchfee",
        "Bjørk", "Palette Paul", "ray_tracy", "Tile Tilda", "Юрий", "lofi", "mip_mapper", "Nadja",
        "Quadtree", "<img src=x onerror=alert(1)>", "Ärger mit Öl", "שקד", "ピクセル職人", "Δημήτρης",
        "كريم", "Zuzanna", "noah.exe", "Donaudampfschifffahrtskapitän", "Q̷u̷a̷d̷", "=SUM(A1:A9)", "@everyone",
        "**fett**", "Łukasz", "मीरा", "鍛冶屋", "Ñandú", "Frida", "hexe64", "O'Hara; DROP TABLE", "Til",
        "ÄÖÜ", "Grey\u202eyerG",
    ),
    roles=("Künstler", "Coder", "Jam-Team"),
    bot="Build Bot",
    webhook="Release Feed",
    emoji=("🔥", "👍", "😂", "🎮", "💾", "🇩🇪"),
)  # fmt: skip
