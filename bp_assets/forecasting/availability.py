"""``availability_history``: what was available when. Read: stock_levels. Written: availability_history, and its mark.

One row per change and never one per look: a refresh without news writes nothing. A change is dated to the instant at
which it was first seen (``as_of`` of the row in stock_levels); how long before that it happened, nobody told us.
"""

from __future__ import annotations

from datetime import UTC, datetime

from bp_assets.lake.frames import Change, Writer

# What stands now and differs from the last row of its product and warehouse; a level that is gone closes the last row.
_CHANGED = """
create or replace temp table availability_changes as
select coalesce(s.product_id, h.product_id) as product_id, coalesce(s.warehouse_id, h.warehouse_id) as warehouse_id,
       greatest(coalesce(s.as_of, $seen), h.from_instant + interval 1 microsecond) as instant,
       h.product_id is not null as closes, s.product_id is not null as opens, s.in_stock, s.allocated, s.on_hand
from stock_levels s
full join (select * from availability_history where to_instant is null) h
     on h.product_id = s.product_id and h.warehouse_id = s.warehouse_id
where (s.in_stock, s.allocated, s.on_hand) is distinct from (h.in_stock, h.allocated, h.on_hand)
"""
_CLOSE = """
update availability_history h set to_instant = c.instant, as_of = $seen
from availability_changes c
where c.closes and h.to_instant is null and h.product_id = c.product_id and h.warehouse_id = c.warehouse_id
"""
_OPEN = """
insert into availability_history
select product_id, warehouse_id, instant, null, in_stock, allocated, on_hand, $seen
from availability_changes where opens order by instant, product_id, warehouse_id
"""


def look(writer: Writer) -> Change:
    """Note what changed up to the last reading of stock_levels, in the writer's transaction."""
    read = writer.mark("stock_levels")
    return note_changes(writer, read.as_of if read else datetime.now(UTC))


def note_changes(writer: Writer, seen: datetime) -> Change:
    """Add what changed since the last look, in the writer's transaction. ``seen``: when stock_levels was refreshed."""
    connection = writer.connection
    connection.execute(_CHANGED, {"seen": seen})
    counted = connection.execute("select count(*) filter (closes), count(*) filter (opens) from availability_changes")
    closed, opened = counted.fetchone() or (0, 0)
    if closed:
        connection.execute(_CLOSE, {"seen": seen})
    if opened:
        connection.execute(_OPEN, {"seen": seen})
    connection.execute("drop table availability_changes")
    writer.set_mark("availability_history", {"seen": seen.isoformat()}, seen)
    return Change(written=opened, deleted=0)
