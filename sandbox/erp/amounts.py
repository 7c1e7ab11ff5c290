"""The sandbox's own money and quantity arithmetic: integers in a fixed number of decimal places, never floats.

It shares nothing with the code under test on purpose: a rounding mistake made twice would look like agreement.
"""

from __future__ import annotations

from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from functools import lru_cache

_LARGEST = 10**18  # bigger scaled amounts are refused as nonsense
_EXACT = Context(prec=40, traps=[Inexact, InvalidOperation, Overflow])


def scaled(value: object, places: int) -> int | None:
    """``value`` (JSON number or numeric string) times 10^places, exactly; ``None`` when that is not a whole number."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        try:
            value = Decimal(value.strip())
        except InvalidOperation:
            return None
    if isinstance(value, int):
        found = value * 10**places
    elif isinstance(value, Decimal) and value.is_finite():
        try:
            found = int(value.quantize(Decimal((0, (1,), -places)), context=_EXACT).scaleb(places, context=_EXACT))
        except (Inexact, InvalidOperation, Overflow):
            return None
    else:
        return None
    return found if abs(found) < _LARGEST else None


def rounded(value: int, divisor: int) -> int:
    """``value / divisor`` to the nearest whole number, halves away from zero."""
    half = (2 * abs(value) + divisor) // (2 * divisor)
    return half if value >= 0 else -half


@lru_cache(maxsize=65536)
def plain(value: int, places: int) -> str:
    """The decimal text of ``value`` ten-to-the-minus-``places``, with exactly ``places`` decimals."""
    whole, part = divmod(abs(value), 10**places)
    return f"{'-' if value < 0 else ''}{whole}.{part:0{places}d}"


def trimmed(value: int, places: int) -> str:
    """Like :func:`plain` without trailing zeros: ``2``, ``0.345``."""
    text = plain(value, places).rstrip("0")
    return text.removesuffix(".")


def number(value: int, places: int) -> float:
    """A JSON number for the few members the ERP prints as numbers (weights, rates); never used in arithmetic."""
    return value / 10**places
