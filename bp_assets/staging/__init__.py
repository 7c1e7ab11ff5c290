"""Rows as the ERP gives them, read by assets of their own: warehouses, and the orders that posting made, read back."""
