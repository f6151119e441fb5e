"""The servers of the population, and who is in them."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from herwa_sim.actions.channels import create_channel, create_thread
from herwa_sim.actions.guilds import create_guild
from herwa_sim.actions.members import create_user, join
from herwa_sim.entities import ChannelType, Guild, Webhook
from herwa_sim.snowflakes import digest, stable_snowflake
from herwa_sim.world import PERSONAS, World

_OPENED = datetime(2023, 5, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Scene:
    """One server: channels by category, threads by channel, people loudest first, a bot and a webhook."""

    name: str
    locale: str
    channels: dict[str, tuple[str, ...]]
    threads: dict[str, tuple[str, ...]]
    people: tuple[str, ...]
    bot: str
    webhook: str


CAST = (
    Scene(
        "Garden Club",
        "en-US",
        {
            "Welcome": ("rules", "introductions"),
            "Garden": ("general", "vegetables", "roses", "show-your-garden"),
            "Help": ("support",),
        },
        {"support": ("Yellow leaves on my tomatoes", "Slugs, again")},
        (
            "Rosemary", "Basil", "Fern", "Ivy", "Jasmine", "Heather", "Olive", "Sage", "Linden", "Hazel", "Bramble",
            "Clover", "Juniper", "Laurel", "Marigold", "Poppy", "Thyme", "Violet", "Willow", "Zinnia", "Ольга", "Søren",
            "Zoë", "أمينة", "José", "Łucja", "Müge", "Νίκος",
        ),
        "Watering Bot",
        "Weather Station",
    ),
    Scene(
        "Pixel Forge",
        "de",
        {
            "Lobby": ("ankündigungen", "allgemein"),
            "Werkstatt": ("pixel-art", "shader", "musik-🎵", "bugs"),
            "Hilfe": ("support",),
        },
        {"pixel-art": ("Spring Jam 🌱",), "support": ("Export stürzt ab",)},
        (
            "Pixelkönig", "voxelina", "Jürgen", "sprite_otter", "Anaïs", "dither", "Kasimir", "glitchfee", "Bjørk",
            "Palette Paul", "ray_tracy", "Tile Tilda", "Юрий", "lofi", "mip_mapper", "Nadja", "Quadtree",
        ),
        "Build Bot",
        "Release Feed",
    ),
    Scene(
        "週末カメラ部",
        "ja",
        {"はじめに": ("ルール", "自己紹介"), "写真": ("雑談", "今日の一枚", "機材"), "サポート": ("質問箱",)},
        {"質問箱": ("レンズの選び方",)},
        ("さくら", "健太", "ミナ", "田中", "Yuki", "ハル", "そら", "蓮", "あおい", "Ken", "もも", "翔太"),
        "写真係ボット",
        "展覧会のお知らせ",
    ),
)  # fmt: skip


def settle(world: World, scene: Scene) -> Guild:
    """The scene's server, made if it is not there yet."""
    guild = next((one for one in world.guilds.values() if one.name == scene.name), None)
    if guild is not None:
        return guild
    guild = create_guild(world, name=scene.name, lively=True, locale=scene.locale)
    for name in (*scene.people, scene.bot):
        user = create_user(world, name=name, bot=name == scene.bot)
        join(world, guild, user, at=_OPENED + timedelta(hours=digest(scene.name, name) % 9000))
    for category, names in scene.channels.items():
        parent = create_channel(world, guild, name=category, type_=ChannelType.CATEGORY)
        for name in names:
            create_channel(world, guild, name=name, parent_id=parent.id)
    for name, titles in scene.threads.items():
        _open_threads(world, guild, name, titles)
    _hang_webhook(world, guild, scene.webhook)
    return guild


def _open_threads(world: World, guild: Guild, channel: str, titles: tuple[str, ...]) -> None:
    parent = next(one for one in guild.channels.values() if one.name == channel)
    for title in titles:
        create_thread(
            world,
            parent,
            name=title,
            owner_id=PERSONAS["owner"],
            id_=stable_snowflake(guild.id, "thread", parent.id, title),
            created_at=_OPENED,
        )


def _hang_webhook(world: World, guild: Guild, name: str) -> None:
    channel = next(one for one in guild.channels.values() if one.type == ChannelType.TEXT)
    hook = Webhook(stable_snowflake(guild.id, "webhook", name), channel.id, guild.id, name, secrets.token_urlsafe(48))
    world.webhooks[hook.id] = hook
    world.changed()
