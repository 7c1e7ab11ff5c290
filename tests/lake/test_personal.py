"""Personal data stands in the schema ``personal`` and nowhere else: by construction, and in what is published."""

from __future__ import annotations

import dataclasses
import re

import duckdb
import polars as pl
import pytest

from bp_assets.lake.columns import col
from bp_assets.lake.connect import Lake
from bp_assets.lake.erp_orders import ORDERS
from bp_assets.lake.personal import CONTACTS
from bp_assets.lake.publish import publish
from bp_assets.lake.table import PERSONAL
from bp_assets.lake.tables import PUBLISHED, TABLES
from tests.lake.frames_of_tests import NOON

# How a column that tells of a person would be called.
_NAMES = re.compile(r"e?mail|(first|last|full|party)_?name|phone|address_line|post(al)?_?code|contact_name|label_uri")


def test_a_column_with_personal_data_can_be_described_in_its_own_schema_only() -> None:
    email = col("email", "VARCHAR", "E-mail address.", personal=True)
    with pytest.raises(ValueError, match=r"orders\.email is personal data: it belongs into the schema personal"):
        dataclasses.replace(ORDERS, columns=(*ORDERS.columns, email))
    with pytest.raises(ValueError, match="contacts is personal data: it is never published"):
        dataclasses.replace(CONTACTS, published=True)
    with pytest.raises(ValueError, match=r"contacts\.email is personal data: keys are shown by checks and logs"):
        dataclasses.replace(CONTACTS, key=("email",))


def test_no_column_of_another_schema_is_called_like_personal_data() -> None:
    told = {f"{table.label}.{column.name}" for table in TABLES for column in table.columns if column.personal}
    called = {f"{t.label}.{c.name}" for t in TABLES for c in t.columns if _NAMES.search(c.name)}
    assert {"personal.contacts.email", "personal.contact_postal_addresses.postal_code"} <= told & called
    assert [name for name in sorted(called) if not name.startswith("personal.")] == []
    assert [name for name in sorted(told) if not name.startswith("personal.")] == []


def test_nothing_of_a_person_is_in_the_published_file(lake: Lake) -> None:
    person = {"contact_id": [7], "email": ["jo.doe@example.com"], "first_name": ["Jo-Canary"], "as_of": [NOON]}
    party = {"order_id": [9], "role": ["billing"], "contact_id": [7], "name": ["Jo-Canary Doe"], "as_of": [NOON]}
    lake.write(lambda w: (w.upsert("contacts", pl.DataFrame(person)), w.upsert("order_parties", pl.DataFrame(party))))
    done = publish(lake)
    assert set(done.rows) == {table.name for table in PUBLISHED}
    assert {table.name for table in TABLES if table.schema == PERSONAL} & set(done.rows) == set()
    content = lake.home.finance_file.read_bytes()
    assert b"Canary" not in content
    assert b"jo.doe" not in content
    with duckdb.connect(str(lake.home.finance_file), read_only=True) as file:
        (schemas,) = file.execute("SELECT list(DISTINCT schema_name) FROM duckdb_tables()").fetchall()
        assert schemas == (["main"],)
        dictionary = file.execute("SELECT count(*) FROM table_dictionary WHERE personal AND published").fetchone()
        assert dictionary == (0,)
