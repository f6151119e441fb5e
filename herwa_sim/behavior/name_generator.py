"""Generated member names: handles, and given names in many scripts."""

from functools import lru_cache

from herwa_sim.snowflakes import digest

_ADJECTIVES = (
    "amber", "arctic", "brave", "calm", "cinder", "cosmic", "crimson", "dapper", "dusty", "early", "ember",
    "feral", "frosty", "gentle", "golden", "hidden", "hollow", "idle", "ivory", "jolly", "karmic", "lazy",
    "lucid", "lunar", "mellow", "misty", "neon", "noble", "odd", "pale", "quiet", "rapid", "rusty",
    "silent", "sleepy", "solar", "stormy", "tidy", "velvet", "wild",
)  # fmt: skip
_NOUNS = (
    "acorn", "badger", "beacon", "bison", "cactus", "comet", "crane", "dune", "echo", "falcon", "fern",
    "finch", "fox", "gecko", "harbour", "heron", "ibis", "jackal", "kettle", "lemur", "lynx", "magpie",
    "meteor", "moth", "newt", "orbit", "otter", "panda", "pebble", "pilot", "quokka", "raven", "sparrow",
    "tapir", "teapot", "tiger", "urchin", "vole", "walrus", "yak",
)  # fmt: skip
_GIVEN_NAMES = (
    "Aino", "Bogdan", "Chiamaka", "Dilnoza", "Esra", "Fionnuala", "Gustavo", "Håkon", "Ioana", "Jelena",
    "Kwame", "Leilani", "Mbali", "Nkechi", "Oisín", "Paweł", "Quỳnh", "Rúna", "Siobhán", "Thảo", "Ülkü",
    "Vojtěch", "Wanjiru", "Žofia", "Алексей", "Дарья", "Олена", "Светлана", "Георги", "Ελένη", "Γιώργος",
    "Δήμητρα", "אורי", "נועה", "יעל", "فاطمة", "محمد", "ليلى", "مریم", "پارسا", "अर्जुन", "प्रिया", "নীলা",
    "தமிழ்", "อรุณ", "ნინო", "Արամ", "ሰላም", "さくら子", "大輔", "小林", "李娜", "王伟", "陳怡君", "지훈",
    "서연",
)  # fmt: skip


@lru_cache(maxsize=64)
def generate_names(seed: str, count: int) -> tuple[str, ...]:
    """Return `count` unique names; the result is a prefix of the result for a larger count."""
    names: dict[str, None] = {}
    for number in range(count):
        name = generate_name(seed, number)
        names.setdefault(name if name not in names else f"{name}{number}")
    return tuple(names)


def generate_name(seed: str, number: int) -> str:
    """Return one name; different numbers may give the same name."""
    bits = digest(seed, "name", number)
    adjective, noun, given_name = (
        _ADJECTIVES[bits % 40],
        _NOUNS[bits // 40 % 40],
        _GIVEN_NAMES[bits // 1600 % len(_GIVEN_NAMES)],
    )
    digits = bits // 100_000 % 97 + 3
    match bits >> 40 & 7:
        case 0:
            return given_name
        case 1:
            return f"{given_name} {digits}"
        case 2:
            return f"{adjective}{noun.title()}"
        case 3 | 4:
            return f"{adjective}_{noun}"
        case 5:
            return f"{noun}{digits}"
        case _:
            return f"{adjective}.{noun}{digits}"
