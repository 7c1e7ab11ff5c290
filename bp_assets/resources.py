"""What assets, ops and sensors work with: ledger, lake, ERP and shops file. Read: environment, the shops file.

No field of a resource ever holds a secret: tokens and the database's password stay in the environment variables that
the shops file and ``TILLBRIDGE_DATABASE_URL`` name, and are read by the edge that uses them. What a field may hold are
places, for tests and for several installations on one machine; empty means what the environment says. Written: nothing.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dagster as dg
from pydantic import Field, PrivateAttr

from bp_assets.alive import held
from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.pacing import Lane
from bp_assets.brightpearl.reader import ErpReader
from bp_assets.budget import shared_by_all
from bp_assets.config import Home, ShopsFile, home, load
from bp_assets.lake.connect import Lake
from bp_assets.lake.migrate import migrate
from bp_assets.ledger.connection import Ledger
from bp_assets.ledger.server import lake_catalogue_dsn
from bp_assets.oauth import LedgerTokens

_ledgers: dict[Home, Ledger] = {}
_lakes: dict[Home, Lake] = {}
_working: dict[str, tuple[ExitStack, int]] = {}  # by run: its lock, and how many resources hold it
_guard = threading.RLock()


def ledger_of(place: Home) -> Ledger:
    """The one open ledger of this process for an installation: sensors ask it every few seconds."""
    with _guard:
        if place not in _ledgers:
            _ledgers[place] = Ledger.open(place)
        return _ledgers[place]


def lake_of(place: Home) -> Lake:
    """The lake of an installation, its tables brought to this version once per process."""
    with _guard:
        if place not in _lakes:
            ledger_of(place)  # makes the catalogue's schema, and keeps the embedded server up while we live
            lake = Lake(place, lake_catalogue_dsn(place))
            migrate(lake)
            _lakes[place] = lake
        return _lakes[place]


@contextmanager
def at_work(place: Home, run_id: str) -> Iterator[None]:
    """Hold a run's lock: one for all its resources in this process, from the first that comes to the last that goes."""
    with _guard:
        if run_id not in _working:
            stack = ExitStack()
            stack.enter_context(held(ledger_of(place), run_id))
            _working[run_id] = (stack, 0)
        stack, count = _working[run_id]
        _working[run_id] = (stack, count + 1)
    try:
        yield
    finally:
        with _guard:
            stack, count = _working.pop(run_id)
            if count > 1:
                _working[run_id] = (stack, count - 1)
            else:
                stack.close()


class _AtHome(dg.ConfigurableResource):
    """A resource of one installation."""

    root: str = Field(default="", description="Folder of the installation; empty: what TILLBRIDGE_HOME says.")

    @property
    def home(self) -> Home:
        return Home(Path(self.root).absolute()) if self.root else home()


class _AtWork(_AtHome):
    """While a step of a run uses it, the run holds the lock that shows it is alive."""

    _held: ExitStack = PrivateAttr(default_factory=ExitStack)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        if context.run is not None:
            self._held.enter_context(at_work(self.home, context.run.run_id))

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        self._held.close()


class LedgerResource(_AtWork):
    """PostgreSQL: inbox, postings, steps."""

    def open(self) -> Ledger:
        """The open ledger: server started, migrations applied.

        Raises:
            LedgerUnavailable, LedgerNewer: with what to do.
        """
        return ledger_of(self.home)


class LakeResource(_AtWork):
    """DuckLake: every table that people read. Steps that use it alone (checks, publishing) are at work as well."""

    def open(self) -> Lake:
        """The lake with this version's tables. It holds no connection until it is asked for one.

        Raises:
            LakeUnavailable, LakeNewer, LakeSchemaError: with what to do.
        """
        return lake_of(self.home)

    @contextmanager
    def lake(self) -> Iterator[Lake]:
        """The same for the time of a block."""
        yield self.open()


class ShopsResource(dg.ConfigurableResource):
    """The shops file."""

    path: str = Field(default="", description="The shops file; empty: what TILLBRIDGE_CONFIG says, else shops.toml.")

    def load(self) -> ShopsFile:
        """The file as it stands now: a mended map holds from the next run on. A shop whose entry is wrong is left out
        (``ShopsFile.broken``): it must not stop the others.

        Raises:
            ConfigError: the file is missing, or wrong for all; every fault is listed.
        """
        return load(Path(self.path) if self.path else None, sound_only=True)


class ErpResource(dg.ConfigurableResource):
    """Brightpearl over HTTP. Credentials come from the variables that the shops file names."""

    shops: dg.ResourceDependency[ShopsResource]
    ledger: dg.ResourceDependency[LedgerResource]

    @contextmanager
    def client(self, lane: Lane) -> Iterator[ErpClient]:
        """A client of one lane: see ``bp_assets/domain/lanes.py`` for their order.

        Raises:
            Unauthorised: the credentials are not there; the message names the variable.
        """
        erp, ledger = self.shops.load().erp, self.ledger.open()
        with ErpClient(erp, lane=lane, budget=shared_by_all(ledger, erp), store=LedgerTokens(ledger)) as client:
            yield client

    def reader(self, lane: Lane) -> ErpReader:
        """What extracts read with, in one lane: an async context manager that can send nothing but reads.

        Raises:
            Unauthorised: as :meth:`client`.
        """
        erp, ledger = self.shops.load().erp, self.ledger.open()
        return ErpReader(erp, lane=lane, budget=shared_by_all(ledger, erp), store=LedgerTokens(ledger))
