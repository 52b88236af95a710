"""Looking people up, and the settings of one's own browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from server.accounts import NewPerson
from server.deployment import Deployment

Words = Callable[[Any], str]


@pytest.fixture
def centre(staff: Callable[[str], Any]) -> Any:
    return staff("centre")


class TestPeople:
    def test_lists_a_role_with_masked_numbers(self, centre: Any, words: Words) -> None:
        page = words(centre.get("/console/people"))
        assert "信息员 3" in page
        assert "周演示" in page
        assert "138-****-9001" in page
        assert "138-0000-9001" not in page
        assert "王演示" not in page
        assert "王演示" in words(centre.get("/console/people?role=expert"))

    @pytest.mark.parametrize("wanted", ["周演", "9001"])
    def test_finds_by_name_and_end_of_number(self, centre: Any, words: Words, wanted: str) -> None:
        page = words(centre.get(f"/console/people?find={wanted}"))
        assert "周演示" in page
        assert "吴演示" not in page

    def test_narrows_to_a_township(self, centre: Any, words: Words) -> None:
        page = words(centre.get("/console/people?township=510726107000"))
        assert "郑演示" in page
        assert "周演示" not in page

    def test_nobody_found_says_so(self, centre: Any, words: Words) -> None:
        assert "没找到人" in words(centre.get("/console/people?find=没有这人"))

    def test_pages_and_leaves_other_counties_out(
        self, centre: Any, deployment: Deployment, words: Words
    ) -> None:
        deployment.accounts.add(
            [
                NewPerson(
                    f"139-0000-{number:04d}", "long enough", f"众{number:02d}", "informant", "510726105203"
                )
                for number in range(60)
            ]
            + [NewPerson("139-0000-9999", "long enough", "外演示", "informant", "510727100201")]
        )
        first = words(centre.get("/console/people"))
        second = words(centre.get("/console/people?page=1"))
        shown = [sum(f"众{number:02d}" in page for number in range(60)) for page in (first, second)]
        assert sum(shown) == 60
        assert "外演示" not in first + second
        assert centre.get("/console/people?page=99999999999").status_code == 200


class TestSettings:
    def test_are_kept_by_this_browser(self, centre: Any) -> None:
        answer = centre.post("/console/me", text_size="xl", theme="dark", language="zh-CN")
        page = centre.after(answer).text
        assert 'data-theme="dark"' in page
        assert 'data-text="xl"' in page

    def test_the_language_changes_every_page(self, centre: Any, words: Words) -> None:
        centre.post("/console/me", text_size="m", theme="light", language="en")
        assert "Everything is assigned" in words(centre.get("/console/triage"))

    def test_made_up_values_are_passed_over(self, centre: Any) -> None:
        answer = centre.post("/console/me", text_size="huge", theme='"><script>', language="tlh")
        page = centre.after(answer).text
        assert 'data-theme="light"' in page
        assert 'lang="zh-CN"' in page
