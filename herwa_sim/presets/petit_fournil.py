"""Petit Fournil: six bakers in France, a small new server."""

from herwa_shared.discord.constants import ChannelType
from herwa_sim.behavior.server_profile import ChannelProfile, QuestionProfile, ServerProfile

PETIT_FOURNIL = ServerProfile(
    name="Petit Fournil",
    locale="fr",
    timezone="Europe/Paris",
    size=6,
    messages_per_day=5,
    peak_hour=18.5,
    weekend_factor=2.0,
    peak_voice_members=1,
    mean_action_interval_seconds=75,
    owner="owner",
    moderators=(),
    guests=(),
    categories=(
        ("Accueil", (ChannelProfile("général", 3), ChannelProfile("recettes", 1))),
        ("Vocal", (ChannelProfile("Cuisine", type=ChannelType.VOICE),)),
    ),
    greeting_channel="général",
    questions=QuestionProfile(
        "recettes", 0.08, ("Levain", "Baguette", "Brioche"), ("ne lève pas", "trop cuite", "vos astuces ?")
    ),
    permanent_threads=(),
    member_names=("Maëlle", "Aurélien", "Cœurine", "Jean-Baptiste", "Solène", "Loïc"),
    roles=("Boulangers",),
    bot_name="Minuteur",
    webhook_name="Météo du four",
    emoji=("🥖", "🥐", "😋"),
)
