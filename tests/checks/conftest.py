"""Fixtures of the checks' tests: empty books at a fixed instant. Read, written: nothing."""

from __future__ import annotations

import pytest

from checks.context import CheckContext
from tests.builders import NOW, Books


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def context(books: Books) -> CheckContext:
    return CheckContext(books.shops, NOW)
