"""Every asset in one place: key, group, owner, kinds, tags, what it is made from. Read: ``lake/tables.py``.

Written: nothing. A table's description, columns, key, group and owner are those of ``lake/tables.py``; what only the
graph needs (kinds, tags, what is made from what) stands here. Assets know each other by key only, so this is the file
to read for the shape of the graph.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from bp_assets.lake import forecasting_lineage as forecasting
from bp_assets.lake.freshness import FRESHNESS
from bp_assets.lake.table import Table
from bp_assets.lake.tables import BY_NAME

TILLS, BRIGHTPEARL = "tills", "brightpearl"  # the two outsides: shown in the graph, materialised by nobody here
POSTINGS = "postings"  # the ledger's own: no table of the lake, posting runs tell of it as they go
POSTINGS_KEY = dg.AssetKey([POSTINGS])
FINANCE_FILE = "finance_file"
FORECASTING_EXPORT = "forecasting_export"
# Two runs that write one table collide in the lake and one comes again; an ERP or a disk may be away for a moment.
RETRY = dg.RetryPolicy(max_retries=2, delay=3, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an asset stands. ``reads`` is where its rows come from; ``lineage`` maps a column to ``table.column``s."""

    reads: str
    kinds: frozenset[str]
    made_from: tuple[str, ...]
    lineage: Mapping[str, tuple[str, ...]] | None = None


def _erp(*made_from: str) -> Place:
    return Place("brightpearl", frozenset({"duckdb", "brightpearl"}), (BRIGHTPEARL, *made_from))


def _ledger(*made_from: str) -> Place:
    return Place("ledger", frozenset({"duckdb", "postgres"}), made_from)


def _sql(*made_from: str, lineage: Mapping[str, tuple[str, ...]] | None = None) -> Place:
    return Place("lake", frozenset({"duckdb", "sql"}), made_from, lineage)


_RECONCILED = {
    "shop": ("pos_transactions.shop",),
    "business_date": ("pos_transactions.business_date",),
    "currency": ("pos_transactions.currency",),
    "till_net": ("pos_transactions.net",),
    "till_tax": ("pos_transactions.tax",),
    "till_gross": ("pos_transactions.gross",),
    "till_says_count": ("till_totals.transactions",),
    "till_says_gross": ("till_totals.gross",),
    "erp_net": ("posted_orders.net",),
    "erp_tax": ("posted_orders.tax",),
    "erp_gross": ("posted_orders.total",),
    "difference_net": ("pos_transactions.net", "posted_orders.net"),
    "difference_gross": ("pos_transactions.gross", "posted_orders.total"),
    "unsettled_gross": ("pos_transactions.gross", "pos_transactions.state"),
}
_TAKEN = {
    "shop": ("pos_tenders.shop", "pos_lines.shop"),
    "business_date": ("pos_tenders.business_date", "pos_lines.business_date"),
    "till_amount": ("pos_tenders.amount", "pos_lines.tax"),
    "till_net": ("pos_lines.net",),
    "erp_amount": ("posted_payments.signed_amount", "posted_order_rows.tax"),
    "difference": ("pos_tenders.amount", "pos_lines.tax", "posted_payments.signed_amount", "posted_order_rows.tax"),
}
_TAKEN_FROM = (
    "pos_tenders", "pos_lines", "posted_orders", "posted_order_rows", "posted_payments", "summary_lines",
)  # fmt: skip

PLACES: dict[str, Place] = {
    "products": _erp(),
    "prices": _erp("products", "price_lists"),
    "price_lists": _erp(),
    "warehouses": _erp(),
    "channels": _erp(),
    "tax_codes": _erp(),
    "stock_levels": _erp("products", "warehouses"),
    "product_custom_fields": _erp("products"),
    "product_sales_channels": _erp("products"),
    "product_warehouses": _erp("products"),
    "product_variations": _erp("products"),
    "bundle_components": _erp("products"),
    "brands": _erp(),
    "seasons": _erp(),
    "nominal_codes": _erp(),
    "shipping_methods": _erp(),
    "suppliers": _erp(),
    "order_statuses": _erp(),
    "orders": _erp(),
    "order_rows": _erp(),
    "order_fulfillments": _erp("orders"),
    "order_fulfillment_locations": _erp("orders"),
    "reservations": _erp("orders"),
    "partial_fulfillments": _sql(
        "orders", "goods_outs", "goods_out_order_rows", "cancelled_statuses", lineage=forecasting.PARTIAL_FULFILLMENTS
    ),
    "customer_payments": _erp(),
    "goods_outs": _erp(),
    "goods_out_order_rows": _erp(),
    "goods_out_events": _erp(),
    "dropship_notes": _erp("orders"),
    "dropship_note_order_rows": _erp("orders"),
    "dropship_note_events": _erp("orders"),
    "stock_transfers": _erp(),
    "goods_ins": _erp(),
    "goods_in_movements": _erp(),
    "goods_movements": _erp(),
    "contacts": _erp(),
    "contact_postal_addresses": _erp("contacts"),
    "order_parties": _erp(),
    "goods_out_labels": _erp(),
    "extraction_objects": _erp(),
    "extraction_quarantine": _erp(),
    # The state "verified" is known once an order was read back: so a run reads back first, then counts the states.
    "pos_transactions": _ledger(TILLS, "posted_orders"),
    "pos_lines": _ledger(TILLS),
    "pos_tenders": _ledger(TILLS),
    "till_totals": _ledger(TILLS),
    "receipt_versions": _ledger(TILLS),
    "posting_log": _ledger(POSTINGS),
    "posted_orders": _erp("posting_log"),
    "posted_order_rows": _erp("posting_log"),
    "posted_payments": _erp("posting_log"),
    "posted_goods": _erp("posting_log"),
    "summary_lines": _ledger(TILLS),
    "summary_tenders": _ledger(TILLS),
    "stock_corrections": _erp("warehouses"),
    "sales_reconciliation": _sql("pos_transactions", "posted_orders", "summary_lines", lineage=_RECONCILED),
    "daily_takings": _sql(*_TAKEN_FROM, lineage=_TAKEN),
    "posting_latency": _sql("pos_transactions"),
    "shop_health": Place("ledger", frozenset({"duckdb", "postgres"}), ("pos_transactions",)),
    "erp_requests": _ledger(BRIGHTPEARL),
    "findings": _sql("sales_reconciliation", "stock_levels"),
    "cancelled_statuses": _sql("order_statuses", "orders", lineage=forecasting.CANCELLED_STATUSES),
    "sales": _sql("orders", "order_rows", "cancelled_statuses", lineage=forecasting.ORDER_ROWS),
    "purchases": _sql("orders", "order_rows", "cancelled_statuses", lineage=forecasting.ORDER_ROWS),
    "stock_on_order": _sql(
        "orders",
        "order_rows",
        "goods_ins",
        "goods_in_movements",
        "products",
        "cancelled_statuses",
        lineage=forecasting.STOCK_ON_ORDER,
    ),
    "stock_position": _sql(
        "stock_levels",
        "stock_on_order",
        "reservations",
        "goods_outs",
        "goods_out_order_rows",
        lineage=forecasting.STOCK_POSITION,
    ),
    "availability_history": _sql("stock_levels", lineage=forecasting.AVAILABILITY_HISTORY),
    "demand_daily": _sql(
        "orders",
        "order_rows",
        "cancelled_statuses",
        "posted_orders",
        "pos_transactions",
        "pos_lines",
        "products",
        "availability_history",
        lineage=forecasting.DEMAND_DAILY,
    ),
    "lead_times": _sql(
        "orders", "order_rows", "goods_ins", "goods_in_movements", "cancelled_statuses", lineage=forecasting.LEAD_TIMES
    ),
    "sell_through": _sql(
        "demand_daily",
        "orders",
        "goods_ins",
        "goods_in_movements",
        "goods_outs",
        "goods_out_order_rows",
        lineage=forecasting.SELL_THROUGH,
    ),
    "weeks_of_cover": _sql("stock_position", "demand_daily", lineage=forecasting.WEEKS_OF_COVER),
    "table_freshness": _sql(),
    "table_dictionary": _sql(),
}


def key(name: str) -> dg.AssetKey:
    """The asset key of a table: its name.

    Raises:
        KeyError: no such asset; the message lists those there are.
    """
    if name not in names():
        raise KeyError(f"no asset {name!r}; there are {', '.join(names())}")
    return dg.AssetKey([name])


def names() -> tuple[str, ...]:
    """All tables of the lake in their order, then what is written for outside."""
    return (*BY_NAME, FINANCE_FILE, FORECASTING_EXPORT)


def spec(name: str) -> dg.AssetSpec:
    """The asset of a table: everything the graph shows of it before it was ever materialised."""
    table, place = BY_NAME[name], PLACES[name]
    described = [table.description, f"Source: {table.source}. Key: {', '.join(table.key)}."]
    if contract := FRESHNESS.get(name):
        described.append(contract.words)
    return dg.AssetSpec(
        key(name),
        description="\n\n".join(described),
        group_name=table.group,
        owners=[f"team:{table.owner}"],
        kinds=set(place.kinds),
        tags={"tillbridge/reads": place.reads},
        deps=[dg.AssetKey([source]) for source in place.made_from],
        metadata={
            "dagster/table_name": table.label,
            "dagster/column_schema": column_schema(table),
            "dagster/column_lineage": column_lineage(name),
        },
    )


def attributes(name: str) -> dict[str, Any]:
    """The same as keyword arguments of ``@asset``."""
    return _attributes(spec(name))


def finance_file_attributes() -> dict[str, Any]:
    """The published file as keyword arguments of ``@asset``."""
    return _attributes(finance_file_spec())


def forecasting_export_attributes(made_from: Sequence[str]) -> dict[str, Any]:
    """The forecasting files as keyword arguments of ``@asset``."""
    return _attributes(forecasting_export_spec(made_from))


def _attributes(found: dg.AssetSpec) -> dict[str, Any]:
    return {
        "key": found.key,
        "description": found.description,
        "group_name": found.group_name,
        "owners": list(found.owners),
        "kinds": set(found.kinds),
        "tags": {tag: value for tag, value in found.tags.items() if not tag.startswith("dagster/")},
        "deps": [dependency.asset_key for dependency in found.deps],
        "metadata": dict(found.metadata),
    }


def finance_file_spec() -> dg.AssetSpec:
    """The published DuckDB file: an asset that is no table."""
    return dg.AssetSpec(
        key(FINANCE_FILE),
        description="One plain DuckDB file with the published tables, replaced atomically: open it with any tool, "
        "hold no lock.",
        group_name="finance",
        owners=["team:finance"],
        kinds={"duckdb", "file"},
        tags={"tillbridge/reads": "lake"},
        deps=[
            key("sales_reconciliation"),
            key("daily_takings"),
            key("posting_latency"),
            key("shop_health"),
            key("erp_requests"),
        ],
    )


def forecasting_export_spec(made_from: Sequence[str]) -> dg.AssetSpec:
    """The set of files for forecasting tools; which tables they are made from is declared with them."""
    return dg.AssetSpec(
        key(FORECASTING_EXPORT),
        description="The 27 files that forecasting tools load: a whole set at one snapshot of the lake.",
        group_name="forecasting",
        owners=["team:data"],
        kinds={"file"},
        tags={"tillbridge/reads": "lake"},
        deps=[key(name) for name in made_from],
    )


def outside_specs() -> tuple[dg.AssetSpec, ...]:
    """What no asset of ours makes: the tills and the ERP, so that the graph begins where a sale begins, and posting."""
    return (
        dg.AssetSpec(
            TILLS,
            description="The shops' till systems, as declared in the shops file. Receipts reach the ledger from here.",
            group_name="outside",
            owners=["team:shops"],
            kinds={"api", "file"},
        ),
        dg.AssetSpec(
            POSTINGS_KEY,
            description="Posting itself, in the ledger: a run tells here, some seconds apart, what it received, posted "
            "and rejected, what still waits, its requests by lane, and how long its sales took.",
            group_name="posting",
            owners=["team:data"],
            kinds={"postgres"},
            deps=[TILLS],
        ),
        dg.AssetSpec(
            BRIGHTPEARL,
            description="The ERP: master of products and stock, and where every sale ends as an order or a credit.",
            group_name="outside",
            owners=["team:data"],
            kinds={"api", "brightpearl"},
        ),
    )


def column_schema(table: Table) -> dg.TableSchema:
    """Columns with type, words and constraints, as the Dagster UI shows them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                column.type,
                column.description,
                constraints=dg.TableColumnConstraints(nullable=column.nullable, unique=table.key == (column.name,)),
            )
            for column in table.columns
        ],
        constraints=dg.TableConstraints(other=[f"unique ({', '.join(table.key)})"]),
    )


def column_lineage(name: str) -> dg.TableColumnLineage:
    """Where a table's columns come from: the declared lineage, and the columns that refer to another table's key."""
    sources: dict[str, tuple[str, ...]] = {
        column.name: (column.references,) for column in BY_NAME[name].columns if column.references
    }
    sources.update(PLACES[name].lineage or {})
    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(asset_key=dg.AssetKey([place.split(".")[0]]), column_name=place.split(".")[1])
                for place in places
                if place.split(".")[0] in BY_NAME
            ]
            for column, places in sources.items()
        }
    )
