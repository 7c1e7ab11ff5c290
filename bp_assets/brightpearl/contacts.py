"""Contacts, found by e-mail. Read: ``contact-search``. Written: nothing (a customer is never invented)."""

from __future__ import annotations

from bp_assets.brightpearl.client import ErpClient
from bp_assets.brightpearl.search import search

CONTACT_SEARCH = "/contact-service/contact-search"


def find_contact_by_email(client: ErpClient, email: str) -> int | None:
    """The contact whose primary e-mail *is* ``email`` (case aside), or ``None``.

    The ERP matches any part of the text and lets several contacts share an address. A primary contact of its company
    wins, then the lowest id, so that the answer never changes by chance. Raises as :meth:`ErpClient.get`.
    """
    wanted = _key(email)
    if not wanted:
        return None
    rows = search(
        client, CONTACT_SEARCH, {"primaryEmail": email.strip()}, columns=["contactId", "primaryEmail", "isPrimary"]
    )
    found = [
        (row.get("isPrimary") is not True, row["contactId"])
        for row in rows
        if _key(row.get("primaryEmail")) == wanted and type(row.get("contactId")) is int
    ]
    return min(found)[1] if found else None


def _key(email: object) -> str:
    return email.strip().casefold() if isinstance(email, str) else ""
