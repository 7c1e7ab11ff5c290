"""The tables that tell of people: the schema ``personal``, never published, in no analyst's table.

Read: nothing. Written: nothing. One of the files that ``tables.py`` puts together.
"""

from __future__ import annotations

from bp_assets.lake.columns import col, opt
from bp_assets.lake.table import AS_OF, INSTANT, PERSONAL, Table

CONTACTS = Table(
    "contacts",
    "Brightpearl's contacts: customers, suppliers and staff. Personal data.",
    (
        col("contact_id", "BIGINT", "Brightpearl's contact id."),
        opt("billing_postal_address_id", "BIGINT", "Address for invoices.",
            references="contact_postal_addresses.address_id", loose=True),
        opt("created_on", INSTANT, "When it was created in Brightpearl."),
        opt("current_contact_status", "VARCHAR", "Its status in the account's words."),
        opt("default_postal_address_id", "BIGINT", "Main address.",
            references="contact_postal_addresses.address_id", loose=True),
        opt("delivery_postal_address_id", "BIGINT", "Address for goods.",
            references="contact_postal_addresses.address_id", loose=True),
        opt("email", "VARCHAR", "Main e-mail address.", personal=True),
        opt("first_name", "VARCHAR", "First name.", personal=True),
        opt("is_primary_contact", "BOOLEAN", "Whether it is the first contact of its organisation."),
        opt("is_staff", "BOOLEAN", "Whether it works for the account's owner."),
        opt("is_supplier", "BOOLEAN", "Whether goods are bought from it."),
        opt("last_name", "VARCHAR", "Last name.", personal=True),
        opt("organisation_id", "BIGINT", "Its organisation."),
        opt("organisation_name", "VARCHAR", "The organisation's name; may be a person's.", personal=True),
        opt("receive_email_newsletter", "BOOLEAN", "Whether it agreed to newsletters."),
        opt("updated_on", INSTANT, "Brightpearl's last change; empty where it gives none."),
        AS_OF,
    ),
    ("contact_id",), "personal", "data", "Brightpearl contact GET", schema=PERSONAL, published=False,
)  # fmt: skip

CONTACT_POSTAL_ADDRESSES = Table(
    "contact_postal_addresses",
    "Postal addresses of contacts. Personal data.",
    (
        col("address_id", "BIGINT", "Brightpearl's address id."),
        col("contact_id", "BIGINT", "Contact.", references="contacts.contact_id", loose=True),
        opt("address_line1", "VARCHAR", "First line.", personal=True),
        opt("address_line2", "VARCHAR", "Second line.", personal=True),
        opt("address_line3", "VARCHAR", "Town.", personal=True),
        opt("address_line4", "VARCHAR", "County or state.", personal=True),
        opt("postal_code", "VARCHAR", "Post code.", personal=True),
        opt("country_iso_code", "VARCHAR", "Country, ISO 3166 in three letters."),
        AS_OF,
    ),
    ("address_id",), "personal", "data", "Brightpearl postal-address GET", schema=PERSONAL, published=False,
)  # fmt: skip

ORDER_PARTIES = Table(
    "order_parties",
    "Who an order bills, delivers to or buys from, as the order itself holds it. Personal data.",
    (
        col("order_id", "BIGINT", "Order.", references="orders.order_id"),
        col("role", "VARCHAR", "billing, delivery or supplier."),
        opt("contact_id", "BIGINT", "Contact; mostly empty for delivery.",
            references="contacts.contact_id", loose=True),
        opt("name", "VARCHAR", "Full name.", personal=True),
        opt("email", "VARCHAR", "E-mail address.", personal=True),
        AS_OF,
    ),
    ("order_id", "role"), "personal", "data", "Brightpearl order GET", schema=PERSONAL, published=False,
)  # fmt: skip

GOODS_OUT_LABELS = Table(
    "goods_out_labels",
    "Where the shipping labels of goods-out notes lie: a label shows a name and an address. Personal data.",
    (
        col("goods_out_id", "BIGINT", "Goods-out note.", references="goods_outs.goods_out_id"),
        col("label_uri", "VARCHAR", "Link to the label.", personal=True),
        AS_OF,
    ),
    ("goods_out_id",), "personal", "warehouse", "Brightpearl goods-out note GET", schema=PERSONAL, published=False,
)  # fmt: skip

EXTRACTION_QUARANTINE = Table(
    "extraction_quarantine",
    "Records of the ERP that could not be understood: the reason, and the record as it came. It stands here because a "
    "record as it came may hold names and addresses.",
    (
        col("resource", "VARCHAR", "What was being read, for example order."),
        col("object_id", "VARCHAR", "The record's id as the ERP wrote it; its place in the answer where it has none."),
        col("reason", "VARCHAR", "What could not be understood, naming the field and its value's kind."),
        col("raw", "VARCHAR", "The record as it came, JSON.", personal=True),
        col("first_seen", INSTANT, "When it was first met."),
        col("last_seen", INSTANT, "When it was last met. A record that is understood again leaves this table."),
    ),
    ("resource", "object_id"), "personal", "data", "the ERP's answers", schema=PERSONAL, published=False,
)  # fmt: skip

PERSONAL_TABLES = (CONTACTS, CONTACT_POSTAL_ADDRESSES, ORDER_PARTIES, GOODS_OUT_LABELS, EXTRACTION_QUARANTINE)
