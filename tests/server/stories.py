"""The documents of one consultation, as phones and the centre write them; one call, one document."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from models.clock import next_stamp, stamp
from models.ids import chunk_id, contact_id, demand_id, event_id, feedback_id, media_id, new_ulid
from models.workflow import Doc, iso
from server.accounts import Person

CHUNK = 24 * 1024
QUESTION = "苞谷叶子从尖尖上往里头黄，底下的脚叶先黄"


@dataclass
class Story:
    """`reporter`'s consultation. Each event's clock is one step after the last, each moment a second."""

    reporter: Person
    device: str = "0a1b2c3d"
    text: str = QUESTION
    crop: str = "玉米"
    industry: str = "粮油"
    id: str = field(default_factory=new_ulid)
    moment: datetime = field(default_factory=lambda: datetime.now(UTC))
    clock: str = ""

    def __post_init__(self) -> None:
        self.clock = self.clock or stamp(int(self.moment.timestamp() * 1000))

    def demand(self, **more: Any) -> Doc:
        return {
            "_id": demand_id(self.id), "type": "demand", "reporter": self.reporter.id,
            "region": self.reporter.region, "industry": self.industry, "crop": self.crop, "text": self.text,
            "clock": self.clock, "device": self.device, "at": iso(self.moment), **more,
        }  # fmt: skip

    def event(self, kind: str, by: Person, device: str = "", **payload: Any) -> Doc:
        # Room for the receipt, whose clock is one step after the demand's.
        self.clock = next_stamp(0, [next_stamp(0, [self.clock])])
        self.moment += timedelta(seconds=1)
        device = device or self.device
        return {
            "_id": event_id(self.id, self.clock, device), "type": "event", "kind": kind, "demand": self.id,
            "by": by.id, "clock": self.clock, "device": device, "at": iso(self.moment), **payload,
        }  # fmt: skip

    def contact(self, name: str, phone: str) -> Doc:
        return {
            "_id": contact_id(self.id), "type": "contact", "demand": self.id, "name": name, "phone": phone,
            "region": self.reporter.region, "reporter": self.reporter.id, "device": self.device,
            "at": iso(self.moment),
        }  # fmt: skip

    def feedback(self, case: str, helpful: bool = True, **more: Any) -> Doc:
        """What the reporter says of a case that came up for the same words."""
        self.moment += timedelta(seconds=1)
        return {
            "_id": feedback_id(new_ulid(int(self.moment.timestamp() * 1000))), "type": "feedback",
            "by": self.reporter.id, "region": self.reporter.region, "text": self.text, "case": case,
            "helpful": helpful, "device": self.device, "at": iso(self.moment), **more,
        }  # fmt: skip

    def photo(self, content: bytes, caption: str = "") -> list[Doc]:
        """The description, then the chunks."""
        media = new_ulid()
        pieces = [content[begin : begin + CHUNK] for begin in range(0, len(content), CHUNK)]
        shared = {"demand": self.id, "by": self.reporter.id, "device": self.device}
        described = {
            "_id": media_id(media), "type": "media", "mime": "image/jpeg", "bytes": len(content),
            "chunks": len(pieces), "sha256": hashlib.sha256(content).hexdigest(),
            "width": 640, "height": 480,
            "clock": self.clock, "at": iso(self.moment),
            **({"caption": caption} if caption else {}), **shared,
        }  # fmt: skip
        return [
            described,
            *(
                {
                    "_id": chunk_id(media, number), "type": "chunk", "media": media, "n": number,
                    "data": base64.b64encode(piece).decode(), **shared,
                }
                for number, piece in enumerate(pieces)
            ),
        ]  # fmt: skip
