-- A return whose original this ledger does not hold under its id is looked for by receipt number, in all years' receipts.
CREATE INDEX postings_receipt ON tillbridge.postings (receipt_number);
