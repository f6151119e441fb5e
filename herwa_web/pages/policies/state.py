"""State of the pages about privacy and terms: the operator of this copy and how to reach them."""

import reflex as rx

from herwa_web import app_context


class PolicyState(rx.State):
    """What the settings of this copy say. It is public: these pages are for everyone, without a log-in."""

    is_loaded: bool = False
    operator: str = ""
    contact: str = ""
    contact_url: str = ""
    counts_lengths: bool = False

    @rx.event
    async def load(self) -> None:
        """Read the settings of this copy."""
        settings = app_context.get_settings()
        self.operator, self.contact = settings.operator_name or "", settings.contact or ""
        self.contact_url = settings.contact_url
        self.counts_lengths = settings.discord.message_content
        self.is_loaded = True
