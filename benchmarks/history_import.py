"""Rows per second and memory of `herwa import` of a chat export, against reading the same file with ijson.

Floor: `ijson.items` over the messages of the file with its C backend, in a process of its own, alternating with the
import. Goals: at least 0.5 times the rate of the floor, and the import of a million messages needs at most 1.2 times
the memory of the import of a hundred thousand. Both must hold. The events are stored in the buffer; how fast the worker
moves them from there is measured by the benchmark `mover`.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from benchmarks.environment import BenchmarkEnvironment, build_process_variables, open_environment
from benchmarks.report import print_progress, print_result
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.discord.event_times import DISCORD_EPOCH_MS
from herwa_shared.migrate import migrate
from herwa_shared.services.guilds import GuildData, save_guilds

SMALL_COUNT, LARGE_COUNT = 100_000, 1_000_000
MIN_RATE_RATIO, MAX_MEMORY_RATIO = 0.5, 1.2
POLL_SECONDS = 0.02
READ_COMMAND = """
import ijson, sys
assert ijson.backend == "yajl2_c", ijson.backend
with open(sys.argv[1], "rb") as file:
    print(sum(1 for _ in ijson.items(file, "messages.item", use_float=True)))
"""


def main() -> None:
    """Run the benchmark and print its result."""
    with open_environment() as env:
        asyncio.run(migrate(env.lease.urls))
        small_file, large_file = (write_export(env, count) for count in (SMALL_COUNT, LARGE_COUNT))
        asyncio.run(add_guilds(env.lease.urls.database, (SMALL_COUNT, LARGE_COUNT)))
        run_command(env, build_import_command(small_file, SMALL_COUNT))  # a warm-up of engines and bytecode
        read_seconds, _ = run_command(env, [sys.executable, "-c", READ_COMMAND, str(large_file)])
        import_seconds, large_memory = run_command(env, build_import_command(large_file, LARGE_COUNT))
        small_file = write_export(env, SMALL_COUNT, seed=1)
        _, small_memory = run_command(env, build_import_command(small_file, SMALL_COUNT))
    print_progress(
        f"ijson {LARGE_COUNT / read_seconds:,.0f} messages/s, import {LARGE_COUNT / import_seconds:,.0f} messages/s,"
        f" memory {small_memory / 2**20:.0f} and {large_memory / 2**20:.0f} MiB"
    )
    memory_ratio = large_memory / small_memory
    print_result(
        "import",
        value=read_seconds / import_seconds,
        goal=MIN_RATE_RATIO,
        extra_condition=memory_ratio <= MAX_MEMORY_RATIO,
        memory_ratio=memory_ratio,
        memory_goal=MAX_MEMORY_RATIO,
    )


async def add_guilds(database_url: str, guild_ids: Sequence[int]) -> None:
    """Store the guilds, as the bot does when it joins them."""
    database = Database(database_url)
    async with database.transaction() as session:
        await save_guilds(session, [GuildData(id_, f"Guild {id_}", 1, None, 0, utc_now()) for id_ in guild_ids])
    await database.close()


def build_import_command(file: Path, guild_id: int) -> list[str]:
    """Build the command that imports a file. The id of the guild is the number of its messages."""
    return [sys.executable, "-m", "herwa", "import", str(file), "--guild", str(guild_id)]


def run_command(env: BenchmarkEnvironment, command: Sequence[str]) -> tuple[float, int]:
    """Run a command; return its seconds and the most memory (resident set, in bytes) that it had."""
    started_at, peak = time.perf_counter(), 0
    with psutil.Popen(
        command, env=build_process_variables(env.settings), stdout=sys.stderr, stderr=sys.stderr
    ) as process:
        while process.poll() is None:
            with suppress(psutil.NoSuchProcess):
                peak = max(peak, process.memory_info().rss)
            time.sleep(POLL_SECONDS)
    if process.returncode:
        message = f"{command[1:4]} ended with code {process.returncode}"
        raise RuntimeError(message)
    return time.perf_counter() - started_at, peak


def write_export(env: BenchmarkEnvironment, count: int, *, seed: int = 0) -> Path:
    """Write a file as DiscordChatExporter does: indented, with authors, roles, attachments and reactions."""
    rng, path = random.Random(seed), env.settings.data_dir / f"export-{count}-{seed}.json"
    begin = datetime(2025, 1, 1, tzinfo=UTC)
    header = {
        "guild": {"id": str(count), "name": "Guild", "iconUrl": "https://cdn.discordapp.com/embed/avatars/0.png"},
        "channel": {
            "id": str(2 << 40),
            "type": "GuildTextChat",
            "categoryId": "5",
            "category": "Text",
            "name": "general",
        },
        "dateRange": {"after": None, "before": None},
        "exportedAt": utc_now().isoformat(),
    }
    with path.open("w") as file:
        file.write(json.dumps(header, indent=2)[:-2] + ',\n  "messages": [\n')
        for number in range(count):
            at = begin + timedelta(seconds=20 * number + rng.random())
            text = json.dumps(build_message(at, rng), indent=2).replace("\n", "\n    ")
            file.write(("" if number == 0 else ",\n") + "    " + text)
        file.write(f'\n  ],\n  "messageCount": {count}\n}}\n')
    print_progress(f"{path.name}: {path.stat().st_size / 2**20:,.0f} MiB")
    return path


def build_message(at: datetime, rng: random.Random) -> dict[str, object]:
    """Build a message as DiscordChatExporter writes it."""
    message_id = (int(at.timestamp() * 1000) - DISCORD_EPOCH_MS) << 22 | rng.getrandbits(12)
    user = int(rng.paretovariate(0.7)) % 5000 + 1
    attachments, reactions = [], []
    if rng.random() < 0.07:
        attachment = {"id": str(message_id + 1), "url": "https://cdn.discordapp.com/attachments/1/2/picture.png"}
        attachments = [attachment | {"fileName": "picture.png", "fileSizeBytes": rng.randrange(10**6)}]
    if rng.random() < 0.1:
        emoji = {"id": "", "name": "👍", "code": "thumbsup", "isAnimated": False, "imageUrl": "https://x.invalid/1.svg"}
        reactions = [{"emoji": emoji, "count": 1, "users": [{"id": str(user), "name": "member", "isBot": False}]}]
    return {
        "id": str(message_id),
        "type": rng.choices(("Default", "Reply", "GuildMemberJoin"), (80, 18, 2))[0],
        "timestamp": at.isoformat(timespec="milliseconds"),
        "timestampEdited": None,
        "callEndedTimestamp": None,
        "isPinned": False,
        "content": "word " * min(int(rng.lognormvariate(2, 0.9)) + 1, 380),
        "author": {
            "id": str(user << 40),
            "name": f"member{user}",
            "discriminator": "0000",
            "nickname": f"Member {user}",
            "color": "#E67E22",
            "isBot": False,
            "roles": [{"id": str(user % 9 + 1), "name": "Regulars", "color": "#E67E22", "position": 3}],
            "avatarUrl": "https://cdn.discordapp.com/embed/avatars/1.png",
        },
        "attachments": attachments,
        "embeds": [],
        "stickers": [],
        "reactions": reactions,
        "mentions": [],
        "inlineEmojis": [],
    }


if __name__ == "__main__":
    main()
