"""/metrics and the log: figures for Prometheus, one JSON object a line, nothing of any person in either."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.testclient import TestClient

from server.deployment import Deployment
from server.operations import logs
from server.operations.requests import Served, begin, route_class, safe_path
from server.policy import caller_of
from tests.server.conftest import PASSWORD, PEOPLE
from tests.server.stories import Story

ADMINISTRATOR = (PEOPLE["administrator"][0], PASSWORD)


def figures(client: TestClient) -> dict[tuple[str, tuple[str, ...]], float]:
    """{(name, values of the labels in the order of their names): value} of a scrape."""
    answer = client.get("/metrics", auth=ADMINISTRATOR)
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


class TestFigures:
    def test_documents_quarantine_and_lag(
        self, client: TestClient, deployment: Deployment, person: Callable[[str], Any]
    ) -> None:
        story = Story(person("informant"))
        refused = {"_id": "demand:x", "type": "demand"}
        deployment.database.write([story.demand(), refused], caller=caller_of(person("informant")))
        deployment.consultations._wait_for(deployment.database.info().update_seq)
        found = figures(client)
        assert found["tianwen_documents", ()] == 2  # the demand and its receipt
        assert found["tianwen_documents_deleted", ()] == 0
        assert found["tianwen_quarantined", ("held",)] == 1
        assert found["tianwen_quarantined", ("released",)] == 0
        assert found["tianwen_update_sequence", ()] == deployment.database.info().update_seq
        assert found["tianwen_read_model_lag", ()] == 0

    def test_find_similar_is_in_one_state(self, client: TestClient) -> None:
        found = figures(client)
        assert sum(value for (name, _), value in found.items() if name == "tianwen_similar_state") == 1
        assert found["tianwen_similar_building", ()] == 0

    def test_requests_by_route_and_status(
        self, client: TestClient, phone_as: Callable[[str], TestClient]
    ) -> None:
        phone = phone_as("informant")
        phone.get("/sync/db/tianwen/_changes")
        phone.get("/sync/db/tianwen/demand:absent")
        client.get("/sync/db/tianwen/_changes")
        found = figures(client)
        assert found["tianwen_http_requests_total", ("GET", "sync:changes", "200")] == 1
        assert found["tianwen_http_requests_total", ("GET", "sync:changes", "401")] == 1
        assert found["tianwen_http_requests_total", ("GET", "sync:document", "404")] == 1
        assert found["tianwen_http_request_duration_seconds_count", ("sync:changes",)] == 2

    def test_sizes_of_bulk_requests(self, client: TestClient, phone_as: Callable[[str], TestClient]) -> None:
        answer = phone_as("informant").post("/sync/db/tianwen/_bulk_docs", json={"docs": []})
        found = figures(client)
        assert found["tianwen_http_request_bytes_sum", ("sync:bulk_docs",)] == len(b'{"docs":[]}')
        assert found["tianwen_http_response_bytes_sum", ("sync:bulk_docs",)] == len(answer.content)

    def test_an_exchange_that_waited_counts_in_no_duration(
        self, client: TestClient, phone_as: Callable[[str], TestClient]
    ) -> None:
        phone = phone_as("informant")
        place = phone.post("/sync/exchange", json={}).json()["s"]
        phone.post("/sync/exchange", json={"s": place, "w": 1})
        found = figures(client)
        assert found["tianwen_http_requests_total", ("POST", "exchange", "200")] == 2
        assert found["tianwen_http_request_duration_seconds_count", ("exchange",)] == 1

    def test_the_open_request_is_the_scrape_itself(self, client: TestClient) -> None:
        found = figures(client)
        assert found["tianwen_open_requests", ("metrics",)] == 1
        assert found["tianwen_open_feeds", ("continuous",)] == 0

    def test_strangers_make_no_new_labels(self, client: TestClient) -> None:
        before = len(figures(client))
        for path in ("/a1", "/b2/c3", "/sync/db/nothing", "/sync/db/nothing/_x", "/sync/x"):
            client.request("BREW", path)
        first = len(figures(client))
        for number in range(20):
            client.request(f"M{number}", f"/sync/db/n{number}/d{number}")
            client.request(f"M{number}", f"/{number}")
        assert len(figures(client)) - first < 40
        assert first > before


class TestWhoMaySee:
    def test_nobody_from_elsewhere(self, client: TestClient) -> None:
        assert client.get("/metrics").status_code == 401

    def test_no_other_role(self, client_as: Callable[[str], TestClient]) -> None:
        assert client_as("centre").get("/metrics").status_code == 403

    def test_no_wrong_password(self, client: TestClient) -> None:
        assert client.get("/metrics", auth=(ADMINISTRATOR[0], "not this one")).status_code == 401

    def test_an_administrator_on_the_console(self, client_as: Callable[[str], TestClient]) -> None:
        assert client_as("administrator").get("/metrics").status_code == 200

    @pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
    def test_this_machine_itself(self, app: Starlette, client: TestClient, host: str) -> None:
        here = TestClient(app, client=(host, 1))
        assert here.get("/metrics").status_code == 200

    @pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip"])
    def test_nobody_through_a_proxy_on_this_machine(
        self, app: Starlette, client: TestClient, header: str
    ) -> None:
        here = TestClient(app, client=("127.0.0.1", 1))
        assert here.get("/metrics", headers={header: "203.0.113.7"}).status_code == 401


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What has been logged as JSON."""
    root, stream = logging.getLogger(), StringIO()
    uvicorn = logging.getLogger("uvicorn")
    before, level = root.handlers[:], root.level
    theirs, propagate = uvicorn.handlers[:], uvicorn.propagate
    monkeypatch.setattr(sys, "stderr", stream)
    logs.configure("json")
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = before
    uvicorn.handlers[:], uvicorn.propagate = theirs, propagate
    root.setLevel(level)
    logging.captureWarnings(False)


class TestLog:
    def test_one_object_for_a_request(
        self,
        phone_as: Callable[[str], TestClient],
        person: Callable[[str], Any],
        lines: Callable[[], list[dict[str, Any]]],
    ) -> None:
        phone = phone_as("informant")
        answer = phone.post("/sync/db/tianwen/_bulk_docs?x=13800009001", json={"docs": []})
        line = lines()[-1]
        assert line.pop("at").endswith("Z")
        assert len(line.pop("request")) == 12
        assert line.pop("ms") > 0
        assert line == {
            "level": "info", "logger": "tianwen.requests", "message": "request",
            "person": person("informant").id, "method": "POST", "route": "sync:bulk_docs",
            "path": "/sync/db/tianwen/_bulk_docs", "status": 201,
            "bytes_in": len(b'{"docs":[]}'), "bytes_out": len(answer.content),
        }  # fmt: skip

    def test_never_a_name_a_phone_or_a_text(
        self,
        phone_as: Callable[[str], TestClient],
        person: Callable[[str], Any],
        lines: Callable[[], list[dict[str, Any]]],
    ) -> None:
        phone, story = phone_as("informant"), Story(person("informant"))
        documents = [story.demand(), story.contact("马德贵", "138-0000-0023")]
        phone.post("/sync/db/tianwen/_bulk_docs", json={"docs": documents})
        phone.get("/api/people/138-0000-0023")
        phone.get("/%E9%A9%AC%E5%BE%B7%E8%B4%B5?text=马德贵")
        log = json.dumps(lines(), ensure_ascii=False)
        for secret in ("马德贵", "138-0000-0023", story.reporter.name, story.text, PEOPLE["informant"][0]):
            assert secret not in log

    def test_an_exception_tells_where_and_not_what(self, lines: Callable[[], list[dict[str, Any]]]) -> None:
        begin(Served("GET", "/x", person="P"))
        try:
            raise ValueError("cannot read 马德贵 138-0000-0023 510726199001011234 at seq 12")
        except ValueError:
            logging.getLogger("sync").exception("group 马德贵 failed")
        [line] = lines()
        assert line["message"] == "group … failed"
        assert line["person"] == "P"
        assert line["error"]["type"] == "ValueError"
        assert line["error"]["message"] == "cannot read … … at seq 12"
        assert "test_metrics.py" in line["error"]["stack"][0]

    def test_health_and_scrapes_are_not_told(
        self, client: TestClient, lines: Callable[[], list[dict[str, Any]]]
    ) -> None:
        client.get("/healthz")
        client.get("/metrics", auth=ADMINISTRATOR)
        assert lines() == []

    def test_other_logs_go_the_same_way(self, lines: Callable[[], list[dict[str, Any]]]) -> None:
        logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
        assert lines()[0]["logger"] == "uvicorn.error"

    def test_lines_for_a_terminal(self) -> None:
        record = logging.LogRecord("sync", logging.ERROR, "", 0, "no room for 马德贵", (), None)
        assert logs.TextLines().format(record).endswith("ERROR sync: no room for …")


class TestRoutes:
    @pytest.mark.parametrize(
        ("path", "route"),
        [
            ("/", "phone"), ("/assets/x.js", "phone"), ("/api/login", "api"), ("/console/", "console"),
            ("/sync/db/tianwen", "sync:other"), ("/sync/db/tianwen/_changes", "sync:changes"),
            ("/sync/db/tianwen/demand:x", "sync:document"), ("/sync/db/tianwen/_local/x", "sync:local"),
            ("/sync/db/_session", "sync:session"), ("/sync/db/tianwen/_whatever", "sync:other"),
            ("/sync/exchange", "exchange"), ("/sync/exchange/tianwen", "exchange"),
            ("/sync/quarantine/x", "quarantine"), ("/sync", "sync:other"), ("/metrics", "metrics"),
        ],
    )  # fmt: skip
    def test_each_path_has_a_class(self, path: str, route: str) -> None:
        assert route_class(path) == route

    def test_paths_keep_words_and_ids_only(self) -> None:
        demand = "demand:01JABCDEF0123456789ABCDEFG"
        assert safe_path(f"/sync/db/tianwen/{demand}") == f"/sync/db/tianwen/{demand}"
        assert safe_path("/api/people/138-0000-0023/x") == "/api/people/…/x"
        assert safe_path("/马德贵") == "/…"
