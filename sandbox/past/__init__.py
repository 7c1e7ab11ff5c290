"""The past of an account with ``--orders``: two years of sales, returns, purchases and shipments, drawn from the seed.

Made once at the start, into the same records that the API writes. Without ``--orders`` none of it exists.
"""
