"""What every command reads and writes, and examples: the end of its help, tried by a test. Pure."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "demo": (
        ("tillbridge demo", "a day of 300 transactions in about two minutes"),
        ("tillbridge demo --transactions 50 --seed 11", "a smaller day, other baskets"),
    ),
    "dev": (
        ("tillbridge dev", "open http://localhost:3000; Ctrl-C stops everything"),
        ("tillbridge dev --port 3001 --sandbox-port 8401 --sales-per-minute 5", "beside another one, less busy"),
    ),
    "replay": (
        (
            "tillbridge replay 2010-12.parquet --config examples/online-retail.toml --sandbox --json summary.json",
            "a real month",
        ),
        ("tillbridge replay pieces/ --config examples/online-retail.toml --sandbox", "the same month in many files"),
    ),
    "live": (
        ("tillbridge live", "the file shops.toml, the UI on port 3000"),
        (
            "tillbridge live --home /srv/tillbridge --config /etc/tillbridge/shops.toml "
            "--webhook-url https://hooks.example.com",
            "as a service, with webhooks",
        ),
    ),
    "preflight": (
        ("tillbridge preflight", "the file shops.toml"),
        ("tillbridge preflight --config york.toml --json", "another file, for a program"),
    ),
    "sql": (
        ("tillbridge sql .tables", "what there is"),
        ('tillbridge sql "select * from sales_reconciliation"', "till beside ERP, per shop and day"),
        (
            'tillbridge sql --json "select shop, sum(gross) as gross from pos_transactions group by shop"',
            "for a program",
        ),
        ("tillbridge sql --home .tillbridge/demo @month-end.sql", "a query file, on the demo's tables"),
    ),
    "refresh": (
        ("tillbridge refresh", "what changed; the first time everything"),
        ("tillbridge refresh orders products --full", "two resources, read whole"),
        ("tillbridge refresh orders --accept-deletions", "after the refresh said that it held deletions back"),
    ),
    "export": (
        ("tillbridge export forecasting --format tsv --to /srv/forecasting", "27 files, no personal data"),
        ("tillbridge export forecasting --format parquet --to parquet", "the same, typed"),
        ("tillbridge export forecasting --format tsv --to private --with-contacts", "names and addresses too"),
    ),
    "retry": (
        ("tillbridge retry", "everything that is rejected or quarantined"),
        ("tillbridge retry --reason tax_not_mapped", "after a tax was added to the map"),
        ("tillbridge retry 10042 10043", "two receipts"),
    ),
    "close": (("tillbridge close leeds 2026-11-20", "the day's summaries now, not at three in the morning"),),
    "status": (
        ("tillbridge status", "one screen"),
        ("tillbridge status --json", "for a monitor"),
    ),
}


EFFECTS = {
    "demo": (
        "the project's shops.toml",
        "`<home>/demo`, emptied first: ledger, lake, finance.duckdb. Nothing leaves this machine",
    ),
    "dev": ("the project's shops.toml", "`<home>/dev`, emptied first. Nothing leaves this machine"),
    "replay": ("the given files, the shops file", "`<home>/replay`, emptied first; the summary"),
    "live": ("the shops file, ERP and tills", "`<home>`, kept; through its runs the ERP; the ERP's webhooks if asked"),
    "preflight": ("the shops file, the ERP (GET only), every till, every drop folder", "nothing"),
    "sql": ("the lake, at one snapshot", "nothing"),
    "refresh": ("the ERP (GET and OPTIONS only), the shops file, the lake", "the ERP's tables in the lake"),
    "export": ("the lake, at one snapshot", "a new set in the folder named; then `current` in it names that set"),
    "retry": ("the ledger, the shops file", "the ledger: receipts wait again. Nothing is sent"),
    "close": ("the ledger, the shops file", "the ledger: the next posting run is asked to close the day"),
    "status": ("the ledger; the shops file, to judge by", "nothing"),
}


def after_help(command: str) -> str:
    """The end of a command's help: what it reads, what it writes, examples."""
    reads, writes = EFFECTS[command]
    lines = [f"`{line}  # {words}`" for line, words in EXAMPLES[command]]
    return "\n\n".join([f"**Reads** {reads}.", f"**Writes** {writes}.", "**Examples**", *lines])
