"""The offline pack on a phone: over a link that breaks, found without a network, adopted, and sent later."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, expect

from tests.e2e.conftest import Server
from tests.e2e.link import GOOD, BadLink, Quality
from tests.e2e.phone import FIRST_PASSWORD, Phone
from tests.e2e.shots import shoot

pytestmark = pytest.mark.e2e

INFORMANT, CENTRE = "138-0000-0301", "138-0000-0002"
QUESTION = "茶树嫩尖尖发红焦边，手一抖飞起一层小绿蚊蚊"
KNOWN_CASE = "拍一下飞起好多小绿虫"
STORED = re.compile(r"存了 \d+ 条案例")
# The pack takes five seconds.
TOWN = Quality(kbit=6400, delay=0.02)
# And here a minute and a half.
VILLAGE_ROAD = Quality(kbit=360, delay=0.1)
# An answer takes eight seconds and more.
FAR = Quality(kbit=64, delay=4)
WITHIN_THE_PACK = 1_500_000
SHELL = 400_000
"""What else crosses meanwhile at most: the shell, the county's places and crops, the person's documents."""


def ask(server: Server, path: str, token: str = "", body: object = None) -> Any:
    headers = {"content-type": "application/json", **({"authorization": f"Bearer {token}"} if token else {})}
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{server.url}{path}", content, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        raw = answer.read()
    return json.loads(raw) if raw[:1] in b"{[" else raw


def stored_by_county(server: Server) -> list[dict[str, Any]]:
    """Every document that the county centre can read."""
    session = ask(server, "/api/login", body={"phone": CENTRE, "password": FIRST_PASSWORD})
    listing = ask(server, "/sync/db/tianwen/_all_docs?include_docs=true", session["token"])
    return [row["doc"] for row in listing["rows"]]


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came so far"
        time.sleep(0.02)


def install(phone: Phone) -> None:
    """Open it and wait for the shell: what comes down later is the pack."""
    phone.open()
    wait_until(lambda: bool(phone.page.evaluate("navigator.serviceWorker.controller !== null")))


def in_me(phone: Phone) -> Phone:
    phone.page.goto(f"{phone.url}/#/me")
    return phone


def ready(server: Server) -> None:
    """Find similar is loaded, so that there is a pack to fetch."""
    session = ask(server, "/api/login", body={"phone": CENTRE, "password": FIRST_PASSWORD})

    def there() -> bool:
        try:
            return len(ask(server, "/api/similar/pack", session["token"])) > 0
        except urllib.error.HTTPError as error:
            if error.code == 503:
                return False
            raise

    wait_until(there)


def test_it_arrives_over_a_breaking_link_and_finds_without_any(
    browser: Browser, server: Server, link: BadLink
) -> None:
    ready(server)
    phone = Phone(browser, link.url)
    install(phone)
    link.quality(TOWN)
    phone.log_in(INFORMANT)
    before = link.sent_down
    phone.change_first_password()
    size = break_within_the_pack(phone, link, before)

    link.up()
    in_me(phone)
    expect(phone.page.get_by_text(STORED)).to_be_visible(timeout=60_000)
    fetched = link.sent_down - before
    assert fetched < size * 1.02 + SHELL, f"{fetched} bytes came down for a pack of {size}"
    shoot(phone.page, "p-pack-ready")
    link.quality(GOOD)

    adopt_offline(phone, link)
    link.up()
    phone.says("都送到了")
    documents = stored_by_county(server)
    (feedback,) = (each for each in documents if each["type"] == "feedback")
    assert (feedback["helpful"], feedback["offline"], feedback["text"]) == (True, True, QUESTION)
    adopted = [each["case"] for each in documents if each.get("kind") == "adopted" and is_by(each, feedback)]
    assert adopted == [feedback["case"]]
    phone.close()


def is_by(document: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(document["by"] == other["by"])


def break_within_the_pack(phone: Phone, link: BadLink, before: int) -> int:
    """Cut in the middle, the page closed and opened again; the size of the file in bytes."""
    in_me(phone)
    phone.says("正在存")
    shoot(phone.page, "p-pack-loading")
    wait_until(lambda: link.sent_down > before + WITHIN_THE_PACK)
    link.down()
    phone.says("断了接着存")
    phone.page.reload()
    phone.says("断了接着存")
    shoot(phone.page, "p-pack-cut")
    return int(phone.page.evaluate(TOTAL))


TOTAL = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open('tianwen-pack');
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const reading = opening.result.transaction('underway').objectStore('underway').getAll();
    reading.onsuccess = () => { opening.result.close(); resolve(reading.result[0].total); };
  };
})"""


def adopt_offline(phone: Phone, link: BadLink) -> None:
    """Without a network: the phone finds a case while the demand is written, and the person takes it."""
    link.down()
    phone.page.goto(f"{phone.url}/#/report")
    phone.choose_crop("茶")
    phone.write(QUESTION)
    phone.says("手机里存的案例")
    shoot(phone.page, "p-pack-report")
    phone.page.get_by_role("button", name=KNOWN_CASE).click()
    phone.says("这条对您有用吗")
    phone.button("有用").click()
    phone.says("多谢您")
    expect(phone.button("有用")).to_have_attribute("aria-pressed", "true")
    shoot(phone.page, "p-pack-case")
    phone.button("就是这个，够用了").click()
    phone.says("存好了，有网自动送")
    phone.page.goto(f"{phone.url}/#/unsent")
    phone.says("有用没用，您说的")
    shoot(phone.page, "p-pack-unsent")

    phone.page.goto(f"{phone.url}/#/similar")
    phone.write(QUESTION)
    phone.says("手机里存的案例")
    shoot(phone.page, "p-pack-similar")
    phone.page.reload()
    phone.says("手机里存的案例")
    phone.write("手机掉水里开不了机在哪里修")
    phone.says("手机里没找到像的")


def room(phone: Phone, size: int | None) -> None:
    devtools: CDPSession = phone.context.new_cdp_session(phone.page)
    devtools.send(
        "Storage.overrideQuotaForOrigin",
        {"origin": phone.url, **({} if size is None else {"quotaSize": size})},
    )


def test_a_full_phone_says_so_and_stores_it_later(browser: Browser, server: Server) -> None:
    ready(server)
    phone = Phone(browser, server.url)
    install(phone)
    room(phone, 3_000_000)
    phone.log_in(INFORMANT)
    phone.change_first_password()
    in_me(phone)
    phone.says("手机满了，存不下")
    shoot(phone.page, "p-pack-full")
    room(phone, None)
    phone.button("现在存").click()
    expect(phone.page.get_by_text(STORED)).to_be_visible(timeout=60_000)
    phone.close()


def test_without_a_pack_it_says_what_to_do(browser: Browser, server: Server, link: BadLink) -> None:
    phone = Phone(browser, link.url)
    # As on a phone whose owner saves: nothing is fetched before they press.
    phone.context.add_init_script("Object.defineProperty(navigator, 'connection', {value: {saveData: true}})")
    install(phone)
    phone.log_in(INFORMANT)
    phone.change_first_password()
    phone.says("都送到了")
    in_me(phone)
    phone.says("手机里还没存案例")
    shoot(phone.page, "p-pack-none")
    link.down()
    phone.page.goto(f"{phone.url}/#/similar")
    phone.write(QUESTION)
    phone.says("去“我”里存一份案例")
    shoot(phone.page, "p-pack-missing")
    in_me(phone)
    phone.button("现在存").click()
    phone.says("有网自动存")
    link.up()
    expect(phone.page.get_by_text(STORED)).to_be_visible(timeout=60_000)
    phone.close()


def test_a_demand_goes_first(browser: Browser, server: Server, link: BadLink) -> None:
    ready(server)
    phone = Phone(browser, link.url)
    install(phone)
    phone.log_in(INFORMANT)
    link.quality(VILLAGE_ROAD)
    phone.change_first_password()
    in_me(phone)
    phone.says("正在存")
    phone.page.goto(f"{phone.url}/#/report")
    phone.choose_crop("茶")
    phone.write(QUESTION)
    phone.button("上报").click()
    phone.open_consultation(QUESTION[:10])
    phone.says("县里收到")
    in_me(phone)
    expect(phone.page.get_by_text(STORED)).to_have_count(0)
    link.quality(GOOD)
    expect(phone.page.get_by_text(STORED)).to_be_visible(timeout=60_000)
    phone.close()


def test_it_answers_where_the_county_takes_too_long(browser: Browser, server: Server, link: BadLink) -> None:
    ready(server)
    phone = Phone(browser, link.url)
    install(phone)
    phone.log_in(INFORMANT)
    phone.change_first_password()
    in_me(phone)
    expect(phone.page.get_by_text(STORED)).to_be_visible(timeout=60_000)
    phone.page.goto(f"{phone.url}/#/similar")
    phone.write(QUESTION)
    phone.says(KNOWN_CASE)
    expect(phone.page.get_by_text("手机里存的案例")).to_have_count(0)
    link.quality(FAR)
    phone.write(QUESTION + "，打啥子药")
    phone.says("手机里存的案例")
    phone.says(KNOWN_CASE)
    phone.close()


def test_two_tabs_fetch_it_once(browser: Browser, server: Server, link: BadLink) -> None:
    ready(server)
    phone = Phone(browser, link.url)
    install(phone)
    phone.log_in(INFORMANT)
    phone.change_first_password()
    other = phone.context.new_page()
    before = link.sent_down
    other.goto(f"{phone.url}/#/me")
    in_me(phone)
    for page in (phone.page, other):
        expect(page.get_by_text(STORED)).to_be_visible(timeout=60_000)
    assert link.sent_down - before < 6_000_000
    phone.close()
