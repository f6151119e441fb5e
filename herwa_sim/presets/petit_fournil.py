"""Petit Fournil: six bakers in France who have only just begun."""

from herwa_sim.behavior.server_profile import Questions, Room, Scene
from herwa_sim.entities import ChannelType

PETIT_FOURNIL = Scene(
    name="Petit Fournil",
    locale="fr",
    zone="Europe/Paris",
    size=6,
    a_day=5,
    evening=18.5,
    weekend=2.0,
    voices=1,
    deed_every=75,
    owner="owner",
    moderators=(),
    guests=(),
    categories=(
        ("Accueil", (Room("général", 3), Room("recettes", 1))),
        ("Vocal", (Room("Cuisine", type=ChannelType.VOICE),)),
    ),
    greeting="général",
    questions=Questions(
        "recettes", 0.08, ("Levain", "Baguette", "Brioche"), ("ne lève pas", "trop cuite", "vos astuces ?")
    ),
    standing=(),
    people=("Maëlle", "Aurélien", "Cœurine", "Jean-Baptiste", "Solène", "Loïc"),
    roles=("Boulangers",),
    bot="Minuteur",
    webhook="Météo du four",
    emoji=("🥖", "🥐", "😋"),
)
