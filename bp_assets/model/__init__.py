"""The business tables of the tills: transactions, lines, tenders, what the tills say of themselves."""
