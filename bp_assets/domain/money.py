"""Money as integers of the smallest unit, and the only rounding function of the project.

DuckDB, polars and ``Decimal`` round halves differently; everything here rounds half away from zero.
Read: numbers. Written: nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext

ZERO = Decimal(0)
_DIGITS = 80  # twice what an amount and a rate may have together: nothing is rounded on the way to the one rounding
# ISO 4217 exponents that are not 2. A currency that is not listed has two decimals.
_EXPONENTS = {
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0,
    "PYG": 0, "RWF": 0, "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
}  # fmt: skip


def exponent(currency: str) -> int:
    """Decimals of ``currency`` (ISO 4217): 2 for GBP, 0 for JPY, 3 for KWD."""
    return _EXPONENTS.get(currency, 2)


def round_half_away(value: Decimal, places: int = 0) -> Decimal:
    """``value`` rounded to ``places`` decimals, halves away from zero: 0.5 -> 1, -0.5 -> -1. Never ``-0``."""
    with localcontext() as context:
        context.prec = _DIGITS
        rounded = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return rounded if rounded else abs(rounded)


def to_minor(amount: Decimal, currency: str) -> int:
    """``amount`` in main units (pounds) as an integer of the smallest unit (pennies), halves away from zero."""
    with localcontext() as context:
        context.prec = _DIGITS
        return int(round_half_away(amount.scaleb(exponent(currency))))


def from_minor(minor: int, currency: str) -> Decimal:
    """An integer of the smallest unit as an exact decimal in main units: 1234 GBP -> ``Decimal("12.34")``."""
    with localcontext() as context:
        context.prec = _DIGITS
        return Decimal(minor).scaleb(-exponent(currency))


def parse_decimal(text: str) -> Decimal:
    """A plain finite decimal from text.

    Raises:
        ValueError: the text is no number, is not finite (NaN, Infinity), or has more than 30 digits.
    """
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a number") from None
    if not value.is_finite() or len(value.as_tuple().digits) > 30:
        raise ValueError(f"{text!r} is not a finite number of at most 30 digits")
    return value if value else ZERO


def share_out(total_minor: int, weights: Sequence[int | Decimal]) -> list[int]:
    """``total_minor`` split in proportion to ``weights``; the parts add up exactly (largest remainder first).

    Where all weights are zero the whole goes to the first part. Weights must not be negative.

    Raises:
        ValueError: no weights, or a negative one.
    """
    if not weights:
        raise ValueError("cannot share out an amount over nothing")
    exact = [Decimal(weight) for weight in weights]
    if min(exact) < 0:
        raise ValueError("weights must not be negative")
    with localcontext() as context:
        context.prec = _DIGITS
        whole = sum(exact, ZERO)
    if not whole:
        return [total_minor, *([0] * (len(exact) - 1))]
    sign = -1 if total_minor < 0 else 1
    with localcontext() as context:
        context.prec = _DIGITS
        quotas = [abs(total_minor) * weight / whole for weight in exact]
    parts = [int(quota) for quota in quotas]
    left = abs(total_minor) - sum(parts)
    for index in sorted(range(len(parts)), key=lambda i: (parts[i] - quotas[i], i))[:left]:
        parts[index] += 1
    return [sign * part for part in parts]


def tax_inside(gross_minor: int, rate: Decimal) -> int:
    """The tax contained in a tax-inclusive amount at ``rate`` percent, halves away from zero."""
    with localcontext() as context:
        context.prec = _DIGITS
        return int(round_half_away(gross_minor * rate / (100 + rate)))


def tax_on_top(net_minor: int, rate: Decimal) -> int:
    """The tax that ``rate`` percent adds to a net amount, halves away from zero."""
    with localcontext() as context:
        context.prec = _DIGITS
        return int(round_half_away(net_minor * rate / 100))
