"""The repository polices itself: no stray paths, no loose ends, docs that lead somewhere, a lock that pins.

Read: every tracked file. Written: nothing.
"""

from __future__ import annotations

import ast
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("bp_assets", "sandbox", "checks", "sensors")
# Longer than this a file is split by subject, unless a reason stands here.
MOST_LINES = 400
LONG = {
    "tests/posting/test_poster.py": "the poster's story, told on one set of fixtures",
    "tests/preflight/test_faults.py": "one test per fault that preflight can name",
}
# Spelt in parts, so that this file does not find itself.
HOMES = re.compile(
    "|".join(("/ho" + r"me/\w", "/Us" + r"ers/\w", "/ro" + r"ot\b", "/wo" + r"rk/\w", "/tmp" + r"/[a-z]+/"))
)
REGISTRIES = re.compile("|".join(("pypi" + r"\.org", "python" + r"hosted\.org", "index-" + "url", "artifact" + "ory")))
LOOSE = re.compile("|".join((r"\bTO" + r"DO\b", r"\bFIX" + r"ME\b", r"\bX{3}\b", "NotImplemented" + "Error")))
SUPPRESSED = re.compile(
    r"#\s*(noqa|type:\s*ignore|mypy:\s*ignore-errors)(?P<codes>(: ?[A-Z]+\d+(, ?[A-Z]+\d+)*|\[[\w, -]+\])?)(?P<rest>.*)"
)


def _tracked() -> list[Path]:
    """Every file that git knows; in an export without git every file that is not made by a tool."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        return sorted(path for name in listed.stdout.decode().split("\0") if name and (path := ROOT / name).is_file())
    hidden = {".git", ".venv", ".tillbridge", "__pycache__"}
    return sorted(path for path in ROOT.rglob("*") if path.is_file() and not hidden & set(path.parts))


FILES = _tracked()
PYTHON = [path for path in FILES if path.suffix == ".py"]
DOCS = [path for path in FILES if path.suffix == ".md"]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _texts() -> Iterator[tuple[str, str]]:
    for path in FILES:
        content = path.read_bytes()
        if b"\0" not in content:
            yield _name(path), content.decode("utf-8")


def _lines(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in _texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_the_walk_sees_the_project() -> None:
    assert {"README.md", "Makefile", "bp_assets/definitions.py", "tests/test_tidy.py"} <= {
        _name(path) for path in FILES
    }
    assert len(PYTHON) > 200


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    assert _lines(HOMES) == []


def test_no_file_names_a_package_registry() -> None:
    assert _lines(REGISTRIES) == []


def test_nothing_is_left_to_be_done_later() -> None:
    assert _lines(LOOSE) == []


def test_every_suppressed_warning_has_its_code_and_a_reason() -> None:
    bare = []
    for path in PYTHON:
        with path.open("rb") as file:
            for token in tokenize.tokenize(file.readline):
                found = SUPPRESSED.match(token.string) if token.type == tokenize.COMMENT else None
                if found and not (found["codes"] and "#" in found["rest"] and len(found["rest"].split("#", 1)[1]) > 5):
                    bare.append(f"{_name(path)}:{token.start[0]}: {token.string}")
    assert bare == []


def test_files_stay_short_or_say_why_they_are_long() -> None:
    long = {_name(path) for path in PYTHON if len(path.read_text(encoding="utf-8").splitlines()) > MOST_LINES}
    assert long == set(LONG)
    assert all(len(reason) > 20 for reason in LONG.values())


def test_no_file_is_called_after_nothing() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
    assert [_name(path) for path in PYTHON if path.stem in vague] == []


def test_every_module_says_what_is_read_and_what_is_written() -> None:
    silent = []
    for path in PYTHON:
        if path.relative_to(ROOT).parts[0] not in ROOMS or not path.read_text(encoding="utf-8").strip():
            continue
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        if path.name == "__init__.py":
            complete = len(said) > 10
        elif path.relative_to(ROOT).parts[0] == "sandbox":
            complete = len(said) > 30  # its state is in memory; what it answers is its business
        else:
            complete = "Pure" in said or bool(re.search(r"\b[Rr]ead\b", said) and re.search(r"\b[Ww]ritten\b", said))
        if not complete:
            silent.append(_name(path))
    assert silent == []


# -- docs -------------------------------------------------------------------------------------------------------------


def _anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", DOCS, ids=_name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"https?://", target):
            continue
        file, _, anchor = target.partition("#")
        place = (page.parent / file).resolve() if file else page
        if not place.exists() or (anchor and anchor not in _anchors(place)):
            broken.append(target)
    assert broken == []


def test_every_decision_record_is_numbered_without_gaps_and_says_what_was_decided() -> None:
    records = sorted(path for path in DOCS if path.parent.name == "adr")
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {int(path.name[:4])}. "), path.name
        assert "**Decided.**" in text, path.name


def test_make_targets_and_commands_of_the_readme_exist() -> None:
    from typer.main import get_command

    from bp_assets.cli.app import app

    pages = "\n".join(path.read_text(encoding="utf-8") for path in DOCS)
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", pages, re.MULTILINE)) - targets == set()
    commands = set(get_command(app).commands)  # type: ignore[attr-defined]  # an app with commands is a group
    assert set(re.findall(r"(?:`|^\.venv/bin/)tillbridge ([a-z]+)", pages, re.MULTILINE)) - commands == set()
    assert {"demo", "dev", "test"} <= targets


def test_folders_that_the_readme_maps_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.search(r"^## Map\n(.*?)^## ", readme, re.MULTILINE | re.DOTALL)
    assert rows
    named = {
        name
        for row in rows[1].splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`([^`]+)`", row.split("|")[1])
    }
    whole = {name if "/" in name or (ROOT / name).exists() else f"bp_assets/{name}" for name in named}
    assert len(whole) > 15
    assert [name for name in sorted(whole) if not (ROOT / name).exists()] == []


# -- the lock ---------------------------------------------------------------------------------------------------------


def test_the_lock_pins_every_package_with_hashes_and_names_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert not re.search(r"^\s*--(?!hash=)", lock, re.MULTILINE)
    pinned = re.split(
        r"^(?=[a-zA-Z0-9])", "\n".join(x for x in lock.splitlines() if not x.startswith("#")), flags=re.MULTILINE
    )
    packages = [entry for entry in pinned if entry.strip()]
    assert len(packages) > 80
    assert [
        entry.split("\n")[0] for entry in packages if "==" not in entry.split("\n")[0] or "--hash=sha256:" not in entry
    ] == []


def test_every_dependency_of_the_project_is_in_the_lock() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {re.match(r"[A-Za-z0-9_-]+", one)[0].lower().replace("_", "-") for one in wanted}  # type: ignore[index]  # every requirement begins with a name
    locked = {
        name.lower().replace("_", "-")
        for name in re.findall(
            r"^([A-Za-z0-9_.-]+)(?:\[.*\])?==", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    assert names - locked == set()
