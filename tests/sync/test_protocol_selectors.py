"""Mango selectors: which documents match, in CouchDB's meaning."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import BadRequest
from sync.protocol.selectors import collated, compile_selector

DOC = {
    "_id": "a",
    "n": 7,
    "name": "水稻",
    "none": None,
    "flag": True,
    "list": [1, 5, "x"],
    "pests": [{"kind": "rice", "seen": 3}, {"kind": "maize", "seen": 9}],
    "field": {"area": 2.5, "owner": {"name": "anna"}},
    "a.b": "dotted",
}

MATCHING = [
    {},
    {"n": 7},
    {"n": 7.0},
    {"n": {"$eq": 7}},
    {"n": {"$ne": 8}},
    {"n": {"$gt": 6, "$lt": 8}},
    {"n": {"$gte": 7, "$lte": 7}},
    {"n": {"$gt": None}},
    {"name": {"$gt": 99}},
    {"list": {"$gt": "zzz"}},
    {"field": {"$gt": []}},
    {"flag": {"$gt": False}},
    {"n": {"$in": [1, 7]}},
    {"list": {"$in": ["x", 9]}},
    {"n": {"$nin": [1, 2]}},
    {"n": {"$exists": True}},
    {"none": {"$exists": True}},
    {"odd": {"$exists": False}},
    {"n": {"$type": "number"}},
    {"none": {"$type": "null"}},
    {"flag": {"$type": "boolean"}},
    {"field": {"$type": "object"}},
    {"list": {"$size": 3}},
    {"n": {"$mod": [4, 3]}},
    {"name": {"$regex": "^水"}},
    {"name": {"$beginsWith": "水"}},
    {"list": {"$all": [5, 1]}},
    {"list": {"$all": [[1, 5, "x"]]}},
    {"list": {"$elemMatch": {"$gt": 4, "$lt": 6}}},
    {"pests": {"$elemMatch": {"kind": "rice", "seen": {"$lt": 4}}}},
    {"pests": {"$allMatch": {"seen": {"$gt": 2}}}},
    {"field": {"$keyMapMatch": {"$eq": "area"}}},
    {"field.owner.name": "anna"},
    {"field": {"owner": {"name": "anna"}}},
    {"pests.1.kind": "maize"},
    {"a\\.b": "dotted"},
    {"$and": [{"n": 7}, {"name": "水稻"}]},
    {"$or": [{"n": 1}, {"name": "水稻"}]},
    {"$nor": [{"n": 1}, {"n": 2}]},
    {"$not": {"n": 1}},
    {"n": {"$not": {"$gt": 10}}},
    {"n": {"$or": [{"$lt": 1}, {"$gt": 6}]}},
    {"$not": {"$or": [{"n": 1}, {"n": 2}]}},
    {"$not": {"$nor": [{"n": 7}, {"n": 2}]}},
    {"$not": {"n": {"$gt": 1, "$lt": 5}}},
]
OTHERS = [
    {"n": 8},
    {"n": "7"},
    {"flag": 1},
    {"odd": None},
    {"odd": {"$ne": 1}},
    {"$not": {"odd": 1}},
    {"$nor": [{"odd": 1}]},
    {"odd": {"$nin": [1]}},
    {"n": {"$exists": False}},
    {"$not": {"n": {"$exists": True}}},
    {"n": {"$size": 1}},
    {"name": {"$mod": [2, 1]}},
    {"n": {"$regex": "7"}},
    {"n": {"$in": []}},
    {"list": {"$all": [1, 2]}},
    {"list": {"$nin": [5]}},
    {"n": {"$elemMatch": {"$gt": 0}}},
    {"pests": {"$elemMatch": {"kind": "rice", "seen": 9}}},
    {"pests": {"$allMatch": {"kind": "rice"}}},
    {"list": {"$keyMapMatch": {"$eq": "x"}}},
    {"a.b": "dotted"},
    {"pests.7.kind": "maize"},
    {"n.deep": 1},
    {"field": {}},
    {"$and": [{"n": 7}, {"n": 8}]},
    {"name": {"$regex": "(x+x+)+y"}},
]


@pytest.mark.parametrize("selector", MATCHING)
def test_matches(selector):
    assert compile_selector(selector)(DOC)


@pytest.mark.parametrize("selector", OTHERS)
def test_does_not_match(selector):
    assert not compile_selector(selector)(DOC)


@pytest.mark.parametrize(
    ("selector", "error"),
    [
        ([], "bad_request"),
        ("text", "bad_request"),
        ({"$gt": 5}, "invalid_selector"),
        ({"": 5}, "invalid_selector"),
        ({"n": {"$odd": 5}}, "invalid_operator"),
        ({"n": {"$where": "1"}}, "invalid_operator"),
        ({"n": {"$in": 5}}, "bad_arg"),
        ({"n": {"$mod": [0, 1]}}, "bad_arg"),
        ({"n": {"$mod": [True, 1]}}, "bad_arg"),
        ({"n": {"$size": -1}}, "bad_arg"),
        ({"n": {"$exists": 1}}, "bad_arg"),
        ({"n": {"$type": 1}}, "bad_arg"),
        ({"n": {"$regex": "("}}, "bad_arg"),
        ({"n": {"$regex": "x" * 2000}}, "bad_arg"),
        ({"n": {"$elemMatch": 1}}, "bad_arg"),
        ({"$and": {}}, "bad_arg"),
        ({"$not": []}, "bad_arg"),
    ],
)
def test_is_refused(selector, error):
    with pytest.raises(BadRequest) as caught:
        compile_selector(selector)
    assert caught.value.error == error


def test_a_deep_one_is_refused():
    selector = {"n": 1}
    for _ in range(100):
        selector = {"$not": selector}
    with pytest.raises(BadRequest):
        compile_selector(selector)


def test_an_evil_expression_gives_up():
    assert not compile_selector({"n": {"$regex": "^(a+)+$"}})({"n": "a" * 5000 + "!"})


values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)


@given(value=values, bound=values)
def test_of_two_values_one_order_holds(value, bound):
    holds = [compile_selector({"n": {op: bound}})({"n": value}) for op in ("$lt", "$eq", "$gt")]
    assert sum(holds) == 1
    assert (collated(value) == collated(bound)) == holds[1]


@given(value=values, bound=values)
def test_a_field_that_is_there_matches_a_condition_or_its_negation(value, bound):
    for condition in ({"$gt": bound}, {"$in": [bound]}, {"$all": [bound]}, {"$elemMatch": {"$eq": bound}}):
        doc = {"n": value}
        assert compile_selector({"n": condition})(doc) != compile_selector({"$not": {"n": condition}})(doc)
