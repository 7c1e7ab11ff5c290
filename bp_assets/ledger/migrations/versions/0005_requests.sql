-- Updated for every request to the ERP: room in the page lets a new version of the row stay beside the old one.
CREATE TABLE tillbridge.request_budget (
    account TEXT NOT NULL,
    usage TEXT DEFAULT '' NOT NULL,
    PRIMARY KEY (account)
) WITH (fillfactor = 20);

CREATE TABLE tillbridge.erp_requests (
    account TEXT NOT NULL,
    minute TIMESTAMP WITH TIME ZONE NOT NULL,
    lane TEXT NOT NULL,
    requests INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    waited_ms BIGINT NOT NULL,
    change_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    PRIMARY KEY (account, minute, lane)
);
CREATE INDEX erp_requests_change ON tillbridge.erp_requests (change_xid);

CREATE TRIGGER erp_requests_stamp BEFORE INSERT OR UPDATE ON tillbridge.erp_requests
    FOR EACH ROW EXECUTE FUNCTION tillbridge.stamp_change();
