"""/metrics for Prometheus. No label and no value says anything of a person.

For administrators (basic credentials, a session) and for this machine itself: a request that came through a
proxy is not one of this machine's, whatever address it seems to come from.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from time import monotonic

from anyio.to_thread import run_sync
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from models.access import ADMINISTRATOR
from server.deployment import Deployment
from server.errors import ServiceError
from server.operations.requests import Served

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SIZED = frozenset({"exchange", "sync:bulk_docs", "sync:bulk_get", "sync:changes", "sync:revs_diff"})
FEEDS = ("longpoll", "continuous", "eventsource")
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
BYTES = (256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216)
SIMILAR_STATES = ("loading", "ready", "missing", "broken", "stale")
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "x-forwarded-host", "via")


class Metrics:
    """The figures of one application. Requests are counted as they end; the rest is asked when scraped."""

    def __init__(self, deployment: Deployment) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "tianwen_http_requests", "Requests answered.", ["route", "method", "status"],
            registry=self.registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "tianwen_http_request_duration_seconds",
            "From the first byte asked to the last answered; those that wait for news are left out.",
            ["route"], buckets=SECONDS, registry=self.registry,
        )  # fmt: skip
        self._received = Histogram(
            "tianwen_http_request_bytes", "Bodies of requests, as on the wire.", ["route"],
            buckets=BYTES, registry=self.registry,
        )  # fmt: skip
        self._sent = Histogram(
            "tianwen_http_response_bytes", "Bodies of answers, as on the wire.", ["route"],
            buckets=BYTES, registry=self.registry,
        )  # fmt: skip
        self._open = Gauge(
            "tianwen_open_requests", "Requests being answered, waiting ones included.", ["route"],
            registry=self.registry,
        )  # fmt: skip
        self._feeds = Gauge(
            "tianwen_open_feeds", "Feeds that wait for news.", ["feed"], registry=self.registry
        )
        for feed in FEEDS:
            self._feeds.labels(feed)
        self.registry.register(_State(deployment))
        ProcessCollector(registry=self.registry)

    def begin(self, served: Served) -> None:
        self._open.labels(served.route).inc()
        if served.feed:
            self._feeds.labels(served.feed).inc()

    def end(self, served: Served, *, waited: bool) -> None:
        """`waited`: the answer was kept back until there was news."""
        route = served.route
        self._open.labels(route).dec()
        if served.feed:
            self._feeds.labels(served.feed).dec()
        self._requests.labels(route, _method(served.method), str(served.status)).inc()
        if not (served.feed or waited):
            self._seconds.labels(route).observe(monotonic() - served.begun)
        if route in SIZED:
            self._received.labels(route).observe(served.received)
            self._sent.labels(route).observe(served.sent)


def _method(method: str) -> str:
    """Strangers may send any word as a method; a metric has a bounded number of labels."""
    known = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "COPY", "PATCH")
    return method if method in known else "other"


class _State(Collector):
    """What the deployment holds, at the moment of the scrape."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def describe(self) -> Iterable[Metric]:
        return ()  # asked at registration; the store need not be read for that

    def collect(self) -> Iterable[Metric]:
        yield from self._documents()
        yield from self._similar()

    def _documents(self) -> Iterable[Metric]:
        database = self._deployment.database
        info = database.info()
        yield _gauge("tianwen_documents", "Documents.", info.doc_count)
        yield _gauge("tianwen_documents_deleted", "Deleted documents.", info.doc_del_count)
        yield _gauge("tianwen_store_bytes", "Size of the store.", info.size)
        yield _gauge("tianwen_update_sequence", "The store's newest sequence number.", info.update_seq)
        behind = max(0, info.update_seq - self._deployment.consultations.seq)
        yield _gauge("tianwen_read_model_lag", "Changes that the console does not show yet.", behind)
        cases = GaugeMetricFamily("tianwen_quarantined", "Documents in quarantine.", labels=["state"])
        for state, number in database.quarantine_counts().items():
            cases.add_metric([state], number)
        yield cases

    def _similar(self) -> Iterable[Metric]:
        finder = self._deployment.finder
        status = finder.status()
        states = GaugeMetricFamily(
            "tianwen_similar_state", "1 for the state that find similar is in.", labels=["state"]
        )
        for state in SIMILAR_STATES:
            states.add_metric([state], float(status["state"] == state))
        yield states
        yield _gauge("tianwen_similar_cases", "Cases in the index.", status["count"] or 0)
        yield _gauge(
            "tianwen_similar_build_duration_seconds", "How long the build in use took.",
            status["duration_s"] or 0.0,
        )  # fmt: skip
        yield _gauge("tianwen_similar_building", "1 while an index is built.", finder.building is not None)


def _gauge(name: str, help: str, value: float) -> Metric:
    family = GaugeMetricFamily(name, help)
    family.add_metric([], float(value))
    return family


async def metrics(request: Request) -> Response:
    """GET /metrics."""
    deployment: Deployment = request.app.state.deployment
    if not _is_from_here(request):
        try:
            person = await run_sync(deployment.sessions.identify, request.headers, request.cookies)
        except ServiceError as fault:
            return PlainTextResponse(fault.reason, fault.status)
        if person is None:
            return PlainTextResponse("要管理员账号。", 401, {"www-authenticate": 'Basic realm="tianwen"'})
        if person.role != ADMINISTRATOR or person.must_change_password:
            return PlainTextResponse("只有管理员能看。", 403)
    registry: CollectorRegistry = request.app.state.metrics.registry
    body = await run_sync(generate_latest, registry)
    return Response(body, media_type=CONTENT_TYPE, headers={"cache-control": "no-store"})


def _is_from_here(request: Request) -> bool:
    if any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
