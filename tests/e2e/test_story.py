"""The main job, end to end (MISSION S1.11, S2.2), on a village's link that breaks at the worst moments.

One story, one test: each step needs what the one before left on real disks and in real browsers.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import Server
from tests.e2e.desk import Desk
from tests.e2e.link import GOOD, VILLAGE, BadLink
from tests.e2e.phone import Phone
from tests.e2e.shots import shoot

pytestmark = pytest.mark.e2e

INFORMANT, EXPERT, ANOTHER_INFORMANT = "138-0000-0301", "138-0000-0102", "138-0000-0307"
CENTRE, ADMINISTRATOR = "138-0000-0002", "138-0000-0001"
QUESTION = "茶树嫩尖尖发红焦边，手一抖飞起一层小绿蚊蚊，春茶都不好采"
KNOWN_CASE = "拍一下飞起好多小绿虫"
DIAGNOSIS = "像是茶小绿叶蝉"
ADVICE = (
    "先把嫩梢采下来，虫和卵一起带走\n一亩挂二十张黄板\n虫还多就傍晚喷印楝素，按标签用量，过了安全间隔期再采"
)
# Enough to be in the middle of a photo's chunks, after the text has gone.
WITHIN_THE_PHOTO = 30_000


@pytest.fixture
def picture(browser: Browser, tmp_path: Path) -> Path:
    """A photo with enough detail in it that it fills several chunks."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.set_content("<canvas width=1200 height=900></canvas>")
    page.evaluate(
        """() => {
          const canvas = document.querySelector('canvas'), c = canvas.getContext('2d');
          let seed = 7; const random = () => (seed = seed * 16807 % 2147483647) / 2147483647;
          for (let n = 0; n < 60000; n++) {
            c.fillStyle = `hsl(${60 + random() * 70},${40 + random() * 40}%,${20 + random() * 50}%)`;
            c.fillRect(random() * 1200, random() * 900, random() * 9, random() * 60);
          }
        }"""
    )
    path = tmp_path / "tea.jpg"
    page.locator("canvas").screenshot(path=path, type="jpeg", quality=90)
    page.close()
    return path


def test_from_a_phone_without_a_network_to_an_expert_and_back(
    browser: Browser, server: Server, link: BadLink, other_link: BadLink, picture: Path
) -> None:
    informant = Phone(browser, link.url)
    get_ready(informant, INFORMANT)
    shoot(informant.page, "p-home-empty")

    report_offline(informant, link, picture)
    consultation = send_over_a_breaking_link(informant, link)
    see_similar(informant)

    centre = Desk(browser, server.url)
    centre.log_in(CENTRE)
    centre.page.goto(f"{server.url}/console/triage?id={consultation}")
    expect(centre.page.get_by_text("138-****-0999")).to_be_visible()
    expect(centre.page.get_by_role("img", name=re.compile("照片"))).to_be_visible()
    shoot(centre.page, "c-triage")
    centre.assign(consultation, "李秀芳")

    expert = Phone(browser, other_link.url)
    answer_offline(expert, other_link)

    relay_and_judge(informant)
    centre.call_back(consultation, "虫害")
    centre.page.goto(f"{server.url}/console/consultations/{consultation}")
    expect(centre.page.get_by_text(DIAGNOSIS).first).to_be_visible()
    shoot(centre.page, "c-consultation")

    administrator = Desk(browser, server.url)
    administrator.log_in(ADMINISTRATOR)
    administrator.rebuild_index()
    shoot(administrator.page, "c-index")

    find_the_case(Phone(browser, server.url))
    for somebody in (informant, expert, centre, administrator):
        somebody.close()


def get_ready(phone: Phone, number: str) -> None:
    """Log in, change the first password, and have the application installed."""
    phone.log_in(number)
    phone.says("换一个您自己的密码")
    shoot(phone.page, "p-first-password")
    phone.change_first_password()
    phone.install()


def report_offline(informant: Phone, link: BadLink, picture: Path) -> None:
    """Without a network: write, take a photo, send; it is on the phone, also after a reload."""
    link.down()
    informant.button("报需求").or_(informant.page.get_by_role("link", name="报需求")).first.click()
    informant.choose_crop("茶")
    informant.write(QUESTION)
    informant.take_photo(picture)
    informant.name_farmer("刘演示", "138-0000-0999")
    # Or a case that the phone keeps, where the pack was here before the network went.
    later = informant.page.get_by_text("没有网，送到后自动找")
    expect(later.or_(informant.page.get_by_text("手机里存的案例")).first).to_be_visible(timeout=60_000)
    shoot(informant.page, "p-report")
    informant.button("上报").click()
    informant.says("存好了，有网自动送")
    informant.page.reload()
    informant.says(QUESTION[:10])
    informant.says("存在手机里")
    shoot(informant.page, "p-home-offline")


def send_over_a_breaking_link(informant: Phone, link: BadLink) -> str:
    """The link comes back slow, breaks within the photo, and comes back. Returns the consultation's id."""
    link.quality(VILLAGE)
    link.up_until(WITHIN_THE_PHOTO)
    link.wait_for_cut(90)
    informant.page.reload()
    informant.says(QUESTION[:10])
    link.up()
    informant.says("都送到了")
    informant.open_consultation(QUESTION[:10])
    informant.says("县里收到")
    link.quality(GOOD)
    return informant.page.url.rsplit("/", 1)[1]


def see_similar(informant: Phone) -> None:
    """The demo history knows these leafhoppers; the phone shows that beside the demand."""
    informant.says("别人问过像的")
    shoot(informant.page, "p-thread-received")
    informant.page.get_by_role("button", name=KNOWN_CASE).click()
    expect(informant.button("这个管用")).to_be_visible()
    shoot(informant.page, "p-similar-case")
    informant.button("看好了").or_(informant.button("都不像，请专家答")).first.click()


def answer_offline(expert: Phone, link: BadLink) -> None:
    """The expert answers without a network; the link breaks while the answer is on its way."""
    get_ready(expert, EXPERT)
    expert.says(QUESTION[:10])
    shoot(expert.page, "p-queue")
    link.down()
    expert.page.get_by_role("link", name="答这条").or_(expert.button("答这条")).first.click()
    expert.page.get_by_label("是什么问题").fill(DIAGNOSIS)
    expert.page.get_by_label("怎么办", exact=False).last.fill(ADVICE)
    shoot(expert.page, "p-answer")
    expert.button("答复").last.click()
    expert.says("存好了，有网自动送")
    expert.page.reload()
    expert.says("1 条存着")
    link.up_until(200)
    link.wait_for_cut(90)
    link.up()
    expert.says("都送到了")


def relay_and_judge(informant: Phone) -> None:
    """Read, relay, solved, rated."""
    informant.says(DIAGNOSIS)
    shoot(informant.page, "p-thread-replied")
    informant.button("转告农户了").click()
    informant.button("解决了，完结").click()
    informant.page.get_by_text("很好", exact=True).click()
    shoot(informant.page, "p-rate")
    informant.button("评好了").click()
    informant.says("已完结")
    shoot(informant.page, "p-thread-solved")
    informant.says("都送到了")


def find_the_case(another: Phone) -> None:
    """Another township's informant asks in other words, and finds what helped."""
    get_ready(another, ANOTHER_INFORMANT)
    another.page.get_by_role("link", name="找类似").click()
    another.write("茶叶芽子边上红焦焦的，一碰就飞起好多小绿虫")
    another.says(QUESTION[:10])
    shoot(another.page, "p-similar")
    another.close()
