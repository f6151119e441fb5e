"""No secret of a visitor reaches a log, whatever they send."""

from uuid import uuid4

from tests.web.tab import HYDRATE, HYDRATE_AND_LOAD, tab


async def test_cookies_and_keys_stay_out_of_logs_and_answers(web, people):
    where = await people.place()
    person = await people.somebody(where)
    mark = uuid4().hex
    async with tab(web, secret=person.secret, Authorization=f"Bearer sk_live_{mark}") as visitor:
        await visitor.say(HYDRATE_AND_LOAD, path=f"/g/{where.id}")
        await visitor.until_done()
        await visitor.say(f"no.such.handler.{mark}", {"a": 1})  # which Reflex logs as a whole
        await visitor.say(HYDRATE, {"no": "such argument"})
        await visitor.until(lambda: f"no.such.handler.{mark}" in web.said(), "Reflex to log it")
        async with web.client() as client:
            await client.get("/api/x", headers={"Authorization": f"Bearer sk_live_{mark}", "Cookie": f"a={mark}"})
            await client.get(f"/nowhere?{mark}x")
        assert person.secret not in web.said()
        assert f"sk_live_{mark}" not in web.said()
        assert person.secret not in visitor.text()
        assert mark not in visitor.text()


async def test_a_failure_is_told_in_a_sentence_and_logged_with_its_id(web):
    async with tab(web) as visitor:
        await visitor.say("reflex___state____state.set_is_hydrated", {"no": "such argument"})
        await visitor.until(lambda: "Tell the operator this id" in visitor.text(), "words")
        fault_id = visitor.text().split("this id: ")[1][:12]
        assert f"fault_id={fault_id}" in web.said()
        assert "TypeError" in web.said()
        assert "TypeError" not in visitor.text()
