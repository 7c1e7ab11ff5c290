"""The events of a day carried out: each kind of event is a method of its name. The real engine is driven from here.

Whatever a person or the world does to ERP, tills or database is told to the auditor in the same breath.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import psycopg2  # type: ignore[import-untyped]  # ships no types
import sqlalchemy as sa

from bp_assets.brightpearl.errors import ErpError
from bp_assets.config import ShopsFile
from bp_assets.ledger.errors import LedgerError
from bp_assets.ledger.postings import requeue
from sandbox.tills import planted
from tests.simulation.auditor import Auditor, Entry
from tests.simulation.clock import Clock
from tests.simulation.day import Plan
from tests.simulation.deeds import Deeds
from tests.simulation.erp import Erp
from tests.simulation.expected import PLACES, sale_id
from tests.simulation.postgres import Postgres
from tests.simulation.process import Blow, Process, Turn, die
from tests.simulation.retailer import shops_file
from tests.simulation.tills import Tills


class Acts:
    """One day: what it works with, and how far it has come. ``counts`` says what happened how often."""

    process_class: type[Process] = Process

    def __init__(
        self, plan: Plan, erp: Erp, postgres: Postgres, database: str, folder: Path, clock: Clock, auditor: Auditor
    ) -> None:
        self.plan, self.erp, self.postgres, self.clock, self.auditor = plan, erp, postgres, clock, auditor
        self.database, self.url = database, postgres.url(database)
        self.tills = Tills(folder, erp.server.floor)
        self.rejects_unknown = plan.seed % 2 == 0
        self.summed = plan.summed
        self.unknown_sku = policy = "reject" if self.rejects_unknown else "non_stock_row"
        self.shops: ShopsFile = shops_file(erp.url, folder, policy, self.summed)
        self.sound_shops = self.shops
        self.counts: Counter[str] = Counter()
        self.mends: list[Callable[[], None]] = []
        self._process: Process | None = None

    @property
    def process(self) -> Process:
        """The running posting process; one is started where there is none."""
        if self._process is None:
            self._process = self.process_class(self.url, self.shops, self.clock)
        return self._process

    def stop(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None

    def act(self, kind: str, values: dict[str, Any]) -> str:
        """Carry one event out; what became of it, in words."""
        return str(getattr(self, f"on_{kind}")(**values) or "")

    # -- tills --------------------------------------------------------------------------------------------------------

    def on_deliver(self, shop: str, baskets: list[int]) -> str:
        chosen = [self.plan.baskets[place] for place in baskets]
        self.auditor.handed_over(chosen)
        self.tills.deliver(shop, chosen)
        return ", ".join(f"{basket.receipt_number} ({basket.fault or basket.kind})" for basket in chosen)

    def on_half_file(self, shop: str, baskets: list[int]) -> None:
        self.tills.begin_file(shop, [self.plan.baskets[place] for place in baskets])

    def on_finish_file(self, shop: str) -> None:
        # Told first: the reader may take the file the moment it is whole.
        self.auditor.handed_over([basket for _, baskets in self.tills.halves.get(shop, []) for basket in baskets])
        self.tills.finish_files(shop)

    def on_file_again(self, shop: str) -> str:
        return "" if self.tills.file_again(shop) else "there is no file yet"

    def on_receipts_again(self, shop: str) -> str:
        return ", ".join(one.receipt_number for one in self.tills.receipts_again(shop)) or "nothing to repeat"

    def on_other_version(self, shop: str) -> str:
        """The till changes a receipt it has told before: the first version that was taken counts."""
        found = [
            basket for _, baskets in self.tills.files.get(shop, []) for basket in baskets
            if shop == "york" and basket.kind == "sale" and not basket.fault and len(basket.tenders) == 1
            and basket.lines[0].kind == "item"
        ]  # fmt: skip
        if not found:
            return "there is no receipt that could change"
        basket = found[-1]
        revised = planted.plant("changed_content", basket).revised
        assert revised is not None
        revised = replace(revised, fault="")
        entry = self.auditor.entries[sale_id(basket)]
        entry.retold = True
        if sale_id(basket) not in self.auditor.postings:
            # Both versions come in together: the rows contradict each other.
            self.auditor.other_version(entry, revised)
        self.tills.other_version(shop, revised)
        return basket.receipt_number

    def on_offline(self, shop: str) -> None:
        """The shop's own line is down (its files come later), or Square does not answer."""
        if shop in ("leeds", "london"):
            self.erp.control("POST", "tills/faults", fault="offline")

    def on_online(self, shop: str) -> None:
        if shop in ("leeds", "london"):
            self.erp.control("POST", "tills/faults", clear=True)

    def on_square_trouble(self, fault: str, count: int) -> None:
        self.erp.control("POST", "tills/faults", fault=fault, count=count)

    # -- the ERP's faults ---------------------------------------------------------------------------------------------

    def _fault(self, **fault: Any) -> None:
        self.erp.fault(**fault)

    on_throttle = on_error = on_outage = on_lost_reply = on_slow = on_item_failure = on_search_lag = _fault
    on_odd_reply = _fault

    def on_one_sale(self, sale: int, status: int, alone: bool) -> str:
        """The ERP refuses one sale (400), or breaks over it (500), alone or with all that share its request."""
        handed = [key for key, entry in self.auditor.entries.items() if entry.delivered]
        if not handed:
            return "nothing was sold yet"
        key = handed[sale % len(handed)]
        entry = self.auditor.entries[key]
        for route in ("POST /order-service/sales-*", "POST /accounting-service/*"):
            for kind in ("error", "item_failure"):
                self.erp.fault(kind=kind, route=route, containing=f"{key}", status=status)
        if status == 500 and not alone:
            self.erp.fault(kind="error", route="POST /multi-message", containing=key, status=500)
        entry.causes.add("erp_refused" if status == 400 else "too_many_attempts")
        return entry.name

    def on_heal(self) -> None:
        self.erp.heal()

    # -- hands in the ERP ---------------------------------------------------------------------------------------------

    def on_edit_order(self, order: int, what: str) -> str:
        """A person changes the tax of a row, the channel, or throws an order away."""
        world = self.erp.server.world
        ours = {ref: one for ref, one in self.auditor.orders.items() if ref and "summary" not in ref}
        if not ours:
            return "there is no order yet"
        ref = sorted(ours)[order % len(ours)]
        code, _, key = ref.partition("-")
        number, entry = ours[ref]["orderId"], self.auditor.entries[key]
        entry.causes |= {"bad_answer", "erp_refused", "changed_in_erp"}
        wanted = ours[ref]["wanted"]
        if what == "throw_away":
            self.erp.control("DELETE", f"orders/{number}")
            self.auditor.thrown_away.add(number)
            entry.edited[code] = None
        elif what == "channel":
            self.erp.control("POST", f"orders/{number}", channelId=1)
            entry.edited[code] = replace(wanted, channel=1)
        else:
            row = next(iter(world.orders.by_id[number].rows.values()))
            self.erp.control("POST", f"orders/{number}/rows/{row.id}", tax=f"{(row.tax + 100) / 100:.2f}")
            entry.edited[code] = replace(
                wanted, tax={**wanted.tax, row.tax_code: wanted.tax.get(row.tax_code, 0) + 100}
            )
        return f"{ref}, order {number}"

    def on_edit_product(self, product: int, what: str) -> str:
        items = self.erp.server.world.items
        item = items[product % len(items)]
        if what == "price":
            self.erp.control("POST", "products", productId=item.product_id, netPrice="1.2300")
        elif what == "tax":
            self.auditor.retaxed.add(item.sku)
            self.erp.control(
                "POST", "products", productId=item.product_id, taxCode="T5" if item.tax_code != "T5" else "T20"
            )
        elif self.rejects_unknown:  # else what moves stock would depend on the moment at which the product was read
            self.erp.control("POST", "products", productId=item.product_id, sku=f"{item.sku}-OLD")
            self.auditor.rules.append(("unknown_sku", lambda entry: _holds(entry, item.sku)))
            self.mends.append(lambda: self.erp.control("POST", "products", productId=item.product_id, sku=item.sku))
        return item.sku

    def on_stock_out(self, product: int, shop: str) -> str:
        """The shelf is empty, says the ERP; the till sells on."""
        world = self.erp.server.world
        item, warehouse = world.items[product % len(world.items)], PLACES[shop][1]
        in_stock, allocated, _, _ = world.stock.figures(item.product_id, warehouse)
        units = in_stock - allocated
        if units <= 0:
            return "there is none already"
        self._move(item.product_id, warehouse, -units)
        # Goods that come back between the refusal and the look at the shelf leave only the ERP's own words as reason.
        for reason in ("not_enough_stock", "erp_refused"):
            self.auditor.rules.append(
                (reason, lambda entry: entry.basket.shop.code == shop and _holds(entry, item.sku))
            )
        self.mends.append(lambda: self._move(item.product_id, warehouse, 200))
        return f"{item.sku} at {shop}"

    def _move(self, product: int, warehouse: int, units: int) -> None:
        self.erp.control("POST", "stock", productId=product, warehouseId=warehouse, quantity=units, reason="count")
        self.auditor.hand_moves[product, warehouse, units] += 1

    def on_foreign_order(self) -> str:
        """Another app of the account sells something."""
        world = self.erp.server.world
        item, before = world.items[0], set(world.orders.by_id)
        row = {
            "productId": item.product_id, "quantity": 1, "taxCode": item.tax_code, "net": "10.00", "tax": "0.00",
            "nominalCode": "4000",
        }  # fmt: skip
        order = {
            "customer": {"id": 301}, "ref": "shop floor", "currency": {"code": "GBP"}, "channelId": 2, "rows": [row],
        }  # fmt: skip
        try:
            told = self.erp.api("POST", "/order-service/sales-order", order).text[:200]
        except httpx.TransportError:
            told = "the reply was lost"
        # What strikes us may strike others too: an order may be there though they were refused.
        self.auditor.foreign |= set(world.orders.by_id) - before
        return told

    # -- our own side -------------------------------------------------------------------------------------------------

    def on_edit_map(self, map: str, key: str) -> str:
        """Somebody takes an entry out of the shops file, and the process is started anew with it."""
        raw = self.shops.model_dump(exclude_unset=True, by_alias=True)
        gone = key if map == "tender_map" else "5"
        raw[map].pop(gone, None)
        self.shops = ShopsFile.model_validate(raw)
        if map == "tender_map":
            self.auditor.rules.append(
                ("tender_not_mapped", lambda entry: any(tender.type == gone for tender in entry.basket.tenders))
            )
        else:
            self.auditor.rules.append(
                ("tax_not_mapped", lambda entry: any(line.rate == 5 for line in entry.basket.lines))
            )
        self.stop()
        return f"{map}.{gone}"

    def on_redeploy(self) -> None:
        self.stop()

    def on_retry(self) -> str:
        return f"{requeue(self.process.ledger)} sales"

    def on_restart_postgres(self) -> None:
        self.postgres.restart()

    def on_cut_connections(self) -> None:
        self.postgres.cut(self.database)

    def on_verify(self) -> str:
        try:
            told = self.process.verify()
        except ErpError as error:
            return f"the ERP did not let us: {error}"
        return f"verified {told.verified}, waiting {told.waiting}, differing {told.differing}"

    def on_turn(self) -> str:
        return self._turn(self.process).words()

    def _turn(self, process: Process) -> Turn:
        self.counts["turns of the poster"] += 1
        return process.turn()

    def on_killed(self, moment: str, number: int) -> str:
        """A process of its own posts, and dies of SIGKILL on the way."""
        self.stop()
        died = die(self.url, self.erp.url, self.shops, self.erp.gate, Blow(moment, number))
        self.clock.follow()
        self.counts["turns of the poster"] += 1
        if not died:
            return "it came to its end before"
        self.counts[f"killed: {KILLS[moment]}"] += 1
        struck = self.erp.gate.struck if moment in ("arrived", "handled") else ""
        return f"died {KILLS[moment]} {number} {struck}"

    def on_shaken(self, moment: str, number: int, how: str) -> str:
        """PostgreSQL goes away in the middle of a turn and comes back."""
        self.stop()
        deeds = Deeds(moment, number, lambda: self._shake(how))
        process = self.process_class(self.url, self.shops, self.clock, deeds)
        try:
            words = self._turn(process).words()
        except (LedgerError, sa.exc.DBAPIError) as error:
            words = f"the process ended: {' '.join(str(error).split())[:160]}"
        finally:
            process.close()
        if deeds.struck:
            self.counts[f"database {how} in a turn"] += 1
        return words

    def _shake(self, how: str) -> None:
        if how == "restart":
            self.postgres.restart()
        elif how == "cut":
            self.postgres.cut(self.database)
        else:
            raise psycopg2.OperationalError("server closed the connection unexpectedly")


KILLS = {
    "commit": "before commit",
    "committed": "after commit",
    "sending": "before request",
    "answered": "after the answer to request",
    "arrived": "in request, before the ERP handled it,",
    "handled": "in request, after the ERP handled it,",
}


def _holds(entry: Entry, sku: str) -> bool:
    return any(line.sku == sku for line in entry.basket.lines)
