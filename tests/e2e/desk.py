"""What staff do on the console, in the words that stand on it."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, BrowserContext, Page, expect

WIDE = {"width": 1280, "height": 800}
DEMO_PASSWORD = "tianwen-demo"


class Desk:
    """One member of staff at the console, at 1280 px."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.context: BrowserContext = browser.new_context(
            viewport=WIDE, locale="zh-CN", timezone_id="Asia/Shanghai"
        )
        self.page: Page = self.context.new_page()
        self.url = url

    def log_in(self, phone: str, password: str = DEMO_PASSWORD) -> None:
        self.page.goto(f"{self.url}/console/")
        self.page.get_by_label("手机号").fill(phone)
        self.page.get_by_label("密码", exact=True).fill(password)
        self.page.get_by_role("button", name="登录").click()

    def assign(self, consultation: str, expert: str) -> None:
        self.page.goto(f"{self.url}/console/triage?id={consultation}")
        self.page.get_by_role("radio", name=expert).check(force=True)
        self.page.get_by_role("button", name="分派").click()
        expect(self.page.get_by_text(expert).first).to_be_visible()

    def call_back(self, consultation: str, category: str) -> None:
        self.page.goto(f"{self.url}/console/callback?id={consultation}")
        form = self.page.locator("form[data-callback]")
        form.get_by_label("打通了").check(force=True)
        form.get_by_label("解决了", exact=True).check(force=True)
        form.get_by_label("有价值").check(force=True)
        form.get_by_label("类别").select_option(category)
        form.get_by_role("button", name="记下，打下一个").click()
        expect(self.page).not_to_have_url(re.compile(consultation))

    def rebuild_index(self) -> None:
        """Have a new build used as soon as it is there, and wait until it is in use."""
        self.page.goto(f"{self.url}/console/index")
        builds = self.page.locator("[data-builds] tbody tr")
        before = builds.count()
        self.page.get_by_role("radio", name="建好就换").check(force=True)
        self.page.get_by_role("button", name="重新建").click()
        expect(builds).to_have_count(before + 1, timeout=60_000)

    def hold_index(self) -> None:
        """Have a new build compared with the one in use, and wait for the comparison."""
        self.page.goto(f"{self.url}/console/index")
        self.page.get_by_role("radio", name="先比一比再换").check(force=True)
        self.page.get_by_role("button", name="重新建").click()
        expect(self.page.get_by_role("heading", name="新旧对比")).to_be_visible(timeout=60_000)

    def close(self) -> None:
        self.context.close()
