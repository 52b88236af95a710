"""The offline pack: how large, how true to the encoder, how long to make, how small the news.

The store holds 5,000 past consultations: questions of the evaluation sets and the demonstration, replies of
the demonstration. The peer of making a pack is to read the same consultations from the store and fold them.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import orjson

from search.cases import Case
from search.encoder import SHIPPED
from search.pack.container import read
from search.pack.language import shipped
from search.pack.reader import kept
from search.static import Static
from server.accounts import NewPerson
from server.deployment import Deployment, Settings
from server.importing import import_history
from tests.bench.table import Measured
from tests.search.pack_cases import realistic

COUNT, NEW = 5000, 10
DEV = SHIPPED.parent / "dev"
WORDED = ("question", "near", "dialect", "far", "typo")


def measure() -> list[Measured]:
    return [*language(), *county()]


def language() -> list[Measured]:
    """The sections of the encoder, and what they cost in likeness."""
    model, packed = Static.load(SHIPPED), shipped()
    texts = questions()
    exact, table = model.encode(texts), packed.model().encode(texts)
    phone = kept(table)
    known = np.linalg.norm(exact, axis=1) > 0
    cosine = (exact * table).sum(axis=1)[known]
    apart = exact @ exact.T - table @ phone.T
    sections = packed.packed().sections
    sizes = [Measured(f"pack, section {section.name}", len(section.packed), "bytes") for section in sections]
    return [
        *sizes,
        Measured(
            "pack, language in all", sum(len(section.packed) for section in sections), "bytes",
            target="4,000,000",
        ),
        Measured(f"1 - cosine by the packed table, mean of {len(texts)}", float(1 - cosine.mean()), ""),
        Measured("1 - cosine by the packed table, worst", float(1 - cosine.min()), ""),
        Measured("cosine of two questions on the phone, off by (rms)", rms(apart), ""),
        Measured("cosine of two questions on the phone, off by (worst)", float(np.abs(apart).max()), ""),
    ]  # fmt: skip


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.square(values).mean()))


def questions() -> list[str]:
    """Every wording of a question in search/dev/."""
    lines = [line for path in sorted(DEV.glob("*.jsonl")) for line in path.read_bytes().splitlines()]
    rows = [orjson.loads(line) for line in lines if line]
    return [row[name] for row in rows for name in WORDED if isinstance(row.get(name), str) and row[name]]


def county() -> list[Measured]:
    """A county of 5,000 cases, and ten more."""
    cases = realistic(COUNT + NEW)
    with tempfile.TemporaryDirectory() as folder, Deployment(Settings(Path(folder))) as deployment:
        deployment.accounts.add(
            [
                NewPerson(
                    "138-0000-9001", "long enough", "周演示", "informant", "510726105201",
                    must_change_password=False,
                )
            ]
        )  # fmt: skip
        load(deployment, Path(folder), cases[:COUNT])
        first, _ = packed(deployment)  # NumPy, the language
        held = read(first.read_bytes()).header
        assert held.count == COUNT
        shutil.rmtree(Path(folder) / "packs")
        whole, making = packed(deployment)
        begun = time.perf_counter()
        for identifier in deployment.consultations.newest_cases(deployment.programme.county, COUNT):
            deployment.consultations.documents(identifier)
        reading = time.perf_counter() - begun
        _, again = packed(deployment)
        load(deployment, Path(folder), cases[COUNT:])
        news, renewing = packed(deployment, held.version, held.language)
        told = read(news.read_bytes())
        assert (told.header.kind, told.content("cases").count(b"\n")) == ("difference", NEW)
        bare, _ = packed(deployment, None, held.language)
        return [
            Measured(f"pack, {COUNT} cases", bare.stat().st_size, "bytes", target="1,000,000"),
            Measured(f"pack, {COUNT} cases and the language", whole.stat().st_size, "bytes"),
            Measured(f"making it, {COUNT} cases", making, "s", "reading them from the store", reading),
            Measured("asking for one that is there", again * 1000, "ms"),
            Measured(f"making the difference after {NEW} new cases", renewing, "s"),
            Measured(f"the difference after {NEW} new cases", news.stat().st_size, "bytes"),
        ]


def packed(
    deployment: Deployment, since: str | None = None, language: str | None = None
) -> tuple[Path, float]:
    """A pack, and how long it took."""
    person = deployment.accounts.by_login("138-0000-9001")
    assert person is not None
    begun = time.perf_counter()
    path = asyncio.run(deployment.packs.file(person, since, language))
    return path, time.perf_counter() - begun


def load(deployment: Deployment, folder: Path, cases: Sequence[Case]) -> None:
    path = folder / "history.jsonl"
    rows = [
        {
            "question": case.question, "answer": case.answer, "crop": case.crop, "industry": case.industry,
            "region": case.region, "date": case.date,
        }
        for case in cases
    ]  # fmt: skip
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    report = import_history(path, deployment.database, deployment.programme)
    assert report.imported == len(cases), (report.imported, report.doubled, report.faults[:3])
    deployment.consultations.catch_up()
