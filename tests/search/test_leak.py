"""What is measured was never trained on."""

from collections import Counter
from collections.abc import Iterator

import orjson

from search import pairs as by_hand
from search import thesaurus, train
from search.fold import bigrams
from search.grammar import pairs
from search.sets import BLIND

FIELDS = ("question", "near", "dialect", "query")
NEAR = 0.8


def asked() -> set[str]:
    """Every text of the blind sets that is asked or looked for."""
    return {
        row[field]
        for path in sorted(BLIND.rglob("*.jsonl"))
        if path.name != "archive.jsonl"
        for row in map(orjson.loads, path.read_bytes().splitlines())
        for field in FIELDS
        if field in row
    }


def trained() -> Iterator[str]:
    """Every text that training may see."""
    for fields in (by_hand.fields(), thesaurus.fields()):
        for written in fields.values():
            for one in written:
                yield from one.wordings
    for pair in pairs(12_000, train.SEED):
        yield from (pair.one, pair.other, pair.miss)


def test_no_test_question_or_near_duplicate_is_among_the_training_pairs() -> None:
    texts = sorted(asked())
    sets = [bigrams(text) for text in texts]
    holders: dict[str, list[int]] = {}
    for number, said in enumerate(sets):
        for bigram in said:
            holders.setdefault(bigram, []).append(number)
    leaks = set()
    for text in set(trained()):
        said = bigrams(text)
        shared = Counter(number for bigram in said for number in holders.get(bigram, ()))
        for number, common in shared.items():
            # Of very short texts, equal ones are the only near-duplicates that mean anything.
            if common / len(said | sets[number]) > NEAR and len(sets[number]) > 3:
                leaks.add((texts[number], text))
    assert not leaks
