from search.boosts import Circumstances
from search.cases import Case
from search.encoder import Encoder
from search.ranking import make_query, search
from search.segment import in_memory

TWINS = (
    Case("may", "柑橘里面有蛆，提早发黄落果", "", "川果", "柑橘", "510726102000", "2025-05-03"),
    Case("november", "柑子里头有蛆，没熟就黄了往下掉", "", "川菜", "", "510727201000", "2025-11-03"),
)


def order(encoder: Encoder, circumstances: Circumstances) -> list[str]:
    segment = in_memory(TWINS, encoder.encode([TWINS[0].question] * 2))
    query = make_query("果子生蛆往下落", encoder, circumstances=circumstances)
    return [ranked.case.id for ranked in search([segment], query, 2, [frozenset()])]


class TestBoosts:
    def test_the_season_the_place_and_the_industry_order_equals(self, encoder: Encoder) -> None:
        for field, may, november in (
            ("date", "2026-06-01", "2026-10-20"),
            ("region", "510726102003", "510727201000"),
            ("industry", "川果", "川菜"),
        ):
            gains = []
            for value in (may, november):
                segment = in_memory(TWINS, encoder.encode([TWINS[0].question] * 2))
                asked = Circumstances(**{field: value})
                found = search(
                    [segment], make_query("果子生蛆", encoder, circumstances=asked), 2, [frozenset()]
                )
                plain = search([segment], make_query("果子生蛆", encoder), 2, [frozenset()])
                before = {one.case.id: one.score for one in plain}
                gains.append({one.case.id: one.score - before[one.case.id] for one in found})
            assert gains[0]["may"] > gains[0]["november"]
            assert gains[1]["november"] > gains[1]["may"]

    def test_none_is_hidden(self, encoder: Encoder) -> None:
        asked = Circumstances("川果", "柑橘", "510726102000", "2026-05-01")
        assert set(order(encoder, asked)) == {"may", "november"}

    def test_nonsense_gains_nothing(self, encoder: Encoder) -> None:
        assert order(encoder, Circumstances("没有", "没有", "没有", "没有")) == order(
            encoder, Circumstances()
        )
