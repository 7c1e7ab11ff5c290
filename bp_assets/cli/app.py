"""The ``tillbridge`` command.

Every command tells what it reads and writes in its help. A user's mistake ends in one clear message on standard error
and exit code 2; a job that was done but found something wrong ends in 1. Read: the command line. Written: the screen.
"""

from __future__ import annotations

import os
import signal
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import stamina
import typer

from bp_assets.cli.examples import after_help
from bp_assets.cli.failing import DEBUG_ENV, told
from bp_assets.cli.processes import python_module
from bp_assets.config import ConfigError
from bp_assets.config.reading import load

app = typer.Typer(
    name="tillbridge",
    help="Posts every till sale to Brightpearl exactly once, and proves it.\n\n"
    "State lives under .tillbridge/ (or TILLBRIDGE_HOME); the shops file is shops.toml (or TILLBRIDGE_CONFIG).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


@app.callback()
def everywhere(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the whole trace of an unexpected error (or TILLBRIDGE_DEBUG=1).")
    ] = False,
) -> None:
    if debug:
        os.environ[DEBUG_ENV] = "1"


sandbox_app = typer.Typer(help="The simulated Brightpearl and tills: real HTTP, real rules, faults by request.")
app.add_typer(sandbox_app, name="sandbox")

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="Folder of the state. Default: TILLBRIDGE_HOME or .tillbridge.")
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="Shops file. Default: TILLBRIDGE_CONFIG or shops.toml.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@sandbox_app.command(
    "serve",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    help="Serve the sandbox: `--port 8400 --seed 7 --requests-per-minute 200 --products N --orders N "
    "--minute-seconds 60`. `--help` lists everything. Account `sandbox`, app ref `tillbridge`, token `sandbox-token`.",
)
def sandbox_serve(context: typer.Context) -> None:
    command = python_module("sandbox", "serve", *context.args)
    os.execv(command[0], command)  # noqa: S606  # becomes the sandbox: signals and exit code are its own


@app.command(epilog=after_help("demo"))
def demo(
    home: HomeOption = None,
    seed: Annotated[int, typer.Option(help="Seed of the range and of the trading day.")] = 7,
    transactions: Annotated[int, typer.Option(min=1, max=5000, help="Transactions of the day, all shops.")] = 300,
    minute_seconds: Annotated[int, typer.Option(min=1, max=60, help="Length of the sandbox's minute.")] = 5,
) -> None:
    """Play one trading day of four shops, post it, read it back, check it, and show the result.

    Starts everything it needs (database, simulated ERP and tills) and stops it again. Writes to `<home>/demo`, which it
    empties first. Exits 0 only if every transaction is accounted for.
    """
    from bp_assets.cli.demo import run

    raise typer.Exit(run(_home(home, "demo"), seed=seed, transactions=transactions, minute_seconds=minute_seconds))


@app.command(epilog=after_help("dev"))
def dev(
    home: HomeOption = None,
    port: Annotated[int, typer.Option(help="Port of the Dagster UI.")] = 3000,
    sandbox_port: Annotated[int, typer.Option(help="Port of the sandbox.")] = 8400,
    seed: Annotated[int, typer.Option(help="Seed of the range and of the tills.")] = 7,
    sales_per_minute: Annotated[int, typer.Option(min=0, max=600, help="How busy the tills are.")] = 20,
) -> None:
    """Leave it all running: sandbox, tills that keep trading, Dagster UI and daemon with live sensors.

    Ctrl-C stops everything it started. Writes to `<home>/dev`, which it empties first.
    """
    from bp_assets.cli.dev import run

    raise typer.Exit(
        run(_home(home, "dev"), port=port, sandbox_port=sandbox_port, seed=seed, sales_per_minute=sales_per_minute)
    )


@app.command(epilog=after_help("replay"))
def replay(
    files: Annotated[list[Path], typer.Argument(help="A till export, several pieces of one, or a folder of them.")],
    config: ConfigOption = None,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Post to a fresh sandbox stocked with the file's SKUs.")
    ] = False,
    json_out: Annotated[Path | None, typer.Option("--json", help="Write the summary to this file.")] = None,
    home: HomeOption = None,
    requests_per_minute: Annotated[int, typer.Option(help="Cap of the sandbox; 0 means none.")] = 0,
) -> None:
    """Take a file through the file drop, post it, read it back, check it, and sum up what became of every receipt.

    The shops file must have exactly one shop with a file-drop feed. Writes to `<home>/replay`, which it empties first.
    Exits 0 if every receipt ended in exactly one state and the money agrees to the penny.
    """
    from bp_assets.cli.replay import run

    if not sandbox:
        _fail("replay posts to a sandbox only: add --sandbox. A live account is fed through its till feeds.")
    raise typer.Exit(run(_home(home, "replay"), files, _config(config), json_out, requests_per_minute))


@app.command(epilog=after_help("preflight"))
def preflight(config: ConfigOption = None, json_: JsonOption = False, home: HomeOption = None) -> None:
    """Check the shops file against the ERP and the tills; names every fault at once.

    Each fault has its key in the shops file, what is wrong and what to do. Exits 0 if it is safe to go live (with or
    without warnings), 1 if not, 2 if the file can't be used. With `--json` an object: `safe`, `faults` (each with
    `severity`, `place`, `message`, `advice`) and `checked`.
    """
    from bp_assets.cli import preflight as command

    os.environ["TILLBRIDGE_HOME"] = str(_home(home))  # relative drop folders lie there; nothing is made
    try:
        shops = _config(config)
    except ConfigError as error:
        if not json_:
            raise
        raise typer.Exit(command.unusable(error)) from None
    raise typer.Exit(command.run(shops, as_json=json_))


@app.command(epilog=after_help("live"))
def live(
    config: ConfigOption = None,
    home: HomeOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on; put a proxy with a login before it.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of the Dagster UI.")] = 3000,
    webhook_url: Annotated[
        str, typer.Option(help="Address under which the ERP reaches the webhook receiver. Default: no webhooks.")
    ] = "",
    webhook_port: Annotated[int, typer.Option(help="Port of the webhook receiver.")] = 8500,
    anyway: Annotated[bool, typer.Option("--anyway", help="Start although preflight found faults.")] = False,
) -> None:
    """Run the house for real: preflight, then Dagster with its live sensors, until Ctrl-C.

    Sales are posted from the first minute on. The webhook receiver runs where TILLBRIDGE_WEBHOOK_SECRET is set. Exits 1
    if preflight finds a fault, or if a part ends by itself, so that a service manager starts it again.
    """
    from bp_assets.cli.live import run

    code = run(
        _home(home),
        _config(config),
        host=host,
        port=port,
        webhook_url=webhook_url,
        webhook_port=webhook_port,
        anyway=anyway,
    )
    raise typer.Exit(code)


@app.command(epilog=after_help("sql"))
def sql(
    query: Annotated[str, typer.Argument(help="SQL, `.tables`, `.columns TABLE`, or `@file.sql`.")],
    json_: JsonOption = False,
    home: HomeOption = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Most rows to show. Default: 200 as a table, all of them as JSON.")
    ] = None,
    with_contacts: Annotated[
        bool, typer.Option("--with-contacts", help="Read tables of the schema personal too: names, addresses, e-mails.")
    ] = False,
) -> None:
    """Ask the lake in SQL, read-only. Safe at any time, also while the pipeline writes.

    With `--json` a list of objects: decimals are text ("12.34"), so that pennies stay exact; whole numbers are numbers;
    instants and dates are ISO 8601 text.
    """
    from bp_assets.cli.sql import run

    raise typer.Exit(run(_home(home), query, as_json=json_, limit=limit, with_contacts=with_contacts))


@app.command(epilog=after_help("refresh"))
def refresh(
    resources: Annotated[
        list[str] | None, typer.Argument(help="Resources, or tables of them: orders, products. Default: all.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything, not only what changed.")] = False,
    accept_deletions: Annotated[
        bool, typer.Option("--accept-deletions", help="Delete what is gone, however much it is.")
    ] = False,
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Bring Brightpearl's tables up to date: the first time everything, then what changed.

    Only reads from the ERP, within the request cap that it shares with everything else. A pull that was cut off goes on
    where it stopped; tables change at its end, all at once. Exits 1 if deletions were held back or a resource is being
    read elsewhere.
    """
    from bp_assets.cli.refresh import run

    raise typer.Exit(run(_home(home), _config(config), resources or [], full=full, accept_deletions=accept_deletions))


class Exportable(StrEnum):
    """What there is to export."""

    FORECASTING = "forecasting"


class ExportFormat(StrEnum):
    """How its files are written."""

    TSV = "tsv"
    PARQUET = "parquet"


@app.command(epilog=after_help("export"))
def export(
    what: Annotated[Exportable, typer.Argument(metavar="forecasting", help="The set of files.")],
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Folder of the sets. Made if need be.")],
    format_: Annotated[ExportFormat, typer.Option("--format", help="Text for everything, or typed.")],
    with_contacts: Annotated[
        bool, typer.Option("--with-contacts", help="Names, e-mails and addresses too. Only the newest set is kept.")
    ] = False,
    keep: Annotated[int, typer.Option(min=1, max=100, help="Sets that stay, the new one among them.")] = 3,
    home: HomeOption = None,
) -> None:
    """Write the 27 `Brightpearl_*` files that forecasting tools load, all at one moment of the lake.

    Readers go through `DIR/current`: it names the newest whole set and is replaced in one step. A set's `manifest.json`
    tells row counts, sizes and hashes. Without `--with-contacts` there is no personal data in it.
    """
    from bp_assets.cli.export import run

    raise typer.Exit(run(_home(home), to, format_.value, with_contacts=with_contacts, keep=keep))


@app.command(epilog=after_help("retry"))
def retry(
    receipts: Annotated[
        list[str] | None,
        typer.Argument(help="Receipt numbers or sale ids, excluded ones too. Default: all rejected and quarantined."),
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Only those with this reason code.")] = None,
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Put rejected and quarantined receipts back in line, after the map or the ERP was mended.

    Rejected receipts wait to be posted again, quarantined ones are decoded with the shops file as it is now. Sends
    nothing itself: the next posting run does, and what the ERP already has is looked up, never sent twice.
    """
    from bp_assets.cli.retry import run

    raise typer.Exit(run(_home(home), _config(config), receipts or [], reason))


@app.command(epilog=after_help("close"))
def close(
    shop: Annotated[str, typer.Argument(help="Key of the shop.")],
    day: Annotated[str, typer.Argument(help="Trading day, as 2026-11-20.")],
    config: ConfigOption = None,
    home: HomeOption = None,
) -> None:
    """Close a trading day of an end-of-day shop before its time, or once more.

    The next posting run makes summaries of the receipts that wait. Without this command it does so by itself at the
    shop's `close_at`. Exits 1 if nothing waits for the close of that day.
    """
    from bp_assets.cli.close import run

    raise typer.Exit(run(_home(home), _config(config), shop, day))


@app.command(epilog=after_help("status"))
def status(json_: JsonOption = False, config: ConfigOption = None, home: HomeOption = None) -> None:
    """How every shop stands: its state and why, receipts by state with money, what waits and when it is tried again."""
    from bp_assets.cli.status import run

    raise typer.Exit(run(_home(home), _config(config) if config else _config_if_any(), as_json=json_))


def main() -> None:
    """Entry point: turns our own errors into one message and an exit code."""
    # Retries show in the steps and in the ledger; a log line in the middle of a progress bar helps nobody.
    stamina.instrumentation.set_on_retry_hooks(())
    # A terminated command stops its children like an interrupted one, and so does one whose terminal was closed (unless
    # nohup told it to stay).
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
    if "--debug" in sys.argv[1:] and "serve" not in sys.argv[1:]:
        sys.argv.remove("--debug")  # understood in any place
        os.environ[DEBUG_ENV] = "1"
    try:
        app(standalone_mode=True)
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except BrokenPipeError:  # `tillbridge sql ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(141) from None
    except Exception as error:
        raise SystemExit(told(error)) from None


def _fail(message: str) -> Any:
    print(message, file=sys.stderr)  # noqa: T201  # the message for the user
    raise SystemExit(2)


def _home(given: Path | None, part: str = "") -> Path:
    root = given or Path(os.environ.get("TILLBRIDGE_HOME") or ".tillbridge")
    return (root / part).absolute() if part else root.absolute()


def _config(given: Path | None) -> Any:
    if given:
        os.environ["TILLBRIDGE_CONFIG"] = str(given.absolute())
    return load(given)


def _config_if_any() -> Any:
    """For commands that show less without a shops file."""
    try:
        return load()
    except ConfigError:
        return None


if __name__ == "__main__":
    main()
