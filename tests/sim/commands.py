"""Commands, components, selects and forms for the discord.py bot of these tests."""

import io

import discord
from discord import app_commands

from herwa_sim.files import create_plain_png

CHART_PNG = create_plain_png(1)


class ExpandView(discord.ui.View):
    """A button that edits its message, and one that sends an ephemeral reply."""

    def __init__(self) -> None:
        super().__init__(timeout=60)

    @discord.ui.button(label="30 days", custom_id="thirty")
    async def show_thirty_days(self, interaction: discord.Interaction, _: discord.ui.Button) -> None:
        await interaction.response.edit_message(content="30 days", view=None)

    @discord.ui.button(label="Explain", custom_id="explain")
    async def send_explanation(self, interaction: discord.Interaction, _: discord.ui.Button) -> None:
        await interaction.response.send_message("Because.", ephemeral=True)


class SelectsView(discord.ui.View):
    """A select of each kind; each replies with the chosen values."""

    @discord.ui.select(
        custom_id="text", options=[discord.SelectOption(label=label) for label in ("a", "b", "c")], max_values=2
    )
    async def on_text_select(self, interaction: discord.Interaction, select: discord.ui.Select) -> None:
        await interaction.response.send_message(" ".join(select.values))

    @discord.ui.select(cls=discord.ui.UserSelect, custom_id="user")
    async def on_user_select(self, interaction: discord.Interaction, select: discord.ui.UserSelect) -> None:
        await interaction.response.send_message(select.values[0].name)

    @discord.ui.select(cls=discord.ui.RoleSelect, custom_id="role")
    async def on_role_select(self, interaction: discord.Interaction, select: discord.ui.RoleSelect) -> None:
        await interaction.response.send_message(select.values[0].name)

    @discord.ui.select(cls=discord.ui.MentionableSelect, custom_id="mentionable", max_values=2)
    async def on_mentionable_select(
        self, interaction: discord.Interaction, select: discord.ui.MentionableSelect
    ) -> None:
        await interaction.response.send_message(" ".join(mentionable.name for mentionable in select.values))

    @discord.ui.select(cls=discord.ui.ChannelSelect, custom_id="channel")
    async def on_channel_select(self, interaction: discord.Interaction, select: discord.ui.ChannelSelect) -> None:
        await interaction.response.send_message(select.values[0].name)


class NoteModal(discord.ui.Modal, title="A note"):
    """A form with a text input and a user select."""

    note = discord.ui.TextInput(label="Note", custom_id="note", max_length=20)
    about = discord.ui.Label(text="About", component=discord.ui.UserSelect(custom_id="about", required=False))

    async def on_submit(self, interaction: discord.Interaction) -> None:
        about = [member.name for member in self.about.component.values]
        await interaction.response.send_message(f"{self.note.value} {about}", ephemeral=True)


class ConfirmationView(discord.ui.View):
    """Buttons that confirm: with an edit, with a deferred edit, or through a form."""

    @discord.ui.button(label="Yes", custom_id="yes")
    async def confirm(self, interaction: discord.Interaction, _: discord.ui.Button) -> None:
        await interaction.response.edit_message(content="Done.", view=None)

    @discord.ui.button(label="Slowly", custom_id="slowly")
    async def confirm_slowly(self, interaction: discord.Interaction, _: discord.ui.Button) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content="Done slowly.")

    @discord.ui.button(label="With a note", custom_id="with-note")
    async def open_reason_modal(self, interaction: discord.Interaction, _: discord.ui.Button) -> None:
        await interaction.response.send_modal(ReasonModal())


class ReasonModal(discord.ui.Modal, title="Why?"):
    """A form that edits the message from which it was opened."""

    reason = discord.ui.TextInput(label="Reason", custom_id="reason")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.edit_message(content=f"Done: {self.reason.value}", view=None)


class DirectMessageView(discord.ui.View):
    """A persistent view with one button, for direct messages."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Allow", custom_id="letter")
    async def allow(self, interaction: discord.Interaction, _: discord.ui.Button) -> None:
        location = f"{type(interaction.channel).__name__} {interaction.guild_id} {interaction.context.dm_channel}"
        await interaction.response.edit_message(content=f"{interaction.user.name} in {location}", view=None)


@app_commands.command()
async def choose(interaction: discord.Interaction) -> None:
    """Offer a choice of every kind."""
    await interaction.response.send_message("Choose.", view=SelectsView())


@app_commands.command()
async def note(interaction: discord.Interaction) -> None:
    """Open a form."""
    await interaction.response.send_modal(NoteModal())


def create_chart_file() -> discord.File:
    return discord.File(io.BytesIO(CHART_PNG), filename="chart.png", description="A line that goes up")


@app_commands.command()
async def stats(interaction: discord.Interaction) -> None:
    """Chart the messages."""
    embed = discord.Embed(title="Messages").set_image(url="attachment://chart.png")
    await interaction.response.send_message("12 messages", file=create_chart_file(), embed=embed, view=ExpandView())


@app_commands.command()
async def slow(interaction: discord.Interaction, quiet: bool = False) -> None:
    """Reply after a pause, then send more."""
    await interaction.response.defer(ephemeral=quiet)
    await interaction.followup.send("first", file=create_chart_file())
    await interaction.followup.send("second")
    await interaction.edit_original_response(content="first, corrected")


@app_commands.command()
async def whoami(interaction: discord.Interaction) -> None:
    """Show the data of the interaction."""
    parent = interaction.channel.parent_id if isinstance(interaction.channel, discord.Thread) else None
    roles = [role.id for role in interaction.user.roles if not role.is_default()]
    facts = f"{interaction.permissions.manage_guild} {interaction.app_permissions.attach_files} {parent} {roles}"
    await interaction.response.send_message(facts, ephemeral=True)


features = app_commands.Group(name="features", description="What is on")


@features.command()
async def enable(interaction: discord.Interaction, feature: str, member: discord.Member | None = None) -> None:
    """Switch a feature on."""
    await interaction.response.send_message(f"{feature} for {member}")


@enable.autocomplete("feature")
async def suggest_features(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=name, value=name) for name in ("charts", "exports") if name.startswith(typed)]


@app_commands.command()
@app_commands.default_permissions(manage_guild=True)
async def manage(interaction: discord.Interaction) -> None:
    """For managers."""
    await interaction.response.send_message("managed")


@app_commands.command()
@app_commands.default_permissions()
async def administrate(interaction: discord.Interaction) -> None:
    """For administrators."""
    await interaction.response.send_message("administrated")


@app_commands.context_menu(name="Look closer")
async def look(interaction: discord.Interaction, message: discord.Message) -> None:
    await interaction.response.send_message(str(message.id), ephemeral=True)


rules = app_commands.Group(name="rules", description="Who may do what")
_list_group = app_commands.Group(name="list", description="Look at the rules", parent=rules)


@rules.command()
async def allow(
    interaction: discord.Interaction,
    what: str,
    who: discord.Member | discord.Role,
    role: discord.Role | None = None,
    where: discord.TextChannel | discord.CategoryChannel | None = None,
) -> None:
    """Allow a target after a confirmation."""
    text = f"{what} {type(who).__name__} {who.id} {role and role.id} {where and where.name}"
    await interaction.response.send_message(text, view=ConfirmationView(), ephemeral=True)


@allow.autocomplete("what")
async def suggest_targets(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    mentionable = interaction.namespace.who
    targets = ["everything", "charts", f"all of {mentionable.name}" if mentionable else "nobody's"]
    return [app_commands.Choice(name=target, value=target) for target in targets if typed in target]


@_list_group.command(name="all")
async def list_all(interaction: discord.Interaction) -> None:
    """The rules."""
    await interaction.response.send_message("no rules", ephemeral=True)


def add_commands(tree: app_commands.CommandTree) -> None:
    for command in (stats, slow, whoami, features, manage, administrate, look, choose, note, rules):
        tree.add_command(command)
