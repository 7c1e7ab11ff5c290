"""Examples of every command, shown at the end of its help and tried by a test. Read and written: nothing."""

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
    "retry": (
        ("tillbridge retry", "everything that is rejected or quarantined"),
        ("tillbridge retry --reason tax_not_mapped", "after a tax was added to the map"),
        ("tillbridge retry 10042 10043", "two receipts"),
    ),
    "status": (
        ("tillbridge status", "one screen"),
        ("tillbridge status --json", "for a monitor"),
    ),
}


def examples(command: str) -> str:
    """The examples of a command as a block for its help."""
    lines = [f"`{line}  # {words}`" for line, words in EXAMPLES[command]]
    return "\n\n".join(["**Examples**", *lines])
