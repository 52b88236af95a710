"""The contract with the PWA is fresh and says what the domain says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models import contract, documents
from models.workflow import workflow

GENERATED = Path(__file__).parents[2] / "pwa" / "src" / "contract"
STALE = "stale: run `tianwen contract`"


class TestFiles:
    def test_the_table_is_fresh(self) -> None:
        assert GENERATED.joinpath("contract.json").read_text("utf-8") == contract.contract_json(), STALE

    def test_the_types_are_fresh(self) -> None:
        assert GENERATED.joinpath("types.ts").read_text("utf-8") == contract.types_ts(), STALE


class TestTable:
    WRITTEN = json.loads(contract.contract_json())

    def test_carries_every_state_and_kind(self) -> None:
        assert self.WRITTEN["states"].keys() == workflow().states.keys()
        assert {name: row["moves"] for name, row in self.WRITTEN["kinds"].items()} == {
            name: kind.moves for name, kind in workflow().kinds.items()
        }

    def test_carries_what_both_languages_must_agree_on(self) -> None:
        assert self.WRITTEN["roles"] == ["informant", "township_lead", "expert", "centre", "administrator"]
        assert self.WRITTEN["limits"] == {"text": 4000, "chunk": 24576, "chunks": 512}
        assert self.WRITTEN["server"] == {"name": "server", "device": "server00"}
        assert self.WRITTEN["defaults"] == {"triage_minutes": 60, "reply_minutes": 180, "callback_days": 7}


class TestTypes:
    WRITTEN = contract.types_ts()

    @pytest.mark.parametrize("model", documents.TYPES.values(), ids=documents.TYPES.keys())
    def test_every_field_of_every_document(self, model: type) -> None:
        block = self.WRITTEN.split(f"export interface {model.__name__}Document {{")[1].split("}")[0]
        lines = {line.split(":")[0].strip() for line in block.strip().splitlines()}
        wanted = {
            name if field.is_required() or name == "type" else f"{name}?"
            for name, field in model.model_fields.items()  # type: ignore[attr-defined]
        }
        assert lines == wanted | {"_id", "_rev?"}

    @pytest.mark.parametrize(
        "line",
        [
            "  media?: string[];",
            "  urgent?: boolean;",
            "  stars?: number;",
            '  outcome?: "solved" | "better" | "unsolved";',
            '  type: "chunk";',
            "  results: SimilarCase[];",
            "export type AnyDocument = DemandDocument | EventDocument | MediaDocument | ChunkDocument"
            " | ContactDocument | SimilarDocument | FeedbackDocument;",
            "  helpful: boolean;",
            "  offline?: boolean;",
        ],
    )
    def test_shapes(self, line: str) -> None:
        assert line in self.WRITTEN.splitlines()

    def test_refuses_a_shape_that_it_has_no_words_for(self) -> None:
        with pytest.raises(NotImplementedError):
            contract._type({"type": "object"})
