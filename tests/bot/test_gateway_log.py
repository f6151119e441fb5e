"""A lost gateway connection is logged once, and once when it is back."""

NEEDS_OWN_BOT = True  # its log is read
LOST, RESUMED, RESTORED = "gateway connection lost", "gateway connection resumed", "gateway connection restored"


async def test_lost_and_resumed_connection_is_logged_once_each(sim, bot):
    lost_before, resumed_before = bot.read_log().count(LOST), bot.read_log().count(RESUMED)
    sim.client.drop_sockets()
    await bot.wait_for_log(RESUMED)
    log = bot.read_log()
    assert (log.count(LOST) - lost_before, log.count(RESUMED) - resumed_before) == (1, 1)


async def test_new_session_after_a_lost_one_is_logged(sim, bot):
    sim.client.invalidate_sessions()
    await bot.wait_for_log(RESTORED)
