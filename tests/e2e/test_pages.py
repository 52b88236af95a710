"""Every page at 360 and at 1280 px: it opens, nothing sticks out sideways, and its picture is in shots/."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Server
from tests.e2e.desk import Desk
from tests.e2e.phone import Phone
from tests.e2e.shots import SIZES, shoot

pytestmark = pytest.mark.e2e

CONSOLE = {
    "c-triage-queue": "/console/triage",
    "c-archive": "/console/consultations",
    "c-archive-search": "/console/consultations?text=茶",
    "c-callback": "/console/callback",
    "c-callback-done": "/console/callback?tab=done",
    "c-index-of-centre": "/console/index",
    "c-index-try": "/console/index/try",
    "c-index-tried": "/console/index/try?text=苞谷脚叶往上黄&crop=玉米",
    "c-index-silent": "/console/index/try?text=拖拉机贷款找哪个部门盖章",
    "c-index-feedback-empty": "/console/index/feedback",
    "c-quarantine": "/console/quarantine",
    "c-people": "/console/people",
    "c-me": "/console/me",
    "c-404": "/console/nowhere",
}
PHONE = {
    "p-home": "#/",
    "p-report-empty": "#/report",
    "p-crop": "#/report/crop",
    "p-find-similar": "#/similar",
    "p-unsent": "#/unsent",
    "p-me": "#/me",
    "p-password": "#/password",
}


def follow(page: Page, link: str) -> None:
    """Press the first such link and wait for its page: a click comes back before the old page is gone."""
    chosen = page.locator(link).first
    address = chosen.evaluate("link => link.href")
    chosen.click()
    page.wait_for_url(address)


def fits(page: Page, name: str) -> None:
    """Nothing is wider than the screen, at either size."""
    for width, height in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{name} sticks out by {wide} px at {width}"
    shoot(page, name)


@pytest.fixture
def centre(browser: Browser, server: Server) -> Iterator[Desk]:
    desk = Desk(browser, server.url)
    desk.log_in("138-0000-0002")
    yield desk
    desk.close()


class TestConsole:
    def test_log_in(self, browser: Browser, server: Server) -> None:
        desk = Desk(browser, server.url)
        desk.page.goto(f"{server.url}/console/login")
        fits(desk.page, "c-login")
        desk.close()

    def test_every_page(self, centre: Desk) -> None:
        for name, path in CONSOLE.items():
            centre.page.goto(centre.url + path)
            expect(centre.page.get_by_role("heading").first).to_be_visible()
            fits(centre.page, name)

    def test_what_opens_beside_a_case(self, centre: Desk) -> None:
        centre.page.goto(f"{centre.url}/console/triage")
        follow(centre.page, "a.row")
        case = centre.page.url
        fits(centre.page, "c-case")
        for sheet in ("ask", "visit", "reject"):
            centre.page.goto(f"{case}&do={sheet}")
            expect(centre.page.get_by_role("dialog")).to_be_visible()
            fits(centre.page, f"c-sheet-{sheet}")
        centre.page.goto(f"{centre.url}/console/callback")
        follow(centre.page, "a.cover")
        expect(centre.page.get_by_role("dialog")).to_be_visible()
        fits(centre.page, "c-callback-sheet")
        centre.page.goto(f"{centre.url}/console/consultations")
        follow(centre.page, "table a")
        fits(centre.page, "c-history")

    def test_a_new_build_beside_the_one_in_use(self, browser: Browser, server: Server) -> None:
        desk = Desk(browser, server.url)
        desk.log_in("138-0000-0001")
        desk.hold_index()
        fits(desk.page, "c-index-compare")
        desk.page.get_by_role("button", name="用新的").click()
        expect(desk.page.get_by_text("正在用第 2 版")).to_be_visible()
        fits(desk.page, "c-index")
        desk.close()

    def test_a_wrong_role_is_told_where_to_go(self, browser: Browser, server: Server) -> None:
        desk = Desk(browser, server.url)
        desk.log_in("138-0000-0001")
        answer = desk.page.goto(f"{server.url}/console/triage")
        assert answer is not None
        assert answer.status == 403
        fits(desk.page, "c-403")
        desk.close()


class TestPhone:
    @pytest.fixture
    def logged_in(self, browser: Browser, server: Server) -> Iterator[Callable[[str], Phone]]:
        phones: list[Phone] = []

        def log_in(number: str) -> Phone:
            phone = Phone(browser, server.url)
            phones.append(phone)
            phone.open()
            fits(phone.page, "p-login")
            phone.log_in(number)
            phone.change_first_password()
            return phone

        yield log_in
        for phone in phones:
            phone.close()

    def visit(self, phone: Phone, name: str, path: str) -> None:
        phone.page.goto(f"{phone.url}/{path}")
        expect(phone.page.get_by_role("heading").first).to_be_visible()
        fits(phone.page, name)

    def test_an_informants_pages(self, logged_in: Callable[[str], Phone]) -> None:
        phone = logged_in("138-0000-0306")  # 桂溪镇: two of the demo county's open consultations are theirs.
        phone.says("都送到了")
        for name, path in PHONE.items():
            self.visit(phone, name, path)
        self.visit(phone, "p-home", "#/")
        phone.open_consultation("茶树嫩芽卷起来")
        phone.says("县里收到")
        fits(phone.page, "p-thread")

    def test_an_experts_pages(self, logged_in: Callable[[str], Phone]) -> None:
        phone = logged_in("138-0000-0101")
        phone.says("秧子叶上有梭子样的斑")
        fits(phone.page, "p-expert-queue")
        phone.page.get_by_role("link", name="答这条").first.click()
        expect(phone.page.get_by_label("是什么问题")).to_be_visible()
        fits(phone.page, "p-expert-answer")
        self.visit(phone, "p-expert-answered", "#/answered")

    def test_a_township_leads_pages(self, logged_in: Callable[[str], Phone]) -> None:
        phone = logged_in("138-0000-0206")
        phone.says("茶树嫩芽卷起来")
        fits(phone.page, "p-township")

    def test_staff_are_sent_to_the_console(self, browser: Browser, server: Server) -> None:
        phone = Phone(browser, server.url)
        phone.log_in("138-0000-0002", "tianwen-demo")
        phone.says("去电脑页面")
        fits(phone.page, "p-office")
        phone.close()
