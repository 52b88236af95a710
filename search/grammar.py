"""Training pairs: one need, said twice in different words, and a near miss.

`pairs` come from the lexicon, `written_pairs` from the needs that were written one by one (``search/pairs``
and ``needs.txt``).

A *need* is a shape (a line of ``templates.txt``) with its slots bound to groups of the lexicon: maize x
leaf x yellow. It is said by choosing a sentence of its shape and a variant for each slot, with the chatter
of real messages around it. Its *near miss* differs in one slot: another crop with the same symptom, or
another symptom of the same crop.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from random import Random

from search.concepts import concepts, subjects
from search.lexicon import SUBJECTS, Group, groups, of_kind
from search.pairs import fields
from search.thesaurus import LONGEST, SHORTEST, synonyms
from search.written import Fields, Written

_SLOT = re.compile(r"\{(\w+)\}")
_NEIGHBOURS = 8
"""A near miss of what was written by hand is one of the so many lines before and after it."""

_PHRASES = ("why", "what", "drug", "medicine", "how", "owner", "when", "degree", "scale", "herd")


@dataclass(frozen=True)
class Need:
    """What is asked: `shapes` are the lines of templates that can say it, `slots` bind their names to
    groups."""

    shapes: tuple[str, ...]
    slots: tuple[tuple[str, Group], ...]

    @property
    def key(self) -> str:
        """Equal for two needs that mean the same."""
        return "/".join(group.name for _, group in self.slots) + "|" + self.shapes[0]


@dataclass(frozen=True)
class Pair:
    """Two ways to say one need, and one way to say a near miss; `key` identifies the need."""

    key: str
    one: str
    other: str
    miss: str


def pairs(count: int, seed: int) -> Iterator[Pair]:
    """`count` pairs of the lexicon, the same for the same seed and lexicon."""
    random = Random(seed)
    kinds, weights = zip(*_KINDS.items(), strict=True)
    for _ in range(count):
        make = random.choices(kinds, weights)[0]
        need = make(random)
        miss = _miss(random, make, need)
        yield Pair(need.key, say(random, need), say(random, need), say(random, miss))


def written_pairs(count: int, seed: int) -> Iterator[Pair]:
    """`count` pairs of the hand-written needs, each need as often as every other."""
    random = Random(seed)
    placed = [(needs, place) for needs in written().values() for place in range(len(needs))]
    order: list[tuple[tuple[Written, ...], int]] = []
    for _ in range(count):
        if not order:
            order = random.sample(placed, len(placed))
        needs, place = order.pop()
        one, other = random.sample(needs[place].wordings, 2)
        miss = random.choice(neighbour(random, needs, place).wordings)
        yield Pair(needs[place].key, *(_retold(random, text) for text in (one, other, miss)))


@cache
def written() -> Fields:
    """The hand-written needs by field; those of the lexicon are the field ``needs``."""
    return {
        **fields(),
        "needs": tuple(Written(group.name, group.variants) for group in of_kind("needs")),
    }


def neighbour(random: Random, needs: tuple[Written, ...], place: int) -> Written:
    """Another line close to this one: its near miss."""
    near = range(max(0, place - _NEIGHBOURS), min(len(needs), place + _NEIGHBOURS + 1))
    return needs[random.choice([number for number in near if number != place] or [place])]


def _retold(random: Random, text: str) -> str:
    """The same words with other chatter, now and then with a synonym or another name for a crop or animal."""
    if random.random() < 0.4:
        text = _reworded(random, text)
    if random.random() < 0.3:
        text = _renamed(random, text)
    return _chatter(random, text) if random.random() < 0.5 else text


def _reworded(random: Random, text: str) -> str:
    """With another wording for a phrase of the thesaurus, of three characters at least if it has such."""
    found = [
        (place, place + length)
        for place in range(len(text))
        for length in range(SHORTEST, min(LONGEST, len(text) - place) + 1)
        if text[place : place + length] in synonyms()
    ]
    if not found:
        return text
    least = min(3, max(end - begin for begin, end in found))
    begin, end = random.choice([part for part in found if part[1] - part[0] >= least])
    return text[:begin] + random.choice(synonyms()[text[begin:end]]) + text[end:]


def _renamed(random: Random, text: str) -> str:
    names = [name for name in _spoken() if name in text]
    if not names:
        return text
    # the longest name: what it holds of shorter ones is no name of its own
    name = max(names, key=len)
    return text.replace(name, _variant(random, _spoken()[name]), 1)


@cache
def _spoken() -> dict[str, Group]:
    """Names of crops and animals, of two characters at least, that mean one thing only."""
    found: dict[str, Group] = {}
    twice = set()
    for group in groups():
        if group.kind in SUBJECTS and group.kind != "others":
            for variant in group.variants:
                twice.update({variant} & found.keys())
                found[variant] = group
    return {name: group for name, group in found.items() if len(name) > 1 and name not in twice}


def say(random: Random, need: Need) -> str:
    """One way to say it."""
    shape = random.choice(need.shapes)
    slots = dict(need.slots)

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name == "told":
            subject = slots.get("crop") or slots["animal"]
            return random.choice(_fitting(slots["pest"], subject))
        if name in slots:
            return _variant(random, slots[name])
        return random.choice(_phrase(name)) if name in _PHRASES else ""

    return _chatter(random, _SLOT.sub(fill, random.choice(_phrases_of("templates", shape))))


def _variant(random: Random, group: Group) -> str:
    """The standard name a third of the time, or else any variant."""
    return group.name if random.random() < 0.33 else random.choice(group.variants)


def _chatter(random: Random, text: str) -> str:
    if random.random() < 0.25:
        text = random.choice(_phrase("open")) + random.choice("，, 。") + text
    if random.random() < 0.15:
        text += "，" + random.choice(_phrase("tried"))
    if random.random() < 0.25:
        text += random.choice(("，", "")) + random.choice(_phrase("close"))
    if random.random() < 0.08:
        place = random.randrange(len(text))
        text = text[:place] + text[place + 1 :]
    return text


@cache
def _phrases_of(kind: str, name: str) -> tuple[str, ...]:
    return next(group.variants for group in of_kind(kind) if group.name == name)


def _phrase(name: str) -> tuple[str, ...]:
    return _phrases_of("phrases", name)


def _miss(random: Random, make: Callable[[Random], Need], need: Need) -> Need:
    """A need of the same kind that shares a slot with this one, if one turns up soon."""
    names = {group.name for _, group in need.slots}
    other = make(random)
    for _ in range(40):
        if other.key != need.key and names & {group.name for _, group in other.slots}:
            return other
        other = make(random)
    return other


def _suits(group: Group, subject: Group) -> bool:
    """Whether a pest, part or action goes with a crop or an animal."""
    return (
        not group.tags or "*" in group.tags or subject.name in group.tags or bool(group.tags & subject.tags)
    )


@cache
def _suited(kind: str, subject: Group) -> tuple[Group, ...]:
    return tuple(group for group in of_kind(kind) if _suits(group, subject))


@cache
def _fitting(thing: Group, subject: Group) -> tuple[str, ...]:
    """Descriptions that name no other crop or animal."""
    about = {description: subjects(concepts(description)) for description in thing.descriptions}
    return tuple(told for told, names in about.items() if not names or subject.name in names)


def _crop(random: Random) -> Group:
    return random.choice(of_kind("crops"))


def _about(kind: str, slot: str, hosts: str, shape: str) -> Callable[[Random], Need]:
    """Needs that join a crop or an animal with something that suits it."""

    def make(random: Random) -> Need:
        subject_slot = "crop" if hosts == "crops" else "animal"
        while True:
            subject = random.choice(of_kind(hosts))
            suited = _suited(kind, subject)
            if suited:
                return Need((shape,), ((subject_slot, subject), (slot, random.choice(suited))))

    return make


def _symptom(random: Random) -> Need:
    while True:
        crop = _crop(random)
        part = random.choice(_suited("parts", crop))
        fitting = [group for group in of_kind("symptoms") if part.name in group.tags or "*" in group.tags]
        if fitting:
            return Need(("symptom",), (("crop", crop), ("part", part), ("symptom", random.choice(fitting))))


def _told(kind: str, slot: str, hosts: str, named: str, told: str) -> Callable[[Random], Need]:
    """Needs about a pest or a disease, by name or by what is seen; the description alone leaves the host
    out."""
    plain = _about(kind, slot, hosts, named)

    def make(random: Random) -> Need:
        need = plain(random)
        thing = dict(need.slots)[slot]
        subject = need.slots[0][1]
        shapes = (named, told) if _fitting(thing, subject) else (named,)
        return Need(shapes, (*need.slots, ("pest", thing)) if slot != "pest" else need.slots)

    return make


def _season(random: Random) -> Need:
    crop = _crop(random)
    slots = (("crop", crop), ("weather", random.choice(of_kind("weather"))))
    return Need(("season",), slots)


def _use(random: Random) -> Need:
    """A drug on a crop, against a pest that such drugs are for."""
    crop = _crop(random)
    kinds = {"pests": "杀虫", "diseases": "杀菌"}
    kind = random.choice(tuple(kinds))
    pest = random.choice(_suited(kind, crop))
    drug = random.choice([drug for drug in of_kind("drugs") if kinds[kind] in drug.tags])
    return Need(("use",), (("drug", drug), ("crop", crop), ("pest", pest)))


def _two_drugs(random: Random) -> Need:
    one, two = random.sample([drug for drug in of_kind("drugs") if "兽药" not in drug.tags], 2)
    first, second = sorted((one, two), key=lambda drug: drug.name)
    return Need(("mix",), (("drug", first), ("other", second)))


def _one(kind: str, slot: str, shape: str) -> Callable[[Random], Need]:
    return lambda random: Need((shape,), ((slot, random.choice(of_kind(kind))),))


def _signs(random: Random) -> Need:
    animal = random.choice(of_kind("animals"))
    one, two = random.sample(_suited("signs", animal), 2)
    return Need(("signs",), (("animal", animal), ("sign", one), ("second", two)))


def _safe(random: Random) -> Need:
    drugs = [drug for drug in of_kind("drugs") if drug.tags & {"除草", "调节", "杀菌"}]
    return Need(("safe",), (("drug", random.choice(drugs)), ("crop", _crop(random))))


def _machine(random: Random) -> Need:
    while True:
        machine = random.choice(of_kind("machines"))
        suited = _suited("faults", machine)
        if suited:
            return Need(("machine",), (("machine", machine), ("fault", random.choice(suited))))


_KINDS: dict[Callable[[Random], Need], int] = {
    _symptom: 24,
    _told("pests", "pest", "crops", "pest", "told"): 13,
    _told("diseases", "pest", "crops", "disease", "told"): 13,
    _about("deficiencies", "lack", "crops", "lack"): 4,
    _use: 3,
    _two_drugs: 1,
    _one("drugs", "drug", "dose"): 3,
    _safe: 2,
    _about("fertilisers", "fertiliser", "crops", "feed"): 2,
    _one("fertilisers", "fertiliser", "fertile"): 1,
    _season: 4,
    _about("actions", "act", "crops", "act"): 12,
    _about("signs", "sign", "animals", "sign"): 7,
    _signs: 3,
    _told("ailments", "ailment", "animals", "ailment", "illtold"): 7,
    _about("husbandry", "act", "animals", "raise"): 6,
    _machine: 6,
    _one("affairs", "affair", "affair"): 4,
}
