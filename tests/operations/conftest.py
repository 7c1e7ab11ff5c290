"""Fixtures of the tests of what is running: empty books at a fixed instant. Read, written: nothing."""

from __future__ import annotations

import pytest

from tests.builders import Books


@pytest.fixture
def books() -> Books:
    return Books()
