"""週末カメラ部: forty photographers in Japan, who live for the weekend."""

from herwa_sim.behavior.server_profile import Questions, Room, Scene
from herwa_sim.entities import ChannelType

WEEKEND_CAMERA = Scene(
    name="週末カメラ部",
    locale="ja",
    zone="Asia/Tokyo",
    size=40,
    a_day=32,
    evening=21.5,
    weekend=2.6,
    voices=3,
    deed_every=20,
    owner="owner",
    moderators=(),
    guests=(),
    categories=(
        ("はじめに", (Room("ルール", 0), Room("自己紹介", 0.4))),
        ("写真", (Room("雑談", 5), Room("今日の一枚", 4), Room("機材", 2))),
        ("サポート", (Room("質問箱", 0.6),)),
        ("通話", (Room("暗室", type=ChannelType.VOICE),)),
    ),
    greeting="自己紹介",
    questions=Questions(
        "質問箱",
        0.5,
        ("レンズ", "三脚", "夜景", "フィルム", "現像", "カメラバッグ"),
        ("選び方", "おすすめを教えてください", "設定が分かりません", "うまく撮れない", "中古でも大丈夫か"),
    ),
    standing=(("質問箱", "レンズの選び方"),),
    people=(
        "さくら", "健太", "ミナ", "田中", "Yuki", "ハル", "そら", "蓮", "あおい", "Ken", "もも", "翔太",
        "ｶﾒﾗ小僧", "美咲", "📷たろう", "Émilie", "김하늘", "李明", "大和撫子",
        "いとうゆうすけ@フィルム沼から抜け出せない週末カメラマンです", "零", "ナツキ", "Tomoko", "光",
    ),
    roles=("部長", "フィルム派"),
    bot="写真係ボット",
    webhook="展覧会のお知らせ",
    emoji=("📸", "✨", "👏", "🌸"),
)  # fmt: skip
