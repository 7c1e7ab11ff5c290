"""A seeded trading day: who sold what, when, where, how it was paid, and which faults were planted. Pure.

Read: a seed, a date, the range of items. Written: nothing. The same arguments give the same day on every machine.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from sandbox.catalogue import Item
from sandbox.tills import planted
from sandbox.tills.baskets import item_line, plain_line, returned_line, with_basket_discount
from sandbox.tills.events import LONDON, SHOPS, Line, Shop, Tender, Transaction

OPENS, TRADING_SECONDS = time(9, 0), 9 * 3600
_PEOPLE = ("ann", "bilal", "chloe", "dev", "ewa", "femi", "grace", "hugo")


def trading_day(
    seed: int,
    day: date,
    items: Sequence[Item],
    transactions: int = 300,
    shops: Sequence[Shop] = SHOPS,
    faults: Sequence[str] = planted.NAMES,
) -> list[Transaction]:
    """The day's transactions in the order of their sale. A fault is left out when no transaction suits it (a very
    short day).
    """
    draw = random.Random(f"day-{seed}-{day.isoformat()}")
    floor = Floor(draw, items, f"{seed}-{day.isoformat()}")
    start = datetime.combine(day, OPENS, LONDON)
    seconds = sorted(draw.randrange(TRADING_SECONDS) for _ in range(transactions))
    places = [draw.choices(shops, weights=[3, 4, 2, 2][: len(shops)])[0] for _ in seconds]
    slots = planted.slots([place.system for place in places], faults)
    done: list[Transaction] = []
    for index, (second, place) in enumerate(zip(seconds, places, strict=True)):
        moment = start + timedelta(seconds=second)
        fault = slots.get(index, "")
        basket = floor.planted(place, moment, fault, done) if fault else floor.ordinary(place, moment, done)
        done.append(basket)
    return done


class Floor:
    """Draws one transaction after the other; remembers how much of each sold line has come back."""

    def __init__(self, draw: random.Random, items: Sequence[Item], salt: str) -> None:
        self.draw, self.items, self.salt = draw, list(items), salt
        self.returned: dict[tuple[str, str], Decimal] = {}
        self.numbers: dict[str, int] = {}

    # -- one transaction of each kind ---------------------------------------------------------------------------------

    def ordinary(self, shop: Shop, moment: datetime, done: Sequence[Transaction]) -> Transaction:
        """A sale, return, exchange, gift card, void … in the proportions of a normal day."""
        kind = self.draw.choices(
            ("sale", "return", "cross_shop_return", "exchange", "gift_card", "void", "refund_only"),
            weights=(80, 6, 3, 5, 2, 2, 1),
        )[0]
        if kind in ("return", "cross_shop_return", "exchange"):
            found = self.sold_before(shop, done, elsewhere=kind == "cross_shop_return")
            if found:
                return self.goods_return(shop, moment, *found, exchange=kind == "exchange")
        if kind == "gift_card":
            line = plain_line("l1", "gift_card_sale", "Gift card", self.draw.choice((1000, 2500, 5000)))
            return self.close(shop, moment, "sale", [line])
        if kind == "void":
            return self.void(shop, moment)
        if kind == "refund_only" and shop.system == "square":
            found = self.sold_before(shop, done, elsewhere=False)
            if found:
                return self.refund_only(shop, moment, found[0])
        return self.sale(shop, moment)

    def sale(self, shop: Shop, moment: datetime) -> Transaction:
        """An ordinary basket: one to five lines, now and then a discount, a tip, a service charge."""
        lines = []
        for number in range(1, self.draw.choices((1, 2, 3, 4, 5), weights=(40, 28, 17, 10, 5))[0] + 1):
            item = self.draw.choice(self.items)
            quantity = Decimal(self.draw.choices((1, 2, 3, 6), weights=(75, 15, 7, 3))[0])
            if not item.stock_tracked and self.draw.random() < 0.5:
                quantity = Decimal("0.345")
            percent = self.draw.choices((0, 10, 25, 50), weights=(82, 10, 5, 3))[0]
            lines.append(item_line(shop, f"l{number}", item, quantity, percent))
        if self.draw.random() < 0.08:
            lines = with_basket_discount(shop, lines, self.draw.choice((5, 10, 15)))
        if shop.system == "square" and self.draw.random() < 0.03:
            charge = max(sum(line.gross for line in lines) // 10, 1)
            lines.append(plain_line("s1", "service_charge", "Gift wrapping", charge))
        if shop.system != "csv" and self.draw.random() < 0.05:
            lines.append(plain_line("tip", "tip", "Tip", self.draw.choice((100, 200, 500))))
        return self.close(shop, moment, "sale", lines)

    def goods_return(
        self,
        shop: Shop,
        moment: datetime,
        sold: Transaction,
        line: Line,
        *,
        exchange: bool = False,
        quantity: Decimal | None = None,
        restock: str = "restock",
    ) -> Transaction:
        """Goods come back; in an exchange something else leaves in the same transaction."""
        key = (sold.source_id, line.uid)
        before = self.returned.get(key, Decimal(0))
        if quantity is None:
            rest = line.quantity - before
            quantity = rest if rest < 1 else Decimal(self.draw.randint(1, int(rest)))
        self.returned[key] = before + quantity
        lines = [returned_line(shop, "r1", line, quantity, before, restock)]
        if exchange:
            lines.insert(0, item_line(shop, "l1", self.draw.choice(self.items), Decimal(1)))
        linked = sold.shop.system == shop.system == "square" or "square" not in (sold.shop.system, shop.system)
        kind = "exchange" if exchange else "goods_return"
        return self.close(shop, moment, kind, lines, original=sold, linked=linked and self.draw.random() < 0.9)

    def refund_only(self, shop: Shop, moment: datetime, sold: Transaction) -> Transaction:
        """Money back as goodwill, no goods, no VAT split."""
        amount = -min(500, max(sold.gross // 10, 1))
        line = plain_line("r1", "custom_amount", "Custom amount", amount)
        return self.close(shop, moment, "refund_only", [replace(line, quantity=Decimal(-1))], original=sold)

    def void(self, shop: Shop, moment: datetime) -> Transaction:
        """Cancelled before it closed, or still parked. The file tills print voided receipts, and park nothing."""
        kind = self.draw.choice(("void", "parked")) if shop.system == "square" else "void"
        line = item_line(shop, "l1", self.draw.choice(self.items), Decimal(1))
        return self.close(shop, moment, kind, [line])

    def planted(self, shop: Shop, moment: datetime, fault: str, done: Sequence[Transaction]) -> Transaction:
        """A transaction with ``fault`` in it, marked as such; an ordinary sale when nothing sold before suits it."""
        if fault in planted.ON_RETURNS:
            found = self.sold_before(shop, done, elsewhere=False)
            if not found:
                return self.sale(shop, moment)
            sold, line = found
            asked = line.quantity + 2 if fault == "return_of_more_than_sold" else Decimal(1)
            restock = "quarantine" if fault == "damaged_return" else "restock"
            basket = self.goods_return(shop, moment, sold, line, quantity=asked, restock=restock)
            return replace(basket, fault=fault, linked=True)
        if fault == "amount_only_refund":
            found = self.sold_before(shop, done, elsewhere=False)
            return replace(self.refund_only(shop, moment, found[0]), fault=fault) if found else self.sale(shop, moment)
        lines = [item_line(shop, "l1", self.draw.choice(self.items), Decimal(1))]
        lines.append(
            item_line(shop, "l2", self.draw.choice([i for i in self.items if i.tax_rate] or self.items), Decimal(2))
        )
        return planted.plant(fault, self.close(shop, moment, "sale", lines))

    # -- what all kinds share -----------------------------------------------------------------------------------------

    def sold_before(
        self, shop: Shop, done: Sequence[Transaction], *, elsewhere: bool
    ) -> tuple[Transaction, Line] | None:
        """A line sold earlier (in this shop, or in another one) of which something is left to return."""
        found = [
            (sold, line)
            for sold in done[-150:]
            if (sold.shop != shop) == elsewhere
            and sold.kind == "sale"
            and not sold.fault
            # A file till's basket discount stands on a line of its own; returning a part of it is not offered there.
            and not any(line.kind == "discount" for line in sold.lines)
            for line in sold.lines
            if line.kind == "item" and line.quantity > self.returned.get((sold.source_id, line.uid), Decimal(0))
        ]
        return self.draw.choice(found) if found else None

    def close(
        self,
        shop: Shop,
        moment: datetime,
        kind: str,
        lines: list[Line],
        *,
        original: Transaction | None = None,
        linked: bool = True,
    ) -> Transaction:
        """Number the basket, take the money, print the receipt."""
        number = self.numbers[shop.code] = self.numbers.get(shop.code, 0) + 1
        digest = hashlib.sha256(f"{self.salt}-{shop.code}-{number}".encode()).hexdigest()
        receipt = f"{shop.prefix}-{moment:%y%m%d}-{digest[:5].upper()}{number:04d}"
        source_id = f"SQ{digest[:20].upper()}" if shop.system == "square" else receipt
        taken: list[Tender] = []
        if kind not in ("void", "parked"):
            lines, taken = self.pay(shop, lines, source_id, original)
        email = f"customer{self.draw.randrange(40):02d}@example.com" if self.draw.random() < 0.15 else ""
        till = self.draw.randint(1, 2)
        return Transaction(
            shop=shop,
            number=number,
            source_id=source_id,
            receipt_number=receipt,
            kind=kind,
            sold_at=moment.astimezone(UTC),
            lines=tuple(lines),
            tenders=tuple(taken),
            original=original,
            linked=linked,
            email=email,
            register=f"{shop.prefix}-T{till}",
            operator=self.draw.choice(_PEOPLE),
            session=f"{shop.prefix}-{moment:%y%m%d}-T{till}",
        )

    def pay(
        self, shop: Shop, lines: list[Line], source_id: str, original: Transaction | None
    ) -> tuple[list[Line], list[Tender]]:
        """The tenders that settle the lines, and the lines themselves (with a rounding line when cash was rounded)."""
        due = sum(line.gross for line in lines)
        back_to = original.tenders[0].uid if original and original.tenders else ""
        if due == 0:
            return lines, []
        if due < 0:
            return lines, [Tender(f"{source_id}-R1", self.draw.choice(("card", "cash")), due, refunds=back_to)]
        tip = sum(line.gross for line in lines if line.kind == "tip")
        way = self.draw.choices(("card", "cash", "gift_card", "split"), weights=(62, 22, 6, 10))[0]
        card = Tender(f"{source_id}-P1", "card", due, tip, last4=f"{self.draw.randrange(10000):04d}")
        if way == "card" or tip:
            return lines, [card]
        if way == "gift_card":
            return lines, [Tender(f"{source_id}-P1", "gift_card", due)]
        if way == "split" and due >= 2000:
            cash = due // 3 // 500 * 500 or 500
            rest = replace(card, uid=f"{source_id}-P2", amount_minor=due - cash)
            return lines, [Tender(f"{source_id}-P1", "cash", cash), rest]
        rounding = -(due % 5) if self.draw.random() < 0.3 and due > 5 else 0
        if rounding:
            lines = [*lines, plain_line("rounding", "rounding", "Cash rounding", rounding)]
        kept = due + rounding
        return lines, [Tender(f"{source_id}-P1", "cash", kept, change_minor=-kept % 500)]
