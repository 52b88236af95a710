"""What only a browser shows: keys, the thirty seconds of a number, and that all works without script."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect
from starlette.applications import Starlette
from starlette.testclient import TestClient

pytestmark = pytest.mark.e2e

NUMBER = "138-0000-0023"


@pytest.fixture
def client(app: Starlette) -> Iterator[TestClient]:
    """The application behind a real socket; the other fixtures only need its deployment to be running."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    started, startup = threading.Event(), server.startup

    async def announce(*arguments: Any, **named: Any) -> None:
        await startup(*arguments, **named)
        started.set()

    server.startup = announce  # type: ignore[method-assign]
    running = threading.Thread(target=server.run)
    running.start()
    assert started.wait(30)
    yield TestClient(app, base_url=f"http://127.0.0.1:{port}")
    server.should_exit = True
    running.join(30)


@pytest.fixture
def context(browser: Browser, client: TestClient) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1280, "height": 800}, base_url=str(client.base_url))
    made.set_default_timeout(10_000)
    yield made
    made.close()


@pytest.fixture
def without_script(browser: Browser, client: TestClient) -> Iterator[BrowserContext]:
    made = browser.new_context(java_script_enabled=False, base_url=str(client.base_url))
    made.set_default_timeout(10_000)
    yield made
    made.close()


def log_in(context: BrowserContext, phone: str = "138-0000-9007") -> Page:
    """A page of somebody who is logged in; any fault of a script or of the policy fails the test."""
    page = context.new_page()
    page.on("pageerror", lambda fault: pytest.fail(f"script: {fault}"))
    page.on(
        "console",
        lambda line: line.type == "error" and "Security Policy" in line.text and pytest.fail(line.text),
    )
    page.goto("/console/login")
    page.get_by_label("手机号").fill(phone)
    page.get_by_label("密码", exact=True).fill("long enough")
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/console/triage")
    return page


class TestTriageKeys:
    def test_j_and_k_walk_through_the_queue(self, context: BrowserContext, ask: Callable[..., Any]) -> None:
        first, second = ask("先到期的", minutes_ago=30), ask("后到期的", minutes_ago=10)
        page = log_in(context)
        page.keyboard.press("j")
        page.wait_for_url(f"**/triage?id={second.id}")
        page.keyboard.press("k")
        page.wait_for_url(f"**/triage?id={first.id}")

    def test_a_number_chooses_and_enter_assigns(
        self, context: BrowserContext, ask: Callable[..., Any], person: Callable[[str], Any]
    ) -> None:
        story = ask()
        page = log_in(context)
        expect(page.get_by_role("button", name="分派给王演示")).to_be_visible()
        page.keyboard.press("2")
        expect(page.get_by_role("button", name="分派给褚演示")).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_have_text("分派给褚演示了")
        assert story.last()["expert"] == person("other_expert").id

    @pytest.mark.parametrize(("key", "title"), [("a", "再问信息员"), ("v", "派人上门"), ("x", "不算需求")])
    def test_letters_open_the_sheets_and_escape_closes_them(
        self, context: BrowserContext, ask: Callable[..., Any], key: str, title: str
    ) -> None:
        ask()
        page = log_in(context)
        page.keyboard.press(key)
        page.wait_for_url("**&do=*")
        expect(page.get_by_role("dialog")).to_contain_text(title)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)

    def test_typing_is_no_command(self, context: BrowserContext, ask: Callable[..., Any]) -> None:
        story = ask(contact=("马德贵", NUMBER))
        page = log_in(context)
        page.get_by_text("看号码").click()
        page.get_by_label("为什么要看？").press_sequentially("jkaxv12")
        expect(page.get_by_label("为什么要看？")).to_have_value("jkaxv12")
        assert story.state() == "received"


class TestNumber:
    def show(self, page: Page) -> None:
        page.get_by_text("看号码").click()
        page.get_by_label("为什么要看？").fill("问清楚在哪块地")
        page.get_by_role("button", name="看 30 秒").click()
        expect(page.get_by_text(NUMBER)).to_be_visible()

    def test_is_gone_after_thirty_seconds(self, context: BrowserContext, ask: Callable[..., Any]) -> None:
        ask(contact=("马德贵", NUMBER))
        context.clock.install()
        page = log_in(context)
        self.show(page)
        page.clock.fast_forward(31_000)
        expect(page.get_by_text(NUMBER)).to_have_count(0)
        expect(page.get_by_text("138-****-0023")).to_be_visible()

    def test_is_hidden_by_the_style_sheet_without_script(
        self, without_script: BrowserContext, ask: Callable[..., Any]
    ) -> None:
        ask(contact=("马德贵", NUMBER))
        page = log_in(without_script)
        self.show(page)
        shown = page.locator("[data-reveal]")
        session = without_script.new_cdp_session(page)
        session.send("Animation.enable")
        session.send("Animation.setPlaybackRate", {"playbackRate": 1000})
        expect(shown).to_be_hidden()
        expect(page.get_by_text("138-****-0023")).to_be_visible()


class TestCallback:
    def test_nobody_answered_hides_the_questions(
        self, context: BrowserContext, ask: Callable[..., Any]
    ) -> None:
        story = ask()
        story.solved()
        page = log_in(context)
        page.goto(f"/console/callback?id={story.id}")
        expect(page.get_by_text("问题解决了吗")).to_be_visible()
        page.get_by_role("radio", name="没人接").check(force=True)
        expect(page.get_by_text("问题解决了吗")).to_be_hidden()
        page.get_by_role("button", name="记下，打下一个").click()
        expect(page.get_by_role("status")).to_contain_text("没打通")
        assert story.last()["reason"] == "no_answer"


class TestWithoutScript:
    def test_assigning(self, without_script: BrowserContext, ask: Callable[..., Any]) -> None:
        story = ask()
        page = log_in(without_script)
        page.get_by_role("button", name=re.compile("分派给")).click()
        expect(page.get_by_role("status")).to_have_text("分派给王演示了")
        assert story.state() == "assigned"

    def test_rejecting(self, without_script: BrowserContext, ask: Callable[..., Any]) -> None:
        story = ask()
        page = log_in(without_script)
        page.get_by_role("link", name="不算需求").click()
        page.get_by_role("radio", name="科普类").check(force=True)
        page.get_by_role("button", name="退回").click()
        expect(page.get_by_role("status")).to_contain_text("退回了")
        assert story.state() == "rejected"


class TestNarrow:
    def test_the_queue_is_a_page_and_the_case_another(
        self, context: BrowserContext, ask: Callable[..., Any]
    ) -> None:
        ask("玉米心叶被虫吃成窗户纸")
        page = log_in(context)
        page.set_viewport_size({"width": 360, "height": 740})
        expect(page.get_by_role("button", name=re.compile("分派给"))).to_be_hidden()
        page.get_by_role("link", name=re.compile("玉米心叶")).click()
        expect(page.get_by_role("button", name=re.compile("分派给"))).to_be_visible()
        page.get_by_role("link", name="回列表").click()
        expect(page.get_by_role("link", name=re.compile("玉米心叶"))).to_be_visible()

    @pytest.mark.parametrize(
        "path", ["triage", "callback", "consultations", "people", "index", "quarantine", "me", "nowhere"]
    )
    def test_nothing_is_wider_than_the_screen(
        self, context: BrowserContext, ask: Callable[..., Any], path: str
    ) -> None:
        ask("很长的一个词" * 20).solved()
        page = log_in(context)
        page.set_viewport_size({"width": 360, "height": 740})
        page.context.add_cookies([{"name": "text_size", "value": "xl", "url": page.url}])
        page.goto(f"/console/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
