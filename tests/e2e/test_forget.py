"""What is no longer a person's to read leaves their phone, tables and all; given back, it comes back."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from models.ids import new_ulid
from tests.e2e.conftest import Server
from tests.e2e.desk import Desk
from tests.e2e.phone import FIRST_PASSWORD, NEW_PASSWORD, Phone

pytestmark = pytest.mark.e2e

INFORMANT, EXPERT, CENTRE = "138-0000-0301", "138-0000-0101", "138-0000-0002"
QUESTION = "苞谷叶子从尖尖上往里头黄,底下的脚叶先黄"
KEPT = """async (demand) => {
  const open = (name) => new Promise((resolve, reject) => {
    const request = indexedDB.open(name);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const [{ name }] = (await indexedDB.databases()).filter(({ name }) => name.startsWith('_pouch_tianwen-'));
  const db = await open(name);
  const read = (store) => new Promise((resolve) => {
    const request = db.transaction(store).objectStore(store).getAll();
    request.onsuccess = () => resolve(JSON.stringify(request.result).split(demand).length - 1);
  });
  const found = await read('document-store') + await read('by-sequence');
  db.close();
  return found;
}"""


def post(server: Server, path: str, body: object, token: str = "") -> Any:
    headers = {"content-type": "application/json", **({"authorization": f"Bearer {token}"} if token else {})}
    request = urllib.request.Request(f"{server.url}{path}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def report(server: Server) -> str:
    """A demand as a phone brings it; the consultation's id."""
    session = post(server, "/api/login", {"phone": INFORMANT, "password": FIRST_PASSWORD})
    token, me = session["token"], session["person"]
    post(server, "/api/password", {"old": FIRST_PASSWORD, "new": NEW_PASSWORD}, token)
    demand = new_ulid()
    document = {
        "_id": f"demand:{demand}", "_rev": f"1-{'0' * 32}", "type": "demand", "reporter": me["id"],
        "region": me["region"], "industry": "粮油", "crop": "玉米", "text": QUESTION, "media": [],
        "clock": "0190000000000000", "device": session["device"], "at": "2026-04-01T08:00:00.000Z",
    }  # fmt: skip
    answer = post(server, "/sync/exchange", {"d": [document]}, token)
    assert "f" not in answer
    return demand


def ask_again(server: Server, consultation: str, expert: Any) -> None:
    """The centre asks an expert who had handed the case back; the console no longer offers them."""
    session = post(server, "/api/login", {"phone": CENTRE, "password": FIRST_PASSWORD})
    clock = "0f90000000000000"
    document = {
        "_id": f"event:{consultation}:{clock}:{session['device']}", "_rev": f"1-{'0' * 32}", "type": "event",
        "demand": consultation, "kind": "assigned", "by": session["person"]["id"], "expert": expert["id"],
        "expert_name": expert["name"], "due": "2026-04-01T10:00:00.000Z", "clock": clock,
        "device": session["device"], "at": "2026-04-01T09:00:00.000Z",
    }  # fmt: skip
    answer = post(server, "/sync/exchange", {"d": [document]}, session["token"])
    assert "f" not in answer, answer["f"]


def test_who_hands_a_case_back_keeps_nothing_of_it(browser: Browser, server: Server) -> None:
    consultation = report(server)
    centre = Desk(browser, server.url)
    centre.log_in(CENTRE)
    centre.assign(consultation, "王建国")

    expert = Phone(browser, server.url)
    roads: list[str] = []
    expert.page.on("request", lambda request: roads.append(request.url.partition(server.url)[2]))
    expert.log_in(EXPERT)
    expert.change_first_password()
    expert.says(QUESTION[:10])
    assert expert.page.evaluate(KEPT, consultation) > 0

    expert.page.goto(f"{server.url}/#/answer/{consultation}")
    expert.page.get_by_role("radio", name="我答不了").check(force=True)
    expert.page.get_by_role("radio", name="不熟这个").check(force=True)
    expert.button("请县里换人").click()
    expert.page.wait_for_function(f"async (demand) => (await ({KEPT})(demand)) === 0", arg=consultation)
    expert.says("都送到了")
    expect(expert.page.get_by_text(QUESTION[:10])).to_have_count(0)
    expert.page.reload()
    expert.says("都送到了")
    expect(expert.page.get_by_text(QUESTION[:10])).to_have_count(0)

    ask_again(
        server, consultation, expert.page.evaluate("JSON.parse(localStorage['tianwen.session']).person")
    )
    expert.says(QUESTION[:10])
    assert expert.page.evaluate(KEPT, consultation) > 0
    assert "/sync/exchange" in roads
    assert not [path for path in roads if path.startswith("/sync/db/")]
    expert.close()
    centre.close()
