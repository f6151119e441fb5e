"""週末カメラ部: 40 photographers in Japan, most active at weekends."""

from herwa_shared.discord.constants import ChannelType
from herwa_sim.behavior.server_profile import ChannelProfile, QuestionProfile, ServerProfile

WEEKEND_CAMERA = ServerProfile(
    name="週末カメラ部",
    locale="ja",
    timezone="Asia/Tokyo",
    size=40,
    messages_per_day=32,
    peak_hour=21.5,
    weekend_factor=2.6,
    peak_voice_members=3,
    mean_action_interval_seconds=20,
    owner="owner",
    moderators=(),
    guests=(),
    categories=(
        ("はじめに", (ChannelProfile("ルール", 0), ChannelProfile("自己紹介", 0.4))),
        ("写真", (ChannelProfile("雑談", 5), ChannelProfile("今日の一枚", 4), ChannelProfile("機材", 2))),
        ("サポート", (ChannelProfile("質問箱", 0.6),)),
        ("通話", (ChannelProfile("暗室", type=ChannelType.VOICE),)),
    ),
    greeting_channel="自己紹介",
    questions=QuestionProfile(
        "質問箱",
        0.5,
        ("レンズ", "三脚", "夜景", "フィルム", "現像", "カメラバッグ"),
        ("選び方", "おすすめを教えてください", "設定が分かりません", "うまく撮れない", "中古でも大丈夫か"),
    ),
    permanent_threads=(("質問箱", "レンズの選び方"),),
    member_names=(
        "さくら", "健太", "ミナ", "田中", "Yuki", "ハル", "そら", "蓮", "あおい", "Ken", "もも", "翔太",
        "ｶﾒﾗ小僧", "美咲", "📷たろう", "Émilie", "김하늘", "李明", "大和撫子",
        "いとうゆうすけ@フィルム沼から抜け出せない週末カメラマンです", "零", "ナツキ", "Tomoko", "光",
    ),
    roles=("部長", "フィルム派"),
    bot_name="写真係ボット",
    webhook_name="展覧会のお知らせ",
    emoji=("📸", "✨", "👏", "🌸"),
)  # fmt: skip
