"""Hand-written pairs: a farmer's question, and the same need in other words.

Every ``*.jsonl`` here holds one field (grain, pigs, machines...), or one way of speaking over several:
``near_`` ordinary words of other people, ``dialect_`` of many regions, ``signs_`` what is seen against the
name of it, ``tell_`` little stories, ``far_`` words that share nothing, ``practices`` and ``faults`` a term
against its description; ``life`` is what villagers ask and no farm archive answers, to be kept apart. A line
is as in `search.written`: a question as it might stand in the archive, and wordings that share as few
characters with it as people's own words do. Needs of one crop or animal stand together, so that the lines
around a need are its nearest misses.
"""

from functools import cache
from pathlib import Path

from search.written import Fields, read


@cache
def fields() -> Fields:
    """The needs of every field."""
    return read(Path(__file__).parent)
