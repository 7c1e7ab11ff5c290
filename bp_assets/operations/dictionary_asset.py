"""Asset ``table_dictionary``: what every column means. Read: ``bp_assets/lake/tables.py``. Written: the table.

The lake's migration fills it whenever a description changes; materialised here it is held to the code once more.
"""

import dagster as dg

from bp_assets import catalog
from bp_assets.lake.dictionary import fill
from bp_assets.lake.frames import Writer
from bp_assets.resources import LakeResource
from bp_assets.telling import Said, told

TABLE = "table_dictionary"


@dg.asset(**catalog.attributes(TABLE), retry_policy=catalog.RETRY)
def table_dictionary(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    def store(writer: Writer) -> Said:
        return Said.of(writer, TABLE, *fill(writer))

    return told(context, TABLE, lake.open().write(store))
