"""Who may import whom, held by walking the syntax trees. Read: every source file. Written: nothing."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("bp_assets", "sensors", "checks", "sandbox", "benchmarks", "tests")

# A file may import from its own room and from rooms of a lower rank. Rooms of one rank do not know each other.
RANKS: tuple[tuple[str, ...], ...] = (
    ("bp_assets.domain",),
    ("bp_assets.config",),
    ("bp_assets.tills", "bp_assets.brightpearl", "bp_assets.ledger", "bp_assets.lake"),
    (
        "bp_assets.catalog",
        "bp_assets.alive",
        "bp_assets.budget",
        "bp_assets.framing",
        "bp_assets.hints",
        "bp_assets.oauth",
    ),
    ("bp_assets.resources", "bp_assets.telling"),
    ("bp_assets.posting",),
    (
        "bp_assets.staging",
        "bp_assets.extraction",
        "bp_assets.export",
        "bp_assets.model",
        "bp_assets.finance",
        "bp_assets.operations",
        "bp_assets.export",
        "bp_assets.forecasting",
        "bp_assets.upkeep",
        "bp_assets.preflight",
    ),
    ("bp_assets.jobs",),
    ("bp_assets.schedules",),
    ("sensors", "checks", "bp_assets.webhooks"),
    ("bp_assets.definitions",),
    ("bp_assets.cli",),
    ("benchmarks", "tests"),
)
RANK = {room: rank for rank, rooms in enumerate(RANKS) for room in rooms}
# The sandbox stands outside: it imports nothing of ours, and only these import it.
MAY_IMPORT_SANDBOX = ("benchmarks", "tests", "sandbox")


def _files() -> list[Path]:
    return sorted(path for room in OURS for path in (ROOT / room).rglob("*.py"))


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _room(module: str) -> str:
    """The room of a module: ``bp_assets.lake.tables`` -> ``bp_assets.lake``, ``checks.freshness`` -> ``checks``."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "bp_assets" else parts[0]


def imports(source: str, module: str = "", package: bool = False) -> set[str]:
    """Every module of ours that a source text imports, at the top or inside a function."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.split(".") if package else module.split(".")[:-1]
                parts = parts[: len(parts) - (node.level - 1)]
                base = ".".join([*parts, base]).strip(".")
            # `from bp_assets import catalog` imports a room; `from bp_assets.lake import Lake` a name of one.
            found |= {f"{base}.{alias.name}" for alias in node.names} if base == "bp_assets" else {base}
    return {name for name in found if name.split(".")[0] in OURS}


def faults(module: str, imported: set[str]) -> list[str]:
    """Every import that the ranks forbid, in words."""
    room, found = _room(module), []
    for name in sorted(imported):
        target = _room(name)
        if target == room or target == "bp_assets":
            continue
        if "sandbox" in (room, target):
            if room == "sandbox":
                found.append(f"{module} imports {name}: the sandbox imports nothing of ours")
            elif room not in MAY_IMPORT_SANDBOX:
                found.append(f"{module} imports {name}: only tests and benchmarks import the sandbox")
        elif room not in RANK:
            found.append(f"{module}: the room {room} has no rank; give it one in this test")
        elif target not in RANK:
            found.append(f"{module} imports {name}: the room {target} has no rank")
        elif RANK[target] >= RANK[room]:
            found.append(f"{module} imports {name}: {target} does not stand below {room}")
    return found


def test_every_import_goes_down_the_ranks() -> None:
    found = [
        fault
        for path in _files()
        for fault in faults(
            _module(path), imports(path.read_text(encoding="utf-8"), _module(path), path.name == "__init__.py")
        )
    ]
    assert found == []


def test_every_room_that_exists_has_a_rank_or_stands_outside() -> None:
    rooms = {_room(_module(path)) for path in _files()} - {"bp_assets", "sandbox"}
    assert rooms - set(RANK) == set()
    assert len(_files()) > 30  # the walk sees the project


@pytest.mark.parametrize(
    ("module", "source", "fault"),
    [
        ("bp_assets.lake.connect", "from bp_assets.ledger.schema import inbox", "does not stand below"),
        ("bp_assets.domain.money", "import bp_assets.config.shops", "does not stand below"),
        ("bp_assets.model.pos", "def f():\n    from bp_assets import jobs", "does not stand below"),
        ("bp_assets.posting.send", "from sandbox.config import X", "only tests and benchmarks"),
        ("sandbox.erp.orders", "from bp_assets.domain import money", "imports nothing of ours"),
        ("bp_assets.lake.frames", "from ..ledger import schema", "does not stand below"),
        ("bp_assets.attic.old", "from bp_assets.domain import money", "has no rank"),
    ],
)
def test_a_forbidden_import_is_named(module: str, source: str, fault: str) -> None:
    (found,) = faults(module, imports(source, module))
    assert fault in found
    assert module in found


def test_an_allowed_import_is_quiet() -> None:
    source = "from bp_assets import catalog\nfrom bp_assets.lake.tables import TABLES\nimport dagster\nfrom . import x"
    assert faults("bp_assets.staging.products", imports(source, "bp_assets.staging.products")) == []
