"""``tillbridge retry``: rejected and quarantined receipts back in line, after the map or the ERP was mended.

Read: the ledger, the shops file. Written: ``postings`` and ``inbox``. Nothing is sent from here: the next posting run
sends what is due, and looks up first what the ERP may already have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import sqlalchemy as sa
from rich.console import Console

from bp_assets.cli.screen import console
from bp_assets.cli.state import existing
from bp_assets.config import ShopsFile
from bp_assets.domain.reasons import REASONS
from bp_assets.domain.states import State
from bp_assets.ledger import inbox, postings
from bp_assets.ledger.connection import Ledger
from bp_assets.posting.intake import decode_waiting

# What can be tried again. Excluded receipts only where they are named: leaving them out was meant.
BY_THEMSELVES = (State.REJECTED, State.QUARANTINED)
BY_NAME = (*BY_THEMSELVES, State.EXCLUDED)
_MOST_SHOWN = 20


class NotKnown(Exception):
    """A receipt or a reason that there is not. The message names what is close."""


@dataclass(frozen=True, slots=True)
class Held:
    """One receipt of the ledger, as far as it matters here."""

    sale_id: str
    shop: str
    receipt_number: str
    state: str
    reason_code: str
    message: str


def run(root: Path, shops: ShopsFile, names: Sequence[str], reason: str | None) -> int:
    """Put back what was named, or all; returns exit code 0.

    Raises:
        NoState, NotKnown: nothing was changed.
    """
    out = console()
    with Ledger.open(existing(root)) as ledger:
        held = _chosen(ledger, names, reason)
        wanted = [one for one in held if one.state in (BY_NAME if names else BY_THEMSELVES)]
        for one in [one for one in held if one not in wanted][:_MOST_SHOWN]:
            _say(out, f"{one.receipt_number} ({one.shop}) is {one.state}: there is nothing to try again.")
        if not wanted:
            if not names:
                _say(out, "Nothing is rejected or quarantined" + (f" with the reason {reason}." if reason else "."))
            return 0
        _again(out, ledger, shops, wanted)
    return 0


def _chosen(ledger: Ledger, names: Sequence[str], reason: str | None) -> list[Held]:
    """The receipts that were meant, in whatever state they are."""
    if not names:
        held = _held(ledger, states=BY_THEMSELVES)
        present = Counter(one.reason_code for one in held)
        if reason is not None and reason not in REASONS:
            raise NotKnown(_no_reason(reason, present))
        return [one for one in held if reason in (None, one.reason_code)]
    found = _held(ledger, names=names)
    known = {one.receipt_number for one in found} | {one.sale_id for one in found}
    unknown = [name for name in dict.fromkeys(names) if name not in known]
    if unknown:
        raise NotKnown(_no_receipt(unknown, _held(ledger, states=BY_THEMSELVES)))
    return [one for one in found if reason in (None, one.reason_code)]


def _held(ledger: Ledger, *, names: Sequence[str] = (), states: Iterable[State] = ()) -> list[Held]:
    columns = ", ".join(Held.__dataclass_fields__)
    where = "receipt_number = any(:names) or sale_id = any(:names)" if names else "state = any(:states)"
    query = sa.text(
        f"select {columns} from tillbridge.postings where role <> 'summary' and ({where})"
        " order by shop, receipt_number, sale_id"
    )
    with ledger.begin() as connection:
        given = {"names": list(names)} if names else {"states": [state.value for state in states]}
        return [Held(*row) for row in connection.execute(query, given)]


def _again(out: Console, ledger: Ledger, shops: ShopsFile, wanted: Sequence[Held]) -> None:
    """Both ways back: what was understood waits to be posted, what was not is decoded with the file as it is now."""
    in_file = {shop.key for shop in shops.shops}
    for key in sorted({one.shop for one in wanted} - in_file):
        _say(out, f"Shop {key} is not in the shops file: its receipts are left as they are.")
    ready = [one for one in wanted if one.shop in in_file]
    unread = [one.sale_id for one in ready if one.state == State.QUARANTINED]
    waiting = [one.sale_id for one in ready if one.state != State.QUARANTINED]
    moved = postings.requeue(ledger, waiting) if waiting else 0
    if moved:
        _say(out, f"{_receipts(moved)} wait{'s' if moved == 1 else ''} to be posted again.")
    if unread:
        inbox.decode_again(ledger, unread)
        for shop in shops.shops:
            if any(one.shop == shop.key for one in ready):
                decode_waiting(ledger, shops, shop)
        moved += _say_what_became(out, _held(ledger, names=unread))
    if moved:
        _say(
            out,
            "The next posting run sends them (the sensor new_sales starts one within seconds where Dagster runs; "
            "else start the job post_sales). What the ERP already has is looked up, never sent twice.",
        )


def _say_what_became(out: Console, held: Sequence[Held]) -> int:
    """What decoding again brought; how many now wait to be posted."""
    still = [one for one in held if one.state == State.QUARANTINED]
    read = len([one for one in held if one.state == State.PENDING])
    excluded = len([one for one in held if one.state == State.EXCLUDED])
    if read:
        _say(out, f"{_receipts(read)} could be read now and wait{'s' if read == 1 else ''} to be posted.")
    if excluded:
        _say(out, f"{_receipts(excluded)} could be read now and {'is' if excluded == 1 else 'are'} excluded.")
    for one in still[:_MOST_SHOWN]:
        advice = REASONS[one.reason_code].what_to_do if one.reason_code in REASONS else ""
        _say(out, f"{one.receipt_number} ({one.shop}) is still quarantined, {one.reason_code}: {one.message}. {advice}")
    if len(still) > _MOST_SHOWN:
        _say(out, f"{len(still) - _MOST_SHOWN} more are still quarantined; `tillbridge status` counts them.")
    return read


def _say(out: Console, text: str) -> None:
    out.print(text, markup=False, highlight=False)


def _receipts(count: int) -> str:
    return f"{count} receipt{'' if count == 1 else 's'}"


def _no_receipt(unknown: Sequence[str], waiting: Sequence[Held]) -> str:
    there = sorted({one.receipt_number for one in waiting})
    lines = []
    for name in unknown:
        close = get_close_matches(name, there, n=3, cutoff=0.6)
        meant = f" Did you mean {' or '.join(close)}?" if close else ""
        lines.append(f"There is no receipt {name}.{meant}")
    if there:
        more = f" and {len(there) - _MOST_SHOWN} more" if len(there) > _MOST_SHOWN else ""
        lines.append(f"Rejected or quarantined: {', '.join(there[:_MOST_SHOWN])}{more}. Nothing was changed.")
    else:
        lines.append("Nothing is rejected or quarantined.")
    return "\n".join(lines)


def _no_reason(given: str, present: Counter[str]) -> str:
    close = get_close_matches(given, [*present, *REASONS], n=1)
    meant = f" Did you mean {close[0]}?" if close else ""
    there = ", ".join(f"{code} ({count})" for code, count in sorted(present.items())) or "none"
    return f"There is no reason {given}.{meant} Reasons that receipts wait with: {there}. Nothing was changed."
