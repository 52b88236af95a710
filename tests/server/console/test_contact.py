"""看号码: a farmer's number against a reason, in the audit log, for thirty seconds (MISSION S2.8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from server.deployment import Deployment

PAGES = ("triage", "callback", "consultations")
NUMBER = "138-0000-0023"


@pytest.fixture
def story(ask: Callable[..., Any]) -> Any:
    return ask("玉米心叶", contact=("马德贵", NUMBER))


def address(page: str, demand: str) -> str:
    return f"/console/consultations/{demand}" if page == "consultations" else f"/console/{page}?id={demand}"


@pytest.mark.parametrize("page", PAGES)
class TestEveryPage:
    def test_masks_name_and_number(self, staff: Callable[[str], Any], story: Any, page: str) -> None:
        text = staff("centre").get(address(page, story.id)).text
        assert "马＊贵" in text
        assert "138-****-0023" in text
        assert NUMBER not in text
        assert "马德贵" not in text

    def test_shows_them_for_a_reason_and_writes_it_down(
        self, staff: Callable[[str], Any], story: Any, deployment: Deployment, page: str
    ) -> None:
        answer = staff("centre").post(f"/console/{page}/{story.id}/contact", reason_to_see="问清楚在哪块地")
        assert answer.status_code == 200
        assert NUMBER in answer.text
        assert "马德贵" in answer.text
        assert "data-reveal" in answer.text
        assert answer.headers["cache-control"] == "no-store"
        [entry] = deployment.audit.recent(1)
        assert (entry.name, entry.action, entry.subject, entry.reason) == (
            "杨演示", "see_contact", f"contact:{story.id}", "问清楚在哪块地",
        )  # fmt: skip

    def test_without_a_reason_shows_and_writes_nothing(
        self, staff: Callable[[str], Any], story: Any, deployment: Deployment, page: str
    ) -> None:
        answer = staff("centre").post(f"/console/{page}/{story.id}/contact", reason_to_see="  ")
        assert answer.status_code == 422
        assert "还差一样：写一句为什么要看" in answer.text
        assert NUMBER not in answer.text
        assert deployment.audit.recent(1) == []

    @pytest.mark.parametrize("role", ["administrator", "expert", "township_lead"])
    def test_is_the_centre_s_alone(
        self, staff: Callable[[str], Any], story: Any, deployment: Deployment, page: str, role: str
    ) -> None:
        answer = staff(role).post(f"/console/{page}/{story.id}/contact", reason_to_see="想看看")
        assert answer.status_code == 403
        assert NUMBER not in answer.text
        assert deployment.audit.recent(1) == []


class TestCallbackForm:
    def test_keeps_what_is_filled_in(self, staff: Callable[[str], Any], story: Any) -> None:
        story.solved()
        answer = staff("centre").post(
            f"/console/callback/{story.id}/contact",
            reason_to_see="回访", outcome="better", verdict="valid", category="施肥", text="说好多了",
        )  # fmt: skip
        assert 'value="说好多了"' in answer.text
        assert 'value="better" checked' in answer.text
        assert "<option selected>施肥</option>" in answer.text
        assert story.state() == "solved"

    def test_enter_records_the_call_and_does_not_show_the_number(
        self, staff: Callable[[str], Any], story: Any
    ) -> None:
        story.solved()
        page = staff("centre").get(f"/console/callback?id={story.id}").text
        form = page[page.index('class="side__form"') :]
        first = form[form.index("<button") :]
        assert "formaction" not in first[: first.index(">")], "browsers press a form's first button on Enter"
