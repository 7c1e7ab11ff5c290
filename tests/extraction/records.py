"""What the tables of the lake must hold, worked out from the sandbox's own records and from no answer it gives.

A row is a tuple in the order of the resource's columns that ``COLUMNS`` names; ``as_of`` is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bp_assets.extraction.resources import ALL
from sandbox.erp.prices import breaks, unit_price
from sandbox.erp.reference import COUNTRIES
from sandbox.erp.times import local_midnight
from sandbox.world import World
from tests.extraction import goods_records as goods
from tests.extraction.sandbox_figures import Rows, at, small

COLUMNS = {table: rows.columns for one in ALL for table, rows in one.tables.items()}
COST = 1  # the cost price list


def products(world: World) -> Rows:
    for one in world.products.values():
        identity = one.identity or {}
        yield {
            "product_id": one.id, "sku": one.sku, "name": one.name,
            "barcode": identity.get("barcode") or identity.get("ean") or identity.get("upc"),
            "brand_id": one.brand_id, "status": one.status, "bundle": one.bundle is not None,
            "stock_tracked": one.stock_tracked and one.bundle is None, "tax_code": one.tax_code,
            "tax_code_id": world.reference.tax_by_code[one.tax_code].id, "taxable": one.taxable,
            "nominal_code_sales": one.nominal_sales, "nominal_code_stock": "1001", "nominal_code_purchases": "5000",
            "primary_supplier_id": one.supplier_id or None, "product_group_id": one.group_id or None,
            "product_type_id": one.type_id, "weight": small(one.weight, 4), "created_on": at(one.created),
            "updated_on": at(one.updated),
        }  # fmt: skip


def product_custom_fields(world: World) -> Rows:
    for one in world.products.values():
        for field, value in (one.custom or {}).items():
            said = value["value"] if isinstance(value, dict) else value
            words = str(said).lower() if isinstance(said, bool) else str(said)
            yield {"product_id": one.id, "field": field, "value": words, "sku": one.sku or None}


def product_sales_channels(world: World) -> Rows:
    for one in world.products.values():
        yield {
            "product_id": one.id, "sales_channel_name": "Brightpearl", "product_name": one.name,
            "product_condition": "new", "description": one.description or None,
            "short_description": one.short_description or None, "available_to_sell_on_channel": None,
            "sell_when_no_stock": None,
        }  # fmt: skip


def product_warehouses(world: World) -> Rows:
    for one in world.products.values():
        for warehouse in world.reference.warehouses:
            location, level, quantity = (one.reorder or {}).get(warehouse, (0, 0, 0))
            yield {
                "product_id": one.id, "warehouse_id": warehouse, "default_location_id": location or None,
                "overflow_location_id": None, "reorder_level": level, "reorder_quantity": quantity,
            }  # fmt: skip


def product_variations(world: World) -> Rows:
    for one in world.products.values():
        for option, value in one.variations:
            yield {
                "product_id": one.id, "option_id": option, "option_name": world.reference.options[option],
                "option_value_id": value, "option_value": world.reference.option_values[value][1],
            }  # fmt: skip


def bundle_components(world: World) -> Rows:
    for one in world.products.values():
        for part, units in one.bundle or []:
            yield {"bundle_id": one.id, "product_id": part, "quantity": units}


def prices(world: World) -> Rows:
    for one in world.products.values():
        for price_list in world.reference.price_lists.values():
            for least, price in breaks(world, one, price_list).items():
                yield {
                    "product_id": one.id, "price_list_id": price_list.id, "currency": price_list.currency,
                    "min_quantity": least, "unit_price": small(price, 4),
                }  # fmt: skip


def price_lists(world: World) -> Rows:
    for one in world.reference.price_lists.values():
        money = world.reference.currencies[one.currency]
        yield {
            "price_list_id": one.id, "name": one.name, "code": one.code, "currency": one.currency, "type": one.kind,
            "gross": one.gross, "currency_id": money["id"], "currency_symbol": money["symbol"],
        }  # fmt: skip


def channels(world: World) -> Rows:
    for one in world.reference.channels.values():
        yield {
            "channel_id": one.id, "name": one.name, "default_warehouse_id": one.warehouse_id,
            "default_price_list_id": one.price_list_id,
        }  # fmt: skip


def brands(world: World) -> Rows:
    for one in world.reference.brands.values():
        yield {"brand_id": one["id"], "name": one["name"], "description": one["description"] or None}


def seasons(world: World) -> Rows:
    for one in world.reference.seasons.values():
        yield {"season_id": one["id"], "name": one["name"], "description": one["description"] or None}


def shipping_methods(world: World) -> Rows:
    for one in world.reference.shipping_methods.values():
        yield {"shipping_method_id": one["id"], "name": one["name"], "code": one["code"]}


def tax_codes(world: World) -> Rows:
    for one in world.reference.tax_codes.values():
        yield {
            "tax_code_id": one.id, "tax_code": one.code, "description": one.description, "rate": small(one.rate, 4)
        }  # fmt: skip


def order_statuses(world: World) -> Rows:
    for one in world.reference.statuses.values():
        yield {"status_id": one.id, "name": one.name, "order_type": one.type, "disabled": False, "color": one.color}


def nominal_codes(world: World) -> Rows:
    for one in world.reference.nominals.values():
        yield {"code": one.code, "name": one.name, "type_id": one.type, "bank": one.bank, "active": one.active}


def orders(world: World) -> Rows:
    for one in world.orders.by_id.values():
        purchase = one.type in ("PO", "PC")
        invoiced = one.invoice_date if one.invoice_date is not None else one.tax_date
        yield {
            "order_id": one.id, "order_type": one.type, "parent_order_id": one.parent_id or None,
            "reference": one.reference or None, "external_ref": None, "status_id": one.status_id,
            "status": world.reference.statuses[one.status_id].name, "acknowledged": False,
            "payment_status": one.payment_status, "stock_status": one.stock_status,
            "allocation_status": one.allocation_status, "shipping_status": one.shipping_status,
            "placed_on": at(one.placed), "created_on": at(one.created), "created_by_id": one.created_by,
            "updated_on": at(one.updated), "closed_on": at(one.closed), "delivery_date": at(one.delivery_date),
            "channel_id": one.channel_id or None, "warehouse_id": one.warehouse_id or None,
            "price_list_id": one.price_list_id, "price_mode": one.price_mode, "currency": one.currency,
            "exchange_rate": small(one.exchange_rate, 6), "net_total": small(one.net, 2),
            "tax_total": small(one.tax, 2), "total": small(one.total, 2), "is_drop_ship": one.dropship,
            "contact_id": one.contact_id, "billing_contact_id": one.billing_id, "delivery_contact_id": None,
            "supplier_contact_id": one.contact_id if purchase else None, "invoice_reference": one.invoice or None,
            "tax_date": at(local_midnight(invoiced, world.switches.time_zone)) if one.invoice else None,
        }  # fmt: skip


def order_rows(world: World) -> Rows:
    for one in world.orders.by_id.values():
        for row in one.rows.values():
            product = world.products.get(row.product_id)
            yield {
                "order_row_id": row.id, "order_id": one.id, "currency": one.currency, "sequence": row.sequence,
                "product_id": row.product_id, "product_name": row.name, "product_sku": row.sku or None,
                "quantity": small(row.quantity, 4), "net": small(row.net, 4), "tax": small(row.tax, 2),
                "tax_code": row.tax_code, "nominal_code": row.nominal or None,
                "list_price": small(unit_price(world, product, one.price_list_id), 4),
                "item_cost": small(unit_price(world, product, COST), 4), "bundle_parent": row.bundle,
                "bundle_child": bool(row.parent_row), "parent_order_row_id": row.parent_row or None,
            }  # fmt: skip


def order_parties(world: World) -> Rows:
    """As the orders hold them, of contacts that are still there."""
    for one in world.orders.by_id.values():
        given = one.parties or {}
        billed = (one.billing_id, given.get("billing") or world.party_of(one.billing_id, "BIL", one.created))
        sent = (None, given.get("delivery") or world.party_of(one.contact_id, "DEL", one.created))
        sells = (one.contact_id, given.get("customer") or world.party_of(one.contact_id, "DEF", one.created))
        named = {"billing": billed, "delivery": sent}
        if one.type in ("PO", "PC"):
            named["supplier"] = sells
        for role, (number, party) in named.items():
            known = all(_known(world, who) for who in ({number} if number else {one.contact_id, one.billing_id}))
            yield {
                "order_id": one.id, "role": role, "contact_id": number,
                "name": party["addressFullName"] or None if known else None,
                "email": party["email"] or None if known else None,
            }  # fmt: skip


def _known(world: World, number: int) -> bool:
    return number in world.contacts and not _forgotten(world, number)


def _forgotten(world: World, number: int) -> bool:
    return world.contacts[number].last.startswith("FORGOTTEN CONTACT")


def contacts(world: World) -> Rows:
    for one in world.contacts.values():
        if not _forgotten(world, one.id):
            yield {
                "contact_id": one.id, "billing_postal_address_id": one.addresses.get("BIL"),
                "created_on": at(one.created),
                "current_contact_status": world.reference.contact_statuses.get(one.status_id),
                "default_postal_address_id": one.addresses.get("DEF"),
                "delivery_postal_address_id": one.addresses.get("DEL"), "email": one.emails.get("PRI") or None,
                "first_name": one.first or None, "is_primary_contact": one.primary, "is_staff": one.staff,
                "is_supplier": one.supplier, "last_name": one.last or None,
                "organisation_id": one.organisation_id or one.id, "organisation_name": one.company or None,
                "receive_email_newsletter": one.newsletter, "updated_on": at(one.updated),
            }  # fmt: skip


def contact_postal_addresses(world: World) -> Rows:
    for one in world.contacts.values():
        for number in sorted(set(one.addresses.values())):
            if not _forgotten(world, one.id):
                held = world.addresses[number]
                country = held.get("countryIsoCode", "GBR")
                yield {
                    "contact_id": one.id, "address_id": number, "address_line1": held.get("addressLine1") or None,
                    "address_line2": held.get("addressLine2") or None,
                    "address_line3": held.get("addressLine3") or None,
                    "address_line4": held.get("addressLine4") or None, "postal_code": held.get("postalCode") or None,
                    "country_iso_code": COUNTRIES[country][1] if country in COUNTRIES else country,
                }  # fmt: skip


def suppliers(world: World) -> Rows:
    for one in world.contacts.values():
        if one.supplier:
            yield {"supplier_id": one.id, "name": one.company or f"Supplier {one.id}"}


RECORDS: dict[str, Callable[[World], Rows]] = {
    one.__name__: one
    for one in (
        products, product_custom_fields, product_sales_channels, product_warehouses, product_variations,
        bundle_components, brands, seasons, prices, price_lists, channels, tax_codes, order_statuses, nominal_codes,
        shipping_methods, orders, order_rows, order_parties, contacts, contact_postal_addresses, suppliers,
        goods.order_fulfillments, goods.order_fulfillment_locations, goods.reservations, goods.goods_outs,
        goods.goods_out_order_rows, goods.goods_out_events, goods.goods_out_labels, goods.goods_ins,
        goods.goods_in_movements, goods.dropship_notes, goods.dropship_note_order_rows, goods.dropship_note_events,
        goods.stock_transfers, goods.goods_movements, goods.customer_payments, goods.stock_levels,
    )
}  # fmt: skip


def expected(world: World, table: str) -> list[tuple[Any, ...]]:
    """The rows of a table in the order of its columns, sorted."""
    names = COLUMNS[table]
    rows = [tuple(row[name] for name in names) for row in RECORDS[table](world)]
    return sorted(rows, key=repr)
