"""``tillbridge preflight``: whether it is safe to go live. Read: shops file, ERP, tills, folders, the ledger if
there is one. Written: nothing."""

from __future__ import annotations

import json
import textwrap
from contextlib import ExitStack

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from bp_assets.brightpearl.auth import TokenStore
from bp_assets.cli.screen import console, table
from bp_assets.cli.state import has_ledger
from bp_assets.config import ConfigError, ShopsFile, home
from bp_assets.ledger.trading_days import TradingDay, days
from bp_assets.preflight.check import check
from bp_assets.preflight.report import Report, Severity, fault

SAFE, NOT_SAFE, UNUSABLE = 0, 1, 2
_TITLES = {Severity.FAULT: "Faults: mend these first", Severity.WARNING: "Warnings: worth a look"}


def run(shops: ShopsFile, *, as_json: bool) -> int:
    """Check and show; returns the exit code: 0 safe (warnings or not), 1 not safe."""
    with ExitStack() as stack:
        store, days = _from_ledger(shops, stack)
        report = check(shops, store, days=days)
    if as_json:
        show_json(report)
    else:
        show(console(), report)
    return SAFE if report.safe else NOT_SAFE


def unusable(error: ConfigError) -> int:
    """The answer in JSON where the file itself can't be used; returns exit code 2."""
    advice = "Mend the shops file; docs/shops-file.md lists every key."
    show_json(Report(tuple(fault("shops file", line, advice) for line in str(error).splitlines())))
    return UNUSABLE


def show_json(report: Report) -> None:
    print(json.dumps(report.as_json(), indent=2, ensure_ascii=False))  # noqa: T201  # the command's output


def _from_ledger(shops: ShopsFile, stack: ExitStack) -> tuple[TokenStore | None, list[TradingDay]]:
    """Where OAuth tokens live (a renewed one must outlive this command), and the trading days that have begun.

    Without OAuth a ledger that is not there yet is not made.
    """
    oauth = shops.erp.auth == "oauth"
    if not oauth and not has_ledger(home().root):
        return None, []
    from bp_assets.ledger.connection import Ledger
    from bp_assets.oauth import LedgerTokens

    ledger = stack.enter_context(Ledger.open(home()))
    return LedgerTokens(ledger) if oauth else None, days(ledger)


def show(out: Console, report: Report) -> None:
    """Faults, then warnings, then the verdict: tables on a terminal, plain text elsewhere."""
    for severity, title in _TITLES.items():
        found = report.of(severity)
        if found and out.is_terminal:
            rows = [tuple(map(escape, (one.place, one.message, one.advice))) for one in found]
            out.print(table(title, ("Where", "What", "What to do"), rows))
        elif found:
            out.print(f"{title}\n", highlight=False)
            for one in found:
                body = textwrap.indent(f"{one.message}\n{one.advice}", "    ")
                out.print(Text(f"  {one.place}\n{body}\n"))
    out.print(Text(summary(report)))


def summary(report: Report) -> str:
    """The last line: safe or not, and what was looked at."""
    faults, warnings = len(report.of(Severity.FAULT)), len(report.of(Severity.WARNING))
    seen = report.checked
    looked = _number(seen.get("shops", 0), "shop")
    if "requests" in seen:
        looked += f", {seen['products']} products, {seen['requests']} requests to the ERP, nothing written"
    verdict = "Safe to go live" if report.safe else f"Not safe to go live: {_number(faults, 'fault')}"
    worth = f", {_number(warnings, 'warning')}" if warnings else ""
    return f"{verdict}{worth} ({looked})."


def _number(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
