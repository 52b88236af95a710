"""The laws of revision trees, on histories that peers really send: paths that share hashed ancestors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import revisions
from sync.errors import BadRequest
from sync.revisions import EMPTY, Rev, Tree


def rev(text: str) -> Rev:
    return Rev.parse(text)


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[tuple[Rev, ...], bool]]:
    """Documents with their ancestors, out of one true history: (path newest first, deleted)."""
    parents: dict[Rev, Rev | None] = {}
    for number in range(draw(st.integers(1, 12))):
        parent = draw(st.sampled_from([None, *parents]))
        parents[Rev(parent.generation + 1 if parent else 1, f"{number:x}")] = parent
    deleted = {each: draw(st.booleans()) for each in parents}
    sent = []
    for tip in draw(st.lists(st.sampled_from(list(parents)), min_size=1, max_size=8)):
        path, at = [], tip
        for _ in range(draw(st.integers(1, 12))):
            path.append(at)
            if parents[at] is None:
                break
            at = parents[at]
        sent.append((tuple(path), deleted[tip]))
    return sent


def grown(sent: list[tuple[tuple[Rev, ...], bool]]) -> Tree:
    tree = EMPTY
    for path, deleted in sent:
        tree = revisions.merge(tree, revisions.path_tree(path, deleted=deleted))
    return tree


class TestMerge:
    @given(histories(), histories())
    def test_is_commutative(self, a, b):
        assert revisions.merge(grown(a), grown(b)) == revisions.merge(grown(b), grown(a))

    @given(histories(), histories(), histories())
    def test_is_associative(self, a, b, c):
        one, two, three = grown(a), grown(b), grown(c)
        left = revisions.merge(revisions.merge(one, two), three)
        assert left == revisions.merge(one, revisions.merge(two, three))

    @given(histories())
    def test_is_idempotent(self, a):
        assert revisions.merge(grown(a), grown(a)) == grown(a)

    @given(histories(), st.randoms(use_true_random=False))
    def test_does_not_depend_on_the_order_of_arrival(self, sent, random):
        shuffled = random.sample(sent, len(sent))
        assert revisions.winner(grown(shuffled)) == revisions.winner(grown(sent))

    @given(histories(), histories())
    def test_loses_no_leaf(self, a, b):
        """A leaf of either side is a leaf of both together, or something follows it."""
        both = revisions.merge(grown(a), grown(b))
        for leaf in (*revisions.leaves(grown(a)), *revisions.leaves(grown(b))):
            assert revisions.latest(both, leaf)

    def test_a_lying_peer_cannot_make_a_bodiless_ancestor_win(self):
        true = revisions.path_tree([rev("2-b"), rev("1-a")], deleted=True)
        lie = revisions.path_tree([rev("2-b"), rev("1-z")], deleted=True)
        assert revisions.winner(revisions.merge(true, lie)) == rev("2-b")


class TestWinner:
    def tree(self, *paths: tuple[str, bool]) -> Tree:
        return grown([(tuple(map(rev, path.split())), deleted) for path, deleted in paths])

    def test_is_the_longest_history(self):
        assert revisions.winner(self.tree(("1-f", False), ("2-a 1-e", False))) == rev("2-a")

    def test_is_the_greatest_hash_among_equals(self):
        assert revisions.winner(self.tree(("2-a 1-x", False), ("2-b 1-x", False))) == rev("2-b")

    def test_counts_generations_as_numbers(self):
        long = " ".join(f"{n}-a" for n in range(10, 0, -1))
        assert revisions.winner(self.tree(("9-z", False), (long, False))) == rev("10-a")

    def test_is_alive_where_one_is(self):
        assert revisions.winner(self.tree(("3-a 2-a 1-a", True), ("2-b 1-a", False))) == rev("2-b")

    def test_is_deleted_where_all_are(self):
        assert revisions.winner(self.tree(("2-a 1-a", True), ("2-b 1-a", True))) == rev("2-b")


class TestDifference:
    tree = grown([((rev("3-c"), rev("2-b"), rev("1-a")), False)])

    def test_names_what_is_not_known(self):
        assert revisions.missing(self.tree, [rev("3-c"), rev("4-d"), rev("2-b")]) == [rev("4-d")]

    def test_of_an_unknown_document_is_everything(self):
        assert revisions.missing(None, [rev("1-a")]) == [rev("1-a")]

    def test_hints_at_ancestors(self):
        assert revisions.possible_ancestors(self.tree, [rev("5-e")]) == [rev("3-c")]
        assert revisions.possible_ancestors(self.tree, [rev("2-x")]) == []


class TestStem:
    @given(histories(), st.integers(1, 6))
    def test_keeps_every_leaf_and_the_winner(self, sent, limit):
        tree = grown(sent)
        stemmed = revisions.stem(tree, limit)
        assert revisions.leaves(stemmed) == revisions.leaves(tree)
        assert revisions.winner(stemmed) == revisions.winner(tree)

    @given(histories(), st.integers(1, 6))
    def test_shortens_every_history(self, sent, limit):
        stemmed = revisions.stem(grown(sent), limit)
        longest = max(len(revisions.leaves(stemmed)) * limit, 1)
        assert len(stemmed.nodes) <= longest

    @given(histories(), st.integers(1, 6))
    def test_is_stable(self, sent, limit):
        once = revisions.stem(grown(sent), limit)
        assert revisions.stem(once, limit) == once


class TestPruning:
    @given(histories(), st.data())
    def test_takes_the_named_leaves_and_leaves_the_others_their_histories(self, sent, data):
        tree = grown(sent)
        standing = revisions.leaves(tree)
        gone = data.draw(st.sets(st.sampled_from(standing)))
        left = revisions.prune(tree, gone)
        assert revisions.leaves(left) == [leaf for leaf in standing if leaf not in gone]
        for leaf in revisions.leaves(left):
            assert revisions.ancestry(left, leaf) == revisions.ancestry(tree, leaf)
        needed = {each for leaf in revisions.leaves(left) for each in revisions.ancestry(tree, leaf)}
        assert set(left.nodes) == needed

    @given(histories())
    def test_what_is_no_leaf_stays(self, sent):
        tree = grown(sent)
        inner = [each for each in tree.nodes if each not in revisions.leaves(tree)]
        assert revisions.leaves(revisions.prune(tree, inner)) == revisions.leaves(tree)


class TestOnDisk:
    @given(histories())
    def test_a_tree_survives_the_disk(self, sent):
        assert revisions.from_bytes(revisions.to_bytes(grown(sent))) == grown(sent)


class TestRevisionNames:
    @pytest.mark.parametrize(
        "text", ["", "1", "-a", "0-a", "1-", "a-1", "01-a", "1-a b", "1-\n", None, 7, ["1-a"]]
    )
    def test_nonsense_is_refused(self, text):
        with pytest.raises(BadRequest):
            Rev.parse(text)

    def test_a_gap_in_the_generations_is_refused(self):
        with pytest.raises(BadRequest):
            revisions.path_tree([rev("3-c"), rev("1-a")], deleted=False)

    def test_equal_edits_get_equal_names(self):
        one = revisions.content_digest({"a": 1, "b": 2})
        two = revisions.content_digest({"b": 2, "a": 1})
        assert revisions.next_revision(None, deleted=False, digest=one) == revisions.next_revision(
            None, deleted=False, digest=two
        )

    def test_different_edits_get_different_names(self):
        digest = revisions.content_digest({})
        first = revisions.next_revision(None, deleted=False, digest=digest)
        names = {
            first,
            revisions.next_revision(None, deleted=True, digest=digest),
            revisions.next_revision(first, deleted=False, digest=digest),
            revisions.next_revision(None, deleted=False, digest=revisions.content_digest({"a": 1})),
        }
        assert len(names) == 4
