"""A check's findings as a person reads them in the Dagster UI: verdict, money, table, what to do, where to read on.

Read: findings. Written: nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

import dagster as dg
import polars as pl

from bp_assets.domain.findings import Finding
from bp_assets.domain.money import from_minor
from checks.context import money, plain
from checks.playbook import BY_NAME, Severity

SHOWN = 20  # findings in the UI's table; all of them stand in the table ``findings``
DOCS = "docs/checks.md"
_COLUMNS = ("kind", "shop", "day", "receipt", "about", "expected", "actual", "difference", "who acts", "what to do")


def severity(check: str, findings: Sequence[Finding]) -> Severity:
    """The gravest severity among the findings; ``INFO`` where there are none."""
    return max((BY_NAME[check].kind(item.kind).severity for item in findings), default=Severity.INFO)


def result(
    check: str, findings: Sequence[Finding], *, asset_key: dg.AssetKey | None = None, check_name: str | None = None,
    extra: Mapping[str, dg.MetadataValue] | None = None,
) -> dg.AssetCheckResult:  # fmt: skip
    """The verdict: passed unless something waits or is wrong (``INFO`` findings are listed and pass)."""
    gravest = severity(check, findings)
    return dg.AssetCheckResult(
        passed=gravest < Severity.WARN,
        asset_key=asset_key,
        check_name=check_name,
        severity=dg.AssetCheckSeverity.ERROR if gravest == Severity.ERROR else dg.AssetCheckSeverity.WARN,
        description=summary(check, findings),
        metadata={**metadata(check, findings), **(extra or {})},
    )


def summary(check: str, findings: Sequence[Finding]) -> str:
    """One line: ``3 findings: 2 rejected, 1 unknown; 42.00 GBP``, or that there is nothing to do."""
    if not findings:
        return "Nothing to report."
    kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(item.kind for item in findings).most_common())
    worth = _worth(findings)
    number = "1 finding" if len(findings) == 1 else f"{len(findings)} findings"
    return f"{number}: {kinds}" + (f"; {worth}" if worth else "")


def metadata(check: str, findings: Sequence[Finding]) -> dict[str, dg.MetadataValue]:
    entry = BY_NAME[check]
    shown: dict[str, dg.MetadataValue] = {
        "findings": dg.MetadataValue.int(len(findings)),
        "checks that": dg.MetadataValue.text(entry.description),
        "explained in": dg.MetadataValue.text(f"{DOCS}#{check}"),
    }
    if findings:
        shown["money"] = dg.MetadataValue.text(_worth(findings) or "none")
        shown["who acts"] = dg.MetadataValue.text(", ".join(sorted({item.owner for item in findings})))
        shown["what to do"] = dg.MetadataValue.md(_advice(check, findings))
        shown["first findings"] = dg.MetadataValue.md(table(findings))
        if len(findings) > SHOWN:
            query = f"select * from findings where check_name = '{check}'"
            shown["all findings"] = dg.MetadataValue.text(query)
    return shown


def table(findings: Sequence[Finding]) -> str:
    """The first ``SHOWN`` findings as a markdown table."""
    lines = ["| " + " | ".join(_COLUMNS) + " |", "|" + "---|" * len(_COLUMNS)]
    for item in findings[:SHOWN]:
        off = (
            ""
            if item.difference_minor is None
            else money(from_minor(item.difference_minor, item.currency), item.currency)
        )
        cells = (
            item.kind, item.shop, str(item.business_date or ""), item.receipt_number, item.place, item.expected,
            item.actual, off, item.owner, item.message,
        )  # fmt: skip
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return "\n".join(lines)


def frame_table(frame: pl.DataFrame) -> str:
    """The first ``SHOWN`` rows of a frame as a markdown table; decimals without useless zeros."""
    lines = ["| " + " | ".join(frame.columns) + " |", "|" + "---|" * frame.width]
    for row in frame.head(SHOWN).iter_rows():
        cells = [plain(cell) if isinstance(cell, Decimal) else str(cell) for cell in row]
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    """A till's own text must not break the table."""
    return " ".join(text.replace("|", "\\|").split())


def _advice(check: str, findings: Sequence[Finding]) -> str:
    found = {item.kind for item in findings}
    kinds = [kind for kind in BY_NAME[check].kinds if kind.name in found]
    return "\n".join(f"- **{kind.name}** ({kind.owner}): {kind.meaning} {kind.what_to_do}" for kind in kinds)


def _worth(findings: Sequence[Finding]) -> str:
    """Money per currency without signs: five over and five under are ten to look at, not nothing."""
    sums: dict[str, Decimal] = {}
    for item in findings:
        if item.difference_minor is not None:
            amount = abs(from_minor(item.difference_minor, item.currency))
            sums[item.currency] = sums.get(item.currency, Decimal(0)) + amount
    return ", ".join(money(amount, currency) for currency, amount in sorted(sums.items()))
