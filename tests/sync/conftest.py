"""Assertions of the conformance suite explain themselves, though it is not a test file."""

import pytest

pytest.register_assert_rewrite("tests.sync.conformance", "tests.sync.pouchdb_peer")
