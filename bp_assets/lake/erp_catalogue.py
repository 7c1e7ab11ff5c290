"""The tables of the ERP's catalogue: products, prices, stock and the small lists.

Read: nothing. Written: nothing. One of the files that ``tables.py`` puts together.
"""

from __future__ import annotations

from bp_assets.lake.columns import col, opt
from bp_assets.lake.table import AS_OF, INSTANT, MONEY, QUANTITY, RATE, Table

PRODUCTS = Table(
    "products",
    "Brightpearl's products. The ERP is their master.",
    (
        col("product_id", "BIGINT", "Brightpearl's product id."),
        col("sku", "VARCHAR", "Stock keeping unit; what tills sell by. Empty where the product has none."),
        col("name", "VARCHAR", "Name on the Brightpearl sales channel."),
        col("barcode", "VARCHAR", "Barcode, EAN or UPC; empty where none.", nullable=True),
        col("brand_id", "BIGINT", "Its brand.", nullable=True, references="brands.brand_id", loose=True),
        col("status", "VARCHAR", "LIVE, DISCONTINUED or ARCHIVED."),
        col("stock_tracked", "BOOLEAN", "Whether stock is kept; bundles and services are not tracked."),
        col("bundle", "BOOLEAN", "Whether the product is made up of others."),
        col("tax_code", "VARCHAR", "Tax code the product is sold under.", nullable=True),
        col("nominal_code_sales", "VARCHAR", "Account its sales go to.", nullable=True),
        opt("nominal_code_stock", "VARCHAR", "Account its stock is valued on."),
        opt("nominal_code_purchases", "VARCHAR", "Account its purchases go to."),
        opt("primary_supplier_id", "BIGINT", "The supplier it is bought from first.",
            references="suppliers.supplier_id", loose=True),
        opt("product_group_id", "BIGINT", "Its group of variations; empty where it has none."),
        opt("product_type_id", "BIGINT", "Brightpearl's product type."),
        opt("taxable", "BOOLEAN", "Whether tax is charged on it."),
        opt("tax_code_id", "BIGINT", "Id of its tax code."),
        opt("weight", QUANTITY, "Weight of one unit, in the account's unit of weight."),
        col("created_on", INSTANT, "When it was created in Brightpearl.", nullable=True),
        col("updated_on", INSTANT, "When it was last changed in Brightpearl.", nullable=True),
        AS_OF,
    ),
    ("product_id",), "erp", "data", "Brightpearl product GET",
)  # fmt: skip

PRICES = Table(
    "prices",
    "Unit prices per product, price list and quantity break.",
    (
        col("product_id", "BIGINT", "Brightpearl's product id.", references="products.product_id"),
        col("price_list_id", "BIGINT", "Price list.", references="price_lists.price_list_id"),
        col("min_quantity", "BIGINT", "From this quantity on."),
        col("unit_price", MONEY, "Price of one unit; with or without tax as the price list says."),
        col("currency", "VARCHAR", "ISO 4217 code."),
        AS_OF,
    ),
    ("product_id", "price_list_id", "min_quantity"), "erp", "data", "Brightpearl product-price GET",
)  # fmt: skip

PRICE_LISTS = Table(
    "price_lists",
    "Brightpearl's price lists.",
    (
        col("price_list_id", "BIGINT", "Brightpearl's id."),
        col("name", "VARCHAR", "Name."),
        col("code", "VARCHAR", "Short code.", nullable=True),
        col("currency", "VARCHAR", "ISO 4217 code."),
        col("type", "VARCHAR", "SELL or BUY."),
        col("gross", "BOOLEAN", "Whether its prices contain tax."),
        opt("currency_id", "BIGINT", "Brightpearl's id of the currency."),
        opt("currency_symbol", "VARCHAR", "Sign of the currency, for example £."),
        AS_OF,
    ),
    ("price_list_id",), "erp", "data", "Brightpearl price-list GET",
)  # fmt: skip

WAREHOUSES = Table(
    "warehouses",
    "Brightpearl's warehouses; each shop is one.",
    (
        col("warehouse_id", "BIGINT", "Brightpearl's id."),
        col("name", "VARCHAR", "Name."),
        col("type_code", "VARCHAR", "Kind of place, for example store or warehouse.", nullable=True),
        col("default_location_id", "BIGINT", "Where goods are received by default.", nullable=True),
        col("quarantine_location_id", "BIGINT", "Where damaged returns are held.", nullable=True),
        opt("address_id", "BIGINT", "Id of its postal address."),
        AS_OF,
    ),
    ("warehouse_id",), "erp", "data", "Brightpearl warehouse GET",
)  # fmt: skip

CHANNELS = Table(
    "channels",
    "Brightpearl's sales channels.",
    (
        col("channel_id", "BIGINT", "Brightpearl's id."),
        col("name", "VARCHAR", "Name."),
        col("default_warehouse_id", "BIGINT", "Warehouse that serves it by default.", nullable=True),
        col("default_price_list_id", "BIGINT", "Its price list.", nullable=True),
        AS_OF,
    ),
    ("channel_id",), "erp", "data", "Brightpearl channel GET",
)  # fmt: skip

TAX_CODES = Table(
    "tax_codes",
    "Brightpearl's tax codes.",
    (
        col("tax_code", "VARCHAR", "The code that order rows carry."),
        col("tax_code_id", "BIGINT", "Brightpearl's id."),
        col("description", "VARCHAR", "Words for it.", nullable=True),
        col("rate", RATE, "Percent; 0 where Brightpearl gives none."),
        AS_OF,
    ),
    ("tax_code",), "erp", "finance", "Brightpearl tax-code GET",
)  # fmt: skip

STOCK_LEVELS = Table(
    "stock_levels",
    "Stock per product and warehouse: Brightpearl's four figures.",
    (
        col("product_id", "BIGINT", "Brightpearl's product id.", references="products.product_id"),
        col("warehouse_id", "BIGINT", "Warehouse.", references="warehouses.warehouse_id"),
        col("in_stock", "BIGINT", "Physically there, including open goods-out notes."),
        col("allocated", "BIGINT", "Reserved or on unshipped goods-out notes."),
        col("on_hand", "BIGINT", "In stock less allocated: what may be sold."),
        col("in_transit", "BIGINT", "On its way between warehouses."),
        AS_OF,
    ),
    ("product_id", "warehouse_id"), "erp", "warehouse", "Brightpearl product-availability GET",
)  # fmt: skip

PRODUCT_CUSTOM_FIELDS = Table(
    "product_custom_fields",
    "Custom fields of products: one row per product and field that has a value.",
    (
        col("product_id", "BIGINT", "Product.", references="products.product_id"),
        col("field", "VARCHAR", "Code of the field, for example PCF_COLOUR."),
        opt("value", "VARCHAR", "Its value as text; of a list to choose from, the words chosen."),
        opt("sku", "VARCHAR", "The product's SKU, for convenience."),
        AS_OF,
    ),
    ("product_id", "field"), "erp", "data", "Brightpearl product GET with its custom fields", published=False,
)  # fmt: skip

PRODUCT_SALES_CHANNELS = Table(
    "product_sales_channels",
    "What a product is called and how it is described on a sales channel.",
    (
        col("product_id", "BIGINT", "Product.", references="products.product_id"),
        col("sales_channel_name", "VARCHAR", "Brightpearl, and each channel of `product_channels` in the shops file."),
        col("product_name", "VARCHAR", "The product's name there; empty where it has none."),
        opt("product_condition", "VARCHAR", "Condition, for example new."),
        opt("description", "VARCHAR", "Long description as Brightpearl holds it, HTML included."),
        opt("short_description", "VARCHAR", "Short description as Brightpearl holds it, HTML included."),
        opt("available_to_sell_on_channel", "BOOLEAN", "Whether it is for sale there; told of the channels of "
            "`product_channels` alone."),
        opt("sell_when_no_stock", "BOOLEAN", "Whether it is sold there without stock; told of the channels of "
            "`product_channels` alone."),
        AS_OF,
    ),
    ("product_id", "sales_channel_name"), "erp", "data", "Brightpearl product GET", published=False,
)  # fmt: skip

PRODUCT_WAREHOUSES = Table(
    "product_warehouses",
    "Where a product lies in a warehouse and when it is ordered again.",
    (
        col("product_id", "BIGINT", "Product.", references="products.product_id"),
        col("warehouse_id", "BIGINT", "Warehouse.", references="warehouses.warehouse_id", loose=True),
        opt("default_location_id", "BIGINT", "Location it lies in by default; empty where none is set."),
        opt("overflow_location_id", "BIGINT", "Location for what does not fit; empty where none is set."),
        col("reorder_level", QUANTITY, "Ordered again when on hand falls below; 0 where not set."),
        col("reorder_quantity", QUANTITY, "How many are then ordered; 0 where not set."),
        AS_OF,
    ),
    ("product_id", "warehouse_id"), "erp", "warehouse", "Brightpearl product GET", published=False,
)  # fmt: skip

PRODUCT_VARIATIONS = Table(
    "product_variations",
    "The options that tell products of one group apart: colour, size.",
    (
        col("product_id", "BIGINT", "Product.", references="products.product_id"),
        col("option_id", "BIGINT", "Brightpearl's id of the option."),
        col("option_name", "VARCHAR", "Name of the option, for example Colour."),
        col("option_value_id", "BIGINT", "Brightpearl's id of the value."),
        col("option_value", "VARCHAR", "The value, for example Blue."),
        AS_OF,
    ),
    ("product_id", "option_id"), "erp", "data", "Brightpearl product GET", published=False,
)  # fmt: skip

BUNDLE_COMPONENTS = Table(
    "bundle_components",
    "What a bundle is made of: one row per bundle and component.",
    (
        col("bundle_id", "BIGINT", "The bundle, a product itself.", references="products.product_id"),
        col("product_id", "BIGINT", "The component; may be a bundle again.",
            references="products.product_id", loose=True),
        col("quantity", QUANTITY, "How many go into one bundle."),
        AS_OF,
    ),
    ("bundle_id", "product_id"), "erp", "data", "Brightpearl product GET", published=False,
)  # fmt: skip

BRANDS = Table(
    "brands",
    "Brightpearl's brands.",
    (
        col("brand_id", "BIGINT", "Brightpearl's id."),
        col("name", "VARCHAR", "Name."),
        opt("description", "VARCHAR", "Words about it."),
        AS_OF,
    ),
    ("brand_id",), "erp", "data", "Brightpearl brand GET", published=False,
)  # fmt: skip

SEASONS = Table(
    "seasons",
    "Brightpearl's seasons.",
    (
        col("season_id", "BIGINT", "Brightpearl's id."),
        col("name", "VARCHAR", "Name."),
        opt("description", "VARCHAR", "Words about it."),
        AS_OF,
    ),
    ("season_id",), "erp", "data", "Brightpearl season GET", published=False,
)  # fmt: skip

NOMINAL_CODES = Table(
    "nominal_codes",
    "The accounts of the ERP's nominal ledger.",
    (
        col("code", "VARCHAR", "The account's code, for example 4000."),
        col("name", "VARCHAR", "Name."),
        opt("type_id", "BIGINT", "Brightpearl's kind of account."),
        col("bank", "BOOLEAN", "Whether it is a bank account."),
        col("active", "BOOLEAN", "Whether it is in use."),
        AS_OF,
    ),
    ("code",), "erp", "finance", "Brightpearl nominal-code search", published=False,
)  # fmt: skip

SHIPPING_METHODS = Table(
    "shipping_methods",
    "Brightpearl's shipping methods.",
    (
        col("shipping_method_id", "BIGINT", "Brightpearl's id."),
        col("name", "VARCHAR", "Name."),
        opt("code", "VARCHAR", "Short code."),
        AS_OF,
    ),
    ("shipping_method_id",), "erp", "warehouse", "Brightpearl shipping-method GET", published=False,
)  # fmt: skip

SUPPLIERS = Table(
    "suppliers",
    "Suppliers by their company's name: no personal data.",
    (
        col("supplier_id", "BIGINT", "Brightpearl's contact id of the supplier."),
        col("name", "VARCHAR", "The company's name; of a private person the words Supplier and the id, never a name."),
        AS_OF,
    ),
    ("supplier_id",), "erp", "data", "Brightpearl contact GET", published=False,
)  # fmt: skip

CATALOGUE_TABLES = (
    PRODUCTS, PRICES, PRICE_LISTS, WAREHOUSES, CHANNELS, TAX_CODES, STOCK_LEVELS,
    PRODUCT_CUSTOM_FIELDS, PRODUCT_SALES_CHANNELS, PRODUCT_WAREHOUSES, PRODUCT_VARIATIONS, BUNDLE_COMPONENTS,
    BRANDS, SEASONS, NOMINAL_CODES, SHIPPING_METHODS, SUPPLIERS,
)  # fmt: skip
