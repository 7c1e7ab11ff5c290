"""The only wiring: what Dagster loads. Read: environment (through the resources). Written: nothing.

Loading must stay quick (2.5 s): Great Expectations and pandas are imported by the check that uses them, when it runs.
"""

import warnings

import dagster as dg

from bp_assets import catalog
from bp_assets.export.assets import forecasting_export
from bp_assets.extraction.assets import assets as pulled
from bp_assets.finance.assets import daily_takings, finance_file, sales_reconciliation
from bp_assets.forecasting.assets import FORECASTING
from bp_assets.jobs import JOBS
from bp_assets.lake.tables import BY_NAME
from bp_assets.model.pos import till_tables
from bp_assets.model.summaries import summary_tables
from bp_assets.operations.dictionary_asset import table_dictionary
from bp_assets.operations.health_asset import shop_health
from bp_assets.operations.latency_asset import posting_latency
from bp_assets.operations.requests_asset import erp_requests
from bp_assets.posting.assets import posting_log
from bp_assets.resources import ErpResource, LakeResource, LedgerResource, ShopsResource
from bp_assets.schedules import SCHEDULES
from bp_assets.staging.corrections import stock_corrections
from bp_assets.staging.posted import posted
from bp_assets.staging.warehouses import warehouses
from checks.asset_checks import CHECKS
from sensors.checked import checked
from sensors.erp_changes import erp_changes
from sensors.forgotten_contacts import forgotten_contacts
from sensors.new_sales import new_sales
from sensors.run_failures import run_failures
from sensors.shop_states import shop_states
from sensors.unsettled_postings import unsettled_postings

# Dagster warns about its own code: binding resources to any sensor passes on a parameter that is in beta.
warnings.filterwarnings(
    "ignore", message="Parameter `owners` of initializer `SensorDefinition", category=dg.BetaWarning
)

ASSETS = (
    warehouses, *pulled(),
    till_tables, posting_log, posted, summary_tables, stock_corrections,
    posting_latency, shop_health, erp_requests, table_dictionary,
    sales_reconciliation, daily_takings, finance_file, *FORECASTING, forecasting_export,
)  # fmt: skip


def resources() -> dict[str, dg.ConfigurableResource]:
    """The resources by the names that assets, ops, checks and sensors ask for them."""
    ledger, shops = LedgerResource(), ShopsResource()
    return {"ledger": ledger, "lake": LakeResource(), "shops": shops, "erp": ErpResource(shops=shops, ledger=ledger)}


def described_only() -> list[dg.AssetSpec]:
    """Tables that no asset here makes: ``findings`` (the checks do), views, and what is only described so far."""
    made = {key for one in ASSETS for key in one.keys}
    return [catalog.spec(name) for name in BY_NAME if catalog.key(name) not in made]


defs = dg.Definitions(
    assets=[*ASSETS, *catalog.outside_specs(), *described_only()],
    asset_checks=list(CHECKS),
    jobs=list(JOBS),
    schedules=list(SCHEDULES),
    sensors=[
        new_sales,
        unsettled_postings,
        erp_changes,
        shop_states,
        forgotten_contacts,
        checked,
        run_failures,
    ],
    resources=resources(),
    # One process: what a click on "Materialize" starts is as small as what the jobs do.
    executor=dg.in_process_executor,
)
