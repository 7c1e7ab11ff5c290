"""The beginning of a shops file, for tests that need one: the sandbox's account and its nominal codes."""

from __future__ import annotations

NOMINAL_CODES = """
[nominal_codes]
discount = "4905"
shipping = "4040"
service_charge = "4010"
tip = "2240"
gift_card = "2230"
rounding = "4909"
fee = "4900"
deposit = "2250"
adjustment = "4900"
"""


def erp_account(base_url: str = "http://127.0.0.1:1", **settings: float) -> str:
    """``[erp]``, with further ``settings``, and ``[nominal_codes]``."""
    further = "".join(f"{name} = {value}\n" for name, value in settings.items())
    return f"""
[erp]
base_url = "{base_url}"
account = "sandbox"
app_ref = "tillbridge"
integration_instance_id = 13
currency = "GBP"
{further}{NOMINAL_CODES}"""
