"""`herwa kill-switch`: a feature off everywhere, and back."""

from herwa.operating import operating, typist
from herwa_shared.config import Settings
from herwa_shared.services.kill_switches import kill_switches, switch


async def set_kill_switch(settings: Settings, *, feature: str, on: bool, reason: str) -> str:
    """Throw the kill switch of a feature or take it back; how it is now, in a sentence. Raises NotFound, BadRequest."""
    async with operating(settings) as session:
        changed = await switch(session, feature=feature, on=on, reason=reason, actor=typist())
        thrown = {one.feature: one for one in await kill_switches(session)}
        already = "" if changed else " It was so already."
        if feature in thrown:
            return f"{thrown[feature].title} is off in every server: {thrown[feature].reason}{already}"
        return f"No kill switch holds {feature}: servers have it as their tier and they themselves decide.{already}"
