"""The phone's roads: a lost place costs a comparison, and without the exchange replication still works."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from playwright.sync_api import Browser, Request

from tests.e2e.conftest import Server
from tests.e2e.phone import Phone

pytestmark = pytest.mark.e2e

INFORMANT = "138-0000-0301"
FIRST, SECOND = "茶树嫩尖尖发红焦边,手一抖飞起一层小绿蚊蚊", "苞谷叶子从尖尖上往里头黄,底下的脚叶先黄"
LOSE_THE_PLACE = """async () => {
  const [{ name }] = (await indexedDB.databases()).filter(({ name }) => name.startsWith('_pouch_tianwen-'));
  await new Promise((resolve, reject) => {
    const request = indexedDB.open(name);
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const transaction = request.result.transaction('local-store', 'readwrite');
      transaction.objectStore('local-store').delete('_local/exchange');
      transaction.oncomplete = () => { request.result.close(); resolve(); };
      transaction.onabort = () => reject(transaction.error);
    };
  });
}"""

# As a server without the exchange would answer; Playwright's own routes do not reach past a service worker.
NO_EXCHANGE = """() => {
  const real = window.fetch;
  window.fetch = (input, init) => String(input).endsWith('/sync/exchange')
    ? Promise.resolve(new Response('{"error":"not_found"}', { status: 404 })) : real(input, init);
}"""


def said(request: Request) -> dict[str, Any]:
    body = request.post_data_buffer or b"{}"
    return json.loads(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)


def report(phone: Phone, text: str) -> None:
    phone.page.get_by_role("link", name="报需求").first.click()
    phone.choose_crop("茶")
    phone.write(text)
    phone.button("上报").click()
    phone.says(text[:10])
    phone.says("都送到了")


def test_a_lost_place_and_a_lost_exchange(browser: Browser, server: Server) -> None:
    phone = Phone(browser, server.url)
    phone.log_in(INFORMANT)
    phone.change_first_password()
    report(phone, FIRST)
    phone.open_consultation(FIRST[:10])
    phone.says("别人问过像的")

    phone.page.evaluate(LOSE_THE_PLACE)
    with phone.page.expect_request_finished(
        lambda request: request.url.endswith("/sync/exchange") and "k" in said(request)
    ) as comparing:
        phone.page.reload()
    answer = comparing.value.response()
    assert answer is not None
    assert answer.json()["c"] == [], "the sets are equal, so nothing is sent"
    phone.says(FIRST[:10])

    phone.page.goto(f"{server.url}/#/")
    phone.page.evaluate(NO_EXCHANGE)
    with phone.page.expect_request_finished(lambda request: request.url.endswith("/_bulk_docs")):
        report(phone, SECOND)
    phone.open_consultation(SECOND[:10])
    phone.says("县里收到")
    phone.close()
