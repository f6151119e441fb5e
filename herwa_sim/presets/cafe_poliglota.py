"""Café Políglota: ninety who learn languages from each other, in Mexico; Inés owns it, a moderator runs it."""

from herwa_sim.behavior.server_profile import Questions, Room, Scene
from herwa_sim.entities import ChannelType

CAFE_POLIGLOTA = Scene(
    name="Café Políglota",
    locale="es-419",
    zone="America/Mexico_City",
    size=90,
    a_day=72,
    evening=21.0,
    weekend=1.2,
    voices=9,
    deed_every=9,
    owner="Inés",
    moderators=("manager",),
    guests=("member",),
    categories=(
        ("Recepción", (Room("normas", 0), Room("preséntate", 0.6))),
        (
            "Mesas",
            (Room("café-con-leche", 6), Room("english-corner", 4), Room("日本語の部屋", 2), Room("العربية", 1.2)),
        ),
        ("Ayuda", (Room("dudas", type=ChannelType.FORUM),)),
        (
            "Tertulias",
            (Room("Tertulia nocturna", type=ChannelType.VOICE), Room("Intercambio", type=ChannelType.VOICE)),
        ),
    ),
    greeting="preséntate",
    questions=Questions(
        "dudas",
        1.3,
        (
            "Por y para", "El subjuntivo", "Ser o estar", "Der, die, das", "は y が", "Phrasal verbs", "Los tonos",
            "¿Vos o tú?",
        ),
        ("¿cuándo?", "no lo entiendo", "¿hay algún truco?", "ejercicios", "¿suena natural?", "corrección, por favor"),
    ),
    standing=(("english-corner", "Book of the month 📚"),),
    people=(
        "Inés", "Ximena", "Mateo", "Camila", "Thiago", "Lucía", "Benjamín", "Zoë M.", "Paloma", "Íñigo",
        "Yolanda", "Noor", "Kenji", "Анна", "Giulia", "François", "Małgorzata", "نور الدين", "יונתן",
        "Σοφία", "하준", "美玲", "रोहन", "Nguyễn Ánh", "☕️ Bea", "Ulrike", "Oluwaseun", "Þórunn", "ñoño",
        "Ciarán", "გიორგი", "ልዑል", "ภูมิ", "María José de la Cruz Montañez",
    ),
    roles=("Nativos", "Principiantes", "Profes"),
    bot="Diccionario",
    webhook="Palabra del día",
    emoji=("❤️", "😂", "🇲🇽", "👏", "☕"),
)  # fmt: skip
