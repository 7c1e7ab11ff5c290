"""Rows as the ERP gives them: master data, stock, and the orders that posting made, read back."""
