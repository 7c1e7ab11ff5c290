from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.tills.serving import Tills, World, served


@pytest.fixture
def tills(tmp_path: Path) -> Iterator[Tills]:
    with served(World(drop_dir=tmp_path / "drop")) as running:
        yield running
