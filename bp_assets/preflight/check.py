"""The whole preflight: ERP and tills side by side, every fault in one report.

Read: the ERP (GET only), the tills, folders. Written: nothing; with OAuth the renewed token goes to the token store.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

from bp_assets.brightpearl.auth import TokenStore
from bp_assets.brightpearl.errors import ErpError, ErpRefused, ErpUnavailable, Throttled, Unauthorised
from bp_assets.brightpearl.pacing import RequestBudget
from bp_assets.config import ShopsFile
from bp_assets.ledger.trading_days import TradingDay
from bp_assets.preflight import erp, maps, modes, places, tills
from bp_assets.preflight.account import Account, ReadingClient, read_account
from bp_assets.preflight.report import Fault, Report, fault, in_order


def check(
    shops: ShopsFile,
    store: TokenStore | None = None,
    today: date | None = None,
    budget: RequestBudget | None = None,
    days: Sequence[TradingDay] = (),
) -> Report:
    """Everything that is wrong, at once. Where the ERP can't be asked, tills are still checked.

    ``days`` are the trading days that the ledger knows to have begun.
    Without a ``budget`` it keeps to the cap by itself and by what the ERP's answers say is left.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="tills") as pool:
        from_tills = pool.submit(tills.check, shops)
        faults, checked = _of_erp(shops, store, today or datetime.now(UTC).date(), budget)
        faults = [*faults, *modes.begun(shops, days), *from_tills.result()]
    return Report(in_order(faults), {"shops": len(shops.shops), "tills": len(shops.shops), **checked})


def _of_erp(
    shops: ShopsFile, store: TokenStore | None, today: date, budget: RequestBudget | None
) -> tuple[list[Fault], dict[str, int]]:
    try:
        with ReadingClient(shops.erp, lane="changes", budget=budget, store=store) as client:
            try:
                account, faults = read_account(client, shops)
            finally:
                requests = sum(client.counts.values())
    except ErpError as error:
        return [_no_account(shops, error)], {}
    faults += [
        *erp.check(shops, account, today),
        *places.check(shops, account),
        *maps.check(shops, account),
        *modes.check(shops, account),
    ]
    return faults, _counts(shops, account) | {"requests": requests}


def _no_account(shops: ShopsFile, error: ErpError) -> Fault:
    """The one fault where nothing of the ERP can be checked."""
    settings = shops.erp
    names = (settings.account_token_env, settings.refresh_token_env)
    if isinstance(error, Unauthorised):
        oauth = settings.auth == "oauth"
        text, _, advice = str(error).partition(". ")
        return fault(
            f"erp.{'refresh_token_env' if oauth else 'account_token_env'}",
            f"{text.rstrip('.')}; nothing of the ERP could be checked",
            advice or f"Put the credential into {names[oauth]}; it never stands in the shops file.",
        )
    if isinstance(error, ErpUnavailable | Throttled) or (isinstance(error, ErpRefused) and error.status == 0):
        return fault(
            "erp.base_url",
            f"the ERP at {settings.url} can't be asked: {error}",
            "Check the address (TILLBRIDGE_ERP_URL overrides the file), the network and the ERP's status page.",
        )
    return fault(
        "erp.base_url",
        f"{settings.url} does not answer like the ERP: {error}",
        "Check erp.base_url (the datacentre) and erp.account.",
    )


def _counts(shops: ShopsFile, account: Account) -> dict[str, int]:
    """What of the file was compared with what."""
    codes = [code for code in shops.nominal_codes.model_dump().values() if code]
    return {
        "tax_map": len(shops.tax_map) + sum(len(shop.tax_map) for shop in shops.shops),
        "tender_map": len(shops.tender_map) + sum(len(shop.tender_map) for shop in shops.shops),
        "nominal_codes": len(codes),
        "products": account.products or 0,
    }
