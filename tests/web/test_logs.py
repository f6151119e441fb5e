"""No secret of a visitor is written to a log."""

from uuid import uuid4

from herwa_web import texts
from tests.web.reflex_client import HYDRATE, HYDRATE_AND_LOAD, connect_client


async def test_cookies_and_keys_appear_in_no_log_or_response(web, factory):
    server = await factory.create_server()
    user = await factory.create_user(server)
    mark = uuid4().hex
    async with connect_client(web, session_token=user.session_token, Authorization=f"Bearer sk_live_{mark}") as visitor:
        await visitor.send(HYDRATE_AND_LOAD, path=f"/g/{server.id}")
        await visitor.wait_until_idle()
        await visitor.send(f"no.such.handler.{mark}", {"a": 1})  # Reflex logs the entire event
        await visitor.send(HYDRATE, {"no": "such argument"})
        await visitor.wait_until(lambda: f"no.such.handler.{mark}" in web.read_output(), "Reflex's log line")
        async with web.client() as client:
            await client.get("/api/x", headers={"Authorization": f"Bearer sk_live_{mark}", "Cookie": f"a={mark}"})
            await client.get(f"/nowhere?{mark}x")
        assert user.session_token not in web.read_output()
        assert f"sk_live_{mark}" not in web.read_output()
        assert user.session_token not in visitor.dump_received()
        assert mark not in visitor.dump_received()


async def test_failure_shows_a_message_and_is_logged_with_its_id(web):
    async with connect_client(web) as visitor:
        await visitor.send("reflex___state____state.set_is_hydrated", {"no": "such argument"})
        prefix = texts.describe_unexpected_error("")
        await visitor.wait_until(lambda: prefix in visitor.dump_received(), "the error message")
        fault_id = visitor.dump_received().split(prefix)[1][:12]
        assert f'"fault_id": "{fault_id}"' in web.read_output()
        assert "TypeError" in web.read_output()
        assert "TypeError" not in visitor.dump_received()
