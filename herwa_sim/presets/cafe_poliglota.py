"""Café Políglota: 90 language learners in Mexico; owned by Inés, run by a moderator."""

from herwa_shared.discord.constants import ChannelType
from herwa_sim.behavior.server_profile import ChannelProfile, QuestionProfile, ServerProfile

CAFE_POLIGLOTA = ServerProfile(
    name="Café Políglota",
    locale="es-419",
    timezone="America/Mexico_City",
    size=90,
    messages_per_day=72,
    peak_hour=21.0,
    weekend_factor=1.2,
    peak_voice_members=9,
    mean_action_interval_seconds=9,
    owner="Inés",
    moderators=("manager",),
    guests=("member",),
    categories=(
        ("Recepción", (ChannelProfile("normas", 0), ChannelProfile("preséntate", 0.6))),
        (
            "Mesas",
            (
                ChannelProfile("café-con-leche", 6),
                ChannelProfile("english-corner", 4),
                ChannelProfile("日本語の部屋", 2),
                ChannelProfile("العربية", 1.2),
            ),
        ),
        ("Ayuda", (ChannelProfile("dudas", type=ChannelType.FORUM),)),
        (
            "Tertulias",
            (
                ChannelProfile("Tertulia nocturna", type=ChannelType.VOICE),
                ChannelProfile("Intercambio", type=ChannelType.VOICE),
            ),
        ),
    ),
    greeting_channel="preséntate",
    questions=QuestionProfile(
        "dudas",
        1.3,
        (
            "Por y para", "El subjuntivo", "Ser o estar", "Der, die, das", "は y が", "Phrasal verbs", "Los tonos",
            "¿Vos o tú?",
        ),
        ("¿cuándo?", "no lo entiendo", "¿hay algún truco?", "ejercicios", "¿suena natural?", "corrección, por favor"),
    ),
    permanent_threads=(("english-corner", "Book of the month 📚"),),
    member_names=(
        "Inés", "Ximena", "Mateo", "Camila", "Thiago", "Lucía", "Benjamín", "Zoë M.", "Paloma", "Íñigo",
        "Yolanda", "Noor", "Kenji", "Анна", "Giulia", "François", "Małgorzata", "نور الدين", "יונתן",
        "Σοφία", "하준", "美玲", "रोहन", "Nguyễn Ánh", "☕️ Bea", "Ulrike", "Oluwaseun", "Þórunn", "ñoño",
        "Ciarán", "გიორგი", "ልዑል", "ภูมิ", "María José de la Cruz Montañez",
    ),
    roles=("Nativos", "Principiantes", "Profes"),
    bot_name="Diccionario",
    webhook_name="Palabra del día",
    emoji=("❤️", "😂", "🇲🇽", "👏", "☕"),
)  # fmt: skip
