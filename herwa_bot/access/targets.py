"""Titles of targets and their autocomplete. Pure; `herwa_shared.guardrail.targets` has the targets."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from discord import app_commands

from herwa_bot.texts.errors import format_no_match
from herwa_bot.texts.phrases import format_commands, format_option_label
from herwa_bot.ui.escaping import escape
from herwa_shared.catalog import Surface
from herwa_shared.discord.constants import MAX_CHOICE_LENGTH, MAX_CHOICES, PERMISSIONS
from herwa_shared.errors import NotFound
from herwa_shared.guardrail.permissions import format_permissions
from herwa_shared.guardrail.policy import TargetKind
from herwa_shared.guardrail.targets import Target

MAX_QUERY_LENGTH = 60
MAX_SUGGESTIONS = 3


def format_target_title(target: Target) -> str:
    """Format the label of a target's autocomplete choice: the name and the kind of target."""
    kinds = (TargetKind.MODULE, TargetKind.FEATURE)
    return format_option_label(target.name, target.kind) if target.kind in kinds else target.name


def format_surfaces(commands: Iterable[Surface]) -> str:
    """Format commands as `/voice-stats`, `/features list|enable`; empty without any."""
    return format_commands(command.key for command in commands)


def find_target(query: str, candidates: Iterable[Target]) -> Target:
    """Find a target by choice value, key, title or command.

    Raises NotFound that suggests similar targets.
    """
    targets_by_alias: dict[str, Target] = {}
    for target in candidates:
        for alias in _list_aliases(target):
            targets_by_alias.setdefault(alias, target)
    search_text = " ".join(query.casefold().split())
    if (match := targets_by_alias.get(search_text)) is not None:
        return match
    similar_aliases = get_close_matches(search_text, targets_by_alias, n=6, cutoff=0.5)  # several may be of one target
    raise _build_no_match(query, (format_target_title(targets_by_alias[alias]) for alias in similar_aliases))


def find_permission(query: str) -> int:
    """Find the bits of a Discord permission by name. Raises NotFound that suggests similar ones."""
    search_text = " ".join(query.casefold().replace("_", " ").split())
    bits_by_name = {format_permissions(bits).casefold(): bits for bits in PERMISSIONS.values()}
    bits_by_name |= {name.replace("_", " "): bits for name, bits in PERMISSIONS.items()}
    if (bits := bits_by_name.get(search_text)) is not None:
        return bits
    similar_names = get_close_matches(search_text, bits_by_name, n=3, cutoff=0.5)
    raise _build_no_match(query, (format_permissions(bits_by_name[name]) for name in similar_names))


def list_permission_choices(query: str) -> list[app_commands.Choice[str]]:
    """List autocomplete choices of Discord permissions."""
    return filter_choices(query, {name: format_permissions(bits) for name, bits in PERMISSIONS.items()})


def list_target_choices(query: str, candidates: Iterable[Target]) -> list[app_commands.Choice[str]]:
    """List autocomplete choices of targets; a leading slash in the query is ignored."""
    return filter_choices(query.removeprefix("/"), {target.value: format_target_title(target) for target in candidates})


def filter_choices(query: str, titles: Mapping[str, str]) -> list[app_commands.Choice[str]]:
    """Filter choices (value → title) by every word of the query.

    Titles that begin with the query are listed first. Returns at most MAX_CHOICES.
    """
    search_text = " ".join(query.casefold().split())
    matches = [
        (value, title)
        for value, title in titles.items()
        if all(term in f"{title} {value}".casefold() for term in search_text.split())
    ]
    matches.sort(key=lambda match: not match[1].casefold().removeprefix("/").startswith(search_text))
    return [app_commands.Choice(name=truncate(title), value=value) for value, title in matches[:MAX_CHOICES]]


def truncate(text: str, max_length: int = MAX_CHOICE_LENGTH) -> str:
    """Truncate text to `max_length` characters, the last of which is then an ellipsis."""
    return text if len(text) <= max_length else f"{text[: max_length - 1].rstrip()}…"


def _list_aliases(target: Target) -> Iterator[str]:
    """List the texts that find a target.

    If two targets share an alias, `find_target` finds the wider one; a command can still be found with its slash.
    """
    yield from (target.value.casefold(), format_target_title(target).casefold(), target.name.casefold())
    if target.key:
        yield target.key.casefold()


def _build_no_match(query: str, suggestions: Iterable[str]) -> NotFound:
    """Build the error for a name that matches nothing, with up to three different suggestions."""
    titles = list(dict.fromkeys(suggestions))[:MAX_SUGGESTIONS]
    return NotFound(format_no_match(escape(query.strip()[:MAX_QUERY_LENGTH]), titles))
