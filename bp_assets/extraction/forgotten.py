"""A contact forgotten in the ERP leaves the lake too, wherever it is named: SQL that runs in the transaction that wrote
contacts or orders.

Forgetting scrambles the ERP's contact and leaves the copies in its orders alone, and of two merged contacts one is
deleted: so what orders say of a person is kept only as long as we hold that person's contact. Ids of contacts rise and
are never used again: one that we don't hold, and that is not newer than the newest we read of, is gone. Nothing is
taken away before contacts were read at all, and a contact that could not be understood counts as held.

Read: ``personal.contacts``, ``extraction_objects``, ``orders``, ``goods_outs``. Written: ``personal.order_parties``,
``personal.goods_out_labels``, ``personal.extraction_quarantine``.
"""

from __future__ import annotations

from typing import Any

_MARK = "FORGOTTEN CONTACT"
_MAILBOX = "@forgotten-email.com"


def is_forgotten(raw: Any) -> bool:
    """Whether a contact's record is what the ERP leaves of one: its names and addresses are then no person's."""
    if not isinstance(raw, dict):
        return False
    names = [raw.get("firstName"), raw.get("lastName")]
    if any(isinstance(name, str) and name.startswith(_MARK) for name in names):
        return True
    mails = (raw.get("communication") or {}).get("emails") if isinstance(raw.get("communication"), dict) else None
    first = (mails or {}).get("PRI") if isinstance(mails, dict) else None
    mail = first.get("email") if isinstance(first, dict) else None
    return isinstance(mail, str) and mail.endswith(_MAILBOX)


_ORDERS_NAME = """
    select contact_id from orders
    union select billing_contact_id from orders
    union select contact_id from personal.order_parties
"""
_CHANGED_ORDERS_NAME = """
    select contact_id from orders where order_id in (select object_id from temp.main.changed)
    union select billing_contact_id from orders where order_id in (select object_id from temp.main.changed)
    union select contact_id from personal.order_parties where order_id in (select object_id from temp.main.changed)
"""
_LABELLED = """
    personal.goods_out_labels l join goods_outs g on g.goods_out_id = l.goods_out_id
    join orders o on o.order_id = g.order_id
"""
_LABELS_NAME = f"select o.contact_id from {_LABELLED} union select o.billing_contact_id from {_LABELLED}"
# Of a raw record everybody it names, whatever their role, also where it was too long to be kept whole.
_NAMED_IN_RAW = """regexp_extract_all(raw, '"contactId"\\s*:\\s*"?(\\d{1,18})\\b', 1)::bigint[]"""
_RAW_NAMES = f"""
    select unnest({_NAMED_IN_RAW}) as contact_id from personal.extraction_quarantine where resource = 'orders'
"""
# A forgotten contact is still an object that was read, a deleted one is known while contacts are being written.
_READ_OF = """
    select contact_id from personal.contacts
    union all select object_id from extraction_objects where resource = 'contacts'
"""
_JUST_DELETED = "union all select object_id from temp.main.gone"


def _gone(named: str, deleted: str) -> str:
    """The contacts of ``named`` that the ERP no longer has."""
    return f"""(
    select contact_id from ({named}) named
    where contact_id <= (select max(contact_id) from ({_READ_OF} {deleted}))
    and not exists (select 1 from personal.contacts c where c.contact_id = named.contact_id)
    and not exists (
        select 1 from personal.extraction_quarantine q
        where q.resource = 'contacts' and q.object_id = cast(named.contact_id as varchar)))"""


def _parties(named: str, which: str, deleted: str = "") -> str:
    """A party without a contact of its own, where the goods go, is the customer's."""
    gone = _gone(named, deleted)
    return f"""
update personal.order_parties as p set name = null, email = null
from orders as o
where o.order_id = p.order_id and (p.name is not null or p.email is not null) {which}
and (p.contact_id in {gone}
    or (p.contact_id is null and (o.contact_id in {gone} or o.billing_contact_id in {gone})))
"""


def _labels(which: str, deleted: str = "") -> str:
    """The label of a shipment shows its customer's name and address."""
    gone = _gone(_LABELS_NAME, deleted)
    return f"""
delete from personal.goods_out_labels
where goods_out_id in (
    select g.goods_out_id from {_LABELLED} where (o.contact_id in {gone} or o.billing_contact_id in {gone}) {which})
"""


def _quarantined(deleted: str = "") -> str:
    """A raw order that names somebody who is gone loses all it says, and so does the reason, which may quote it."""
    return f"""
update personal.extraction_quarantine set raw = '{{}}', reason = 'erased: it names a contact that is gone from the ERP'
where resource = 'orders' and raw <> '{{}}'
and list_has_any({_NAMED_IN_RAW}, (select list(contact_id) from {_gone(_RAW_NAMES, deleted)}))
"""


# After contacts were read: wherever one that is gone is named. After orders or shipments: in those that were written.
FORGET = (_parties(_ORDERS_NAME, "", _JUST_DELETED), _labels("", _JUST_DELETED), _quarantined(_JUST_DELETED))
FORGET_IN_ORDERS = (
    _parties(_CHANGED_ORDERS_NAME, "and o.order_id in (select object_id from temp.main.changed)"), _quarantined(),
)  # fmt: skip
FORGET_IN_LABELS = (_labels("and g.goods_out_id in (select object_id from temp.main.changed)"),)
