"""The documents of the benches: about 600 bytes of JSON each, Chinese, as a phone writes them."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from typing import Any

import orjson

Doc = dict[str, Any]
BATCH = 100
SENTENCES = (
    "苞谷叶子从尖尖上往里头黄，底下的脚叶先黄，上头的还青。",
    "猪儿拉稀不吃食，耳朵尖发紫，一天比一天瘦。",
    "茶树嫩芽卷起来，翻开有小虫子，打过一回药不见好。",
    "洋芋叶子起黑斑，一下雨就烂，闻起来臭。",
    "蜂子飞出去不回来，箱子门口一地死蜂。",
)


def document(name: str, luck: random.Random) -> Doc:
    """One document with its first revision, as replication brings it."""
    doc: Doc = {
        "_id": name,
        "type": "note",
        "at": "2026-07-31T06:00:00.000Z",
        "device": "0a1b2c3d",
        "text": "",
    }
    while len(orjson.dumps(doc)) < 520:
        doc["text"] += luck.choice(SENTENCES)
    doc["text"] = doc["text"][: len(doc["text"]) - max(0, len(orjson.dumps(doc)) - 540) // 3]
    digest = hashlib.md5(orjson.dumps(doc), usedforsecurity=False).hexdigest()
    return {**doc, "_rev": f"1-{digest}", "_revisions": {"start": 1, "ids": [digest]}}


def batches(prefix: str, count: int, seed: int = 1) -> Iterator[list[Doc]]:
    """`count` documents in batches of a hundred."""
    luck = random.Random(f"{prefix}/{seed}")
    for start in range(0, count, BATCH):
        yield [document(f"{prefix}{n:08d}", luck) for n in range(start, min(count, start + BATCH))]
