-- Under which integration instance orders were sent, and since when.
CREATE TABLE tillbridge.erp_instances (
    account TEXT NOT NULL,
    instance_id INTEGER NOT NULL,
    first_used_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (account, instance_id)
);
