-- How each till does, beside the mark that says how far it was read.
ALTER TABLE tillbridge.marks
    ADD COLUMN state TEXT DEFAULT 'ok' NOT NULL,
    ADD COLUMN state_since TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    ADD COLUMN last_success_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN error_kind TEXT DEFAULT '' NOT NULL;
UPDATE tillbridge.marks SET
    state = CASE WHEN failures > 0 THEN 'failing' ELSE 'ok' END,
    last_success_at = CASE WHEN failures > 0 THEN NULL ELSE asked_at END;

-- Runs of Dagster that have begun their work here: what was begun, was not ended, and holds no lock is dead.
CREATE TABLE tillbridge.runs (
    run_id TEXT NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    server_began_at TIMESTAMP WITH TIME ZONE DEFAULT pg_postmaster_start_time() NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (run_id)
);
CREATE INDEX runs_began ON tillbridge.runs (began_at);

-- The next sales of each shop, oldest first: a shop with a backlog must not hide another's fresh sale.
DROP INDEX tillbridge.postings_due;
CREATE INDEX postings_due ON tillbridge.postings (shop, sold_at, sale_id)
    WHERE state in ('pending','sending','unknown');
