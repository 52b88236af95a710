"""Training pairs put together from the thesaurus: two to four things said at once, each in other words.

A static embedding adds up its tokens: what it learns of a phrase beside any others it knows in every
question. The near miss says all the same things but one, and there a neighbouring line.
"""

from collections.abc import Iterator
from random import Random

from search import thesaurus
from search.grammar import Pair, neighbour
from search.written import Written

_SIZES, _WEIGHTS = (2, 3, 4), (0.3, 0.4, 0.3)
_JOINTS = ("", "", "，", " ")


def phrase_pairs(count: int, seed: int) -> Iterator[Pair]:
    """`count` pairs, every phrase as often as every other; the same for the same seed and thesaurus."""
    random = Random(seed)
    fields = thesaurus.fields()
    placed = [(written, place) for written in fields.values() for place in range(len(written))]
    order: list[tuple[tuple[Written, ...], int]] = []
    for _ in range(count):
        size = random.choices(_SIZES, _WEIGHTS)[0]
        if len(order) < size:
            order = random.sample(placed, len(placed))
        chosen = [order.pop() for _ in range(size)]
        said = [written[place] for written, place in chosen]
        twice = [random.sample(one.wordings, 2) for one in said]
        missed = random.randrange(size)
        said_but_one = [*said]
        said_but_one[missed] = neighbour(random, *chosen[missed])
        yield Pair(
            " ".join(sorted(one.key for one in said)),
            _joined(random, [one for one, _ in twice]),
            _joined(random, [other for _, other in twice]),
            _joined(random, [random.choice(one.wordings) for one in said_but_one]),
        )


def _joined(random: Random, parts: list[str]) -> str:
    return random.choice(_JOINTS).join(random.sample(parts, len(parts)))
