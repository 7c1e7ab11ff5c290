"""The files of products, prices, stock, places and people. Pure."""

from __future__ import annotations

from bp_assets.export.sheet import Sheet, flag, moment, number, text, whole

PRODUCTS = Sheet(
    "Brightpearl_Products",
    ("products",),
    "products",
    ("product_id",),
    (
        whole("Id", "product_id"),
        text("Sku", "sku"),
        text("Barcode", "barcode"),
        whole("BrandId", "brand_id"),
        flag("IsBundled", "bundle"),
        text("NominalCodeStock", "nominal_code_stock"),
        whole("PrimarySupplierId", "primary_supplier_id"),
        whole("ProductGroupId", "product_group_id"),
        whole("ProductTypeId", "product_type_id"),
        text("Status", "status"),
        flag("StockTracked", "stock_tracked"),
        flag("Taxable", "taxable"),
        text("TaxCode", "tax_code"),
        whole("TaxCodeId", "tax_code_id"),
        number("Weight", "weight"),
    ),
)

PRODUCT_CUSTOM_FIELDS = Sheet(
    "Brightpearl_ProductCustomFields",
    ("product_custom_fields",),
    "product_custom_fields",
    ("product_id", "field"),
    (text("Sku", "sku"), text("Field", "field"), text("Value", "value"), whole("ProductId", "product_id")),
)

PRODUCT_SALES_CHANNELS = Sheet(
    "Brightpearl_ProductSalesChannels",
    ("product_sales_channels",),
    "product_sales_channels",
    ("product_id", "sales_channel_name"),
    (
        text("Id", "product_id || ':' || sales_channel_name"),  # the API gives none: docs/export.md
        flag("AvailableToSellOnChannel", "available_to_sell_on_channel"),
        text("Description", "description"),
        text("ProductCondition", "product_condition"),
        whole("ProductId", "product_id"),
        text("ProductName", "product_name"),
        text("SalesChannelName", "sales_channel_name"),
        flag("SellWhenNoStock", "sell_when_no_stock"),
        text("ShortDescription", "short_description"),
    ),
)

PRODUCT_WAREHOUSES = Sheet(
    "Brightpearl_ProductWarehouses",
    ("product_warehouses",),
    "product_warehouses",
    ("product_id", "warehouse_id"),
    (
        whole("DefaultLocationId", "default_location_id"),
        whole("ProductId", "product_id"),
        number("ReorderLevel", "reorder_level"),
        number("ReorderQuantity", "reorder_quantity"),
        whole("WarehouseKey", "warehouse_id"),
    ),
)

PRODUCT_VARIATIONS = Sheet(
    "Brightpearl_ProductVariations",
    ("product_variations",),
    "product_variations",
    ("product_id", "option_id"),
    (
        whole("OptionId", "option_id"),
        text("OptionName", "option_name"),
        text("OptionValue", "option_value"),
        whole("OptionValueId", "option_value_id"),
        whole("ProductId", "product_id"),
    ),
)

PRODUCT_PRICES = Sheet(
    "Brightpearl_ProductPrices",
    ("prices",),
    "prices",
    ("product_id", "price_list_id", "min_quantity"),
    (
        number("UnitPrice", "unit_price"),
        whole("MinQuantity", "min_quantity"),
        text("CurrencyCode", "currency"),
        whole("PriceListId", "price_list_id"),
        whole("ProductId", "product_id"),
    ),
)

PRICE_LISTS = Sheet(
    "Brightpearl_PriceLists",
    ("price_lists",),
    "price_lists",
    ("price_list_id",),
    (
        whole("Id", "price_list_id"),
        text("Name", "name"),
        text("Code", "code"),
        text("CurrencyCode", "currency"),
        whole("CurrencyId", "currency_id"),
        text("CurrencySymbol", "currency_symbol"),
        text("PriceListTypeCode", "type"),
    ),
)

PRODUCT_AVAILABILITIES = Sheet(
    "Brightpearl_ProductAvailabilities",
    ("stock_levels",),
    "stock_levels",
    ("product_id", "warehouse_id"),
    (
        whole("Allocated", "allocated"),
        whole("InStock", "in_stock"),
        whole("OnHand", "on_hand"),
        whole("ProductId", "product_id"),
        whole("TotalAllocated", "sum(allocated) OVER (PARTITION BY product_id)"),
        whole("TotalInStock", "sum(in_stock) OVER (PARTITION BY product_id)"),
        whole("TotalOnHand", "sum(on_hand) OVER (PARTITION BY product_id)"),
        whole("WarehouseId", "warehouse_id"),
    ),
)

WAREHOUSES = Sheet(
    "Brightpearl_Warehouses",
    ("warehouses",),
    "warehouses",
    ("warehouse_id",),
    (whole("Id", "warehouse_id"), text("Name", "name"), whole("AddressId", "address_id")),
)

BRANDS = Sheet(
    "Brightpearl_Brands",
    ("brands",),
    "brands",
    ("brand_id",),
    (whole("Id", "brand_id"), text("Name", "name"), text("Description", "description")),
)

CONTACTS = Sheet(
    "Brightpearl_Contacts",
    ("contacts",),
    "personal.contacts",
    ("contact_id",),
    (
        whole("BillingPostalAddressId", "billing_postal_address_id"),
        whole("ContactId", "contact_id"),
        moment("CreatedOn", "created_on"),
        text("CurrentContactStatus", "current_contact_status"),
        whole("DefaultPostalAddressId", "default_postal_address_id"),
        whole("DeliveryPostalAddressId", "delivery_postal_address_id"),
        text("Email", "email"),
        text("FirstName", "first_name"),
        flag("IsPrimaryContact", "is_primary_contact"),
        flag("IsStaff", "is_staff"),
        flag("IsSupplier", "is_supplier"),
        text("LastName", "last_name"),
        whole("OrganisationId", "organisation_id"),
        text("OrganisationName", "organisation_name"),
        flag("ReceiveEmailNewsletter", "receive_email_newsletter"),
    ),
    personal=True,
)

CONTACT_POSTAL_ADDRESSES = Sheet(
    "Brightpearl_ContactPostalAddresses",
    ("contact_postal_addresses",),
    "personal.contact_postal_addresses",
    ("address_id",),
    (
        whole("Id", "address_id"),
        text("AddressLine1", "address_line1"),
        text("AddressLine2", "address_line2"),
        text("AddressLine3", "address_line3"),
        text("AddressLine4", "address_line4"),
        whole("ContactId", "contact_id"),
        text("CountryIsoCode", "country_iso_code"),
        text("PostalCode", "postal_code"),
    ),
    personal=True,
)

SEASONS = Sheet(
    "Brightpearl_Seasons",
    ("seasons",),
    "seasons",
    ("season_id",),
    (whole("Id", "season_id"), text("Name", "name"), text("Description", "description")),
)
