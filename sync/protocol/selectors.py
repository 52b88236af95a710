"""Mango selectors, for `_changes?filter=_selector`: which documents match. Pure functions.

The operators of https://docs.couchdb.org/en/stable/api/database/find.html#selector-syntax, with CouchDB's
meaning: a field that is not there matches nothing but {"$exists": false}, also under $not and $nor.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import regex

from sync.errors import BadRequest

Match = Callable[[Any], bool]

_DEEPEST = 40
# One expression on one value; an evil one takes exponential time. CouchDB gives up on it silently too.
_REGEX_PATIENCE_S = 0.02
_LONGEST_REGEX = 1000
_MISSING: Any = object()


def compile_selector(selector: object) -> Match:
    """A function that says whether a document matches; BadRequest when `selector` is none."""
    if not isinstance(selector, dict):
        raise BadRequest("Selector error: expected a JSON object")
    return _condition(selector, (), negated=False, depth=0, inside=False) if selector else _anything


def _anything(value: Any) -> bool:
    return True


def _condition(arg: Any, path: tuple[str, ...], *, negated: bool, depth: int, inside: bool) -> Match:
    """`arg` applied to the field at `path`. `inside`: of $elemMatch and its kin, whose elements are bare."""
    if depth > _DEEPEST:
        raise BadRequest("The selector is nested too deeply", "bad_arg")
    if not isinstance(arg, dict) or not arg:
        return _leaf("$eq", arg, path, negated, depth, inside)
    every = [_clause(key, each, path, negated, depth, inside) for key, each in arg.items()]
    return _combined(every, all_of=not negated)


def _clause(key: str, arg: Any, path: tuple[str, ...], negated: bool, depth: int, inside: bool) -> Match:
    if key in ("$and", "$or", "$nor"):
        return _combination(key, arg, path, negated, depth, inside)
    if key == "$not":
        if not isinstance(arg, dict):
            raise _bad_argument(key, arg)
        return _condition(arg, path, negated=not negated, depth=depth + 1, inside=inside)
    if key[:1] == "$":
        return _leaf(key, arg, path, negated, depth, inside)
    return _condition(arg, path + _names(key), negated=negated, depth=depth + 1, inside=inside)


def _combination(
    key: str, args: Any, path: tuple[str, ...], negated: bool, depth: int, inside: bool
) -> Match:
    """De Morgan: a negation moves down to the fields, as CouchDB moves it."""
    if not isinstance(args, list):
        raise _bad_argument(key, args)
    within = negated != (key == "$nor")
    each = [_condition(arg, path, negated=within, depth=depth + 1, inside=inside) for arg in args]
    return _combined(each, all_of=(key == "$and") != negated if key != "$nor" else not negated)


def _combined(each: list[Match], *, all_of: bool) -> Match:
    if len(each) == 1:
        return each[0]
    if all_of:
        return lambda value: all(match(value) for match in each)
    return lambda value: any(match(value) for match in each)


def _names(key: str) -> tuple[str, ...]:
    """`a.b` is b inside a; a dot of the name itself is written `\\.`."""
    names = tuple(part.replace("\0", ".") for part in key.replace("\\.", "\0").split("."))
    if not all(names):
        raise BadRequest("Selector error: missing field name", "invalid_selector")
    return names


def _leaf(key: str, arg: Any, path: tuple[str, ...], negated: bool, depth: int, inside: bool) -> Match:
    if not path and not inside:
        raise BadRequest("Selector error: missing field name", "invalid_selector")
    if key == "$exists":
        if not isinstance(arg, bool):
            raise _bad_argument(key, arg)
        wanted = arg != negated
        return lambda value: (_at(value, path) is not _MISSING) == wanted
    test = _test(key, arg, depth)

    def match(value: Any) -> bool:
        found = _at(value, path)
        return found is not _MISSING and test(found) != negated

    return match


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if isinstance(value, dict):
            value = value.get(name, _MISSING)
        elif isinstance(value, list) and name.isascii() and name.isdigit() and len(name) < 10:
            value = value[int(name)] if int(name) < len(value) else _MISSING
        else:
            return _MISSING
    return value


# -- the operators


def _test(key: str, arg: Any, depth: int) -> Match:
    if key in _COMPARISONS:
        compare, bound = _COMPARISONS[key], collated(arg)
        return lambda value: bool(compare(collated(value), bound))
    if key in _NESTED:
        if not isinstance(arg, dict):
            raise _bad_argument(key, arg)
        inner = _condition(arg, (), negated=False, depth=depth + 1, inside=True) if arg else _anything
        return _NESTED[key](inner)
    if key not in _OPERATORS:
        raise BadRequest(f"Invalid operator: {key[:80]}", "invalid_operator")
    fits, make = _OPERATORS[key]
    if not fits(arg):
        raise _bad_argument(key, arg)
    return make(arg)


def _bad_argument(key: str, arg: Any) -> BadRequest:
    return BadRequest(f"Bad argument for operator {key}: {str(arg)[:80]}", "bad_arg")


def collated(value: Any) -> tuple[Any, ...]:
    """A key that sorts as CouchDB does: null, false, true, numbers, text, arrays, objects."""
    if value is None:
        return (0,)
    if isinstance(value, bool):
        return (1, value)
    if isinstance(value, int | float):
        return (2, value)
    if isinstance(value, str):
        return (3, value)
    if isinstance(value, list):
        return (4, *(collated(each) for each in value))
    return (5, *((name, collated(each)) for name, each in sorted(value.items())))


_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "$lt": operator.lt,
    "$lte": operator.le,
    "$eq": operator.eq,
    "$ne": operator.ne,
    "$gte": operator.ge,
    "$gt": operator.gt,
}


def _elem_match(inner: Match) -> Match:
    return lambda value: isinstance(value, list) and any(map(inner, value))


def _all_match(inner: Match) -> Match:
    return lambda value: isinstance(value, list) and bool(value) and all(map(inner, value))


def _key_map_match(inner: Match) -> Match:
    return lambda value: isinstance(value, dict) and any(map(inner, value))


_NESTED: dict[str, Callable[[Match], Match]] = {
    "$elemMatch": _elem_match,
    "$allMatch": _all_match,
    "$keyMapMatch": _key_map_match,
}


def _in(args: list[Any]) -> Match:
    """Of an array, one element is enough."""
    wanted = [collated(arg) for arg in args]

    def match(value: Any) -> bool:
        values = value if isinstance(value, list) else [value]
        return any(collated(each) in wanted for each in values)

    return match


def _nin(args: list[Any]) -> Match:
    among = _in(args)
    return lambda value: not among(value)


def _all(args: list[Any]) -> Match:
    wanted = [collated(arg) for arg in args]

    def match(value: Any) -> bool:
        if not isinstance(value, list):
            return False
        held = [collated(each) for each in value]
        return all(each in held for each in wanted) or wanted == [collated(value)]

    return match


def _mod(arg: list[int]) -> Match:
    divisor, remainder = arg

    def match(value: Any) -> bool:
        if not _is_integer(value):
            return False
        left = abs(value) % abs(divisor)  # the sign is the dividend's, as in Erlang
        return bool((-left if value < 0 else left) == remainder)

    return match


def _regex(text: str) -> Match:
    try:
        pattern = regex.compile(text)
    except (regex.error, RecursionError, OverflowError) as error:
        raise _bad_argument("$regex", text) from error

    def match(value: Any) -> bool:
        try:
            return isinstance(value, str) and pattern.search(value, timeout=_REGEX_PATIENCE_S) is not None
        except TimeoutError:
            return False

    return match


def _type(name: str) -> Match:
    names = ("null", "boolean", "number", "string", "array", "object")
    return lambda value: names[collated_rank(value)] == name


def collated_rank(value: Any) -> int:
    """The place of a value's type in CouchDB's order of types."""
    kinds: tuple[Any, ...] = (type(None), bool, int | float, str, list, dict)
    return next(rank for rank, kind in enumerate(kinds) if isinstance(value, kind))


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_list(arg: object) -> bool:
    return isinstance(arg, list)


def _is_text(arg: object) -> bool:
    return isinstance(arg, str)


_OPERATORS: dict[str, tuple[Callable[[Any], bool], Callable[[Any], Match]]] = {
    "$in": (_is_list, _in),
    "$nin": (_is_list, _nin),
    "$all": (_is_list, _all),
    "$type": (_is_text, _type),
    "$regex": (lambda arg: _is_text(arg) and len(arg) <= _LONGEST_REGEX, _regex),
    "$beginsWith": (_is_text, lambda arg: lambda value: isinstance(value, str) and value.startswith(arg)),
    "$size": (
        lambda arg: _is_integer(arg) and arg >= 0,
        lambda arg: lambda value: isinstance(value, list) and len(value) == arg,
    ),
    "$mod": (
        lambda arg: isinstance(arg, list) and len(arg) == 2 and all(map(_is_integer, arg)) and arg[0] != 0,
        _mod,
    ),
}
