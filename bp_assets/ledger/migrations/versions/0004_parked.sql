-- What was set aside is asked for every minute and is a handful among all the receipts there ever were.
CREATE INDEX postings_parked ON tillbridge.postings (shop, reason_code) WHERE state in ('rejected', 'quarantined');
