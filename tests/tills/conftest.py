from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.tills.serving import TOKEN, Tills, World, served


@pytest.fixture
def tills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tills]:
    monkeypatch.setenv("SQUARE_ACCESS_TOKEN", TOKEN)
    monkeypatch.delenv("TILLBRIDGE_SQUARE_URL", raising=False)
    drop = tmp_path / "drop"
    for shop in ("york", "bath"):
        (drop / shop).mkdir(parents=True)
    with served(World(drop_dir=drop)) as running:
        yield running
