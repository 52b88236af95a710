"""What a person does on the phone, in the words that stand on it."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

NARROW = {"width": 360, "height": 740}
SLOW = 60_000
FIRST_PASSWORD = "tianwen-demo"
NEW_PASSWORD = "miao-2026"


class Phone:
    """One person's phone: an own browser profile at 360 px."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.context: BrowserContext = browser.new_context(
            viewport=NARROW, locale="zh-CN", timezone_id="Asia/Shanghai", has_touch=True
        )
        self.context.set_default_timeout(SLOW)
        self.page: Page = self.context.new_page()
        self.url = url

    def open(self) -> None:
        self.page.goto(self.url)

    def install(self) -> None:
        """Wait until the service worker holds the shell: from now on it opens without a network."""
        self.page.wait_for_function("navigator.serviceWorker.controller !== null")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name)

    def log_in(self, phone: str, password: str = FIRST_PASSWORD) -> None:
        self.open()
        self.page.get_by_label("手机号").fill(phone)
        self.page.get_by_label("密码", exact=True).fill(password)
        self.button("登录").click()

    def change_first_password(self) -> None:
        """MISSION S1.9: nothing else works before."""
        self.page.get_by_label("新密码").fill(NEW_PASSWORD)
        self.page.get_by_label("再写一遍").fill(NEW_PASSWORD)
        self.button("换好了，下一步").click()
        self.page.get_by_role("button", name="以后再填").click()

    def choose_crop(self, crop: str) -> None:
        self.page.get_by_role("link", name="选一个").click()
        self.page.get_by_label(crop, exact=True).check(force=True)
        self.button(f"就是{crop}").click()

    def write(self, text: str) -> None:
        self.page.get_by_label("怎么了？").fill(text)

    def take_photo(self, picture: Path) -> None:
        self.page.get_by_label("选照片").set_input_files(picture)
        expect(self.page.get_by_role("img", name="第 1 张照片")).to_be_visible()

    def name_farmer(self, name: str, phone: str) -> None:
        self.page.get_by_text("哪家农户").click()
        self.page.get_by_label("农户姓名").fill(name)
        self.page.get_by_label("农户电话").fill(phone)

    def open_consultation(self, words: str) -> None:
        self.page.get_by_role("link", name=words).first.click()

    def says(self, words: str) -> None:
        """The words stand on the screen, now or soon."""
        expect(self.page.get_by_text(words).first).to_be_visible(timeout=SLOW)

    def close(self) -> None:
        self.context.close()
