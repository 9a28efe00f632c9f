-- The rights of annotators in a team's database. Run it as the owner, who made the workspace, and again after each new version:
--
--     psql -d invoices -f roles.sql
--     createuser anna && psql -d invoices -c 'GRANT workbench_annotator TO anna'
--
-- An annotator reads everything, labels, trains and chooses what to label next. The owner imports and deletes documents, repairs
-- their words, changes the fields, deletes runs, and brings the tables to a new version. Each role is to have the name that the
-- workbench knows its person by: the login's, or WORKBENCH_ANNOTATOR.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'workbench_annotator') THEN
        CREATE ROLE workbench_annotator NOLOGIN;
    END IF;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO workbench_annotator', current_database());
END $$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO workbench_annotator;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM workbench_annotator;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO workbench_annotator;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO workbench_annotator;

-- labels, with the history of every act
GRANT UPDATE (version, state, note, absent, corrections, labels, suggestions, disagreements, problems)
    ON documents TO workbench_annotator;
GRANT INSERT, DELETE ON spans, class_labels TO workbench_annotator;
GRANT INSERT ON events TO workbench_annotator;

-- what models suggest, which a finished run of anybody brings to all
GRANT INSERT, UPDATE, DELETE ON suggestions, class_suggestions TO workbench_annotator;
GRANT INSERT, UPDATE ON runs TO workbench_annotator;

-- rounds of documents to label next
GRANT INSERT, UPDATE, DELETE ON rounds, queue TO workbench_annotator;

-- a second, blind labelling: everybody's own
GRANT INSERT, UPDATE (spans, absent, classes, done, settled, at) ON opinions TO workbench_annotator;

-- Rows. All are read; nobody writes a blind labelling, or an act of the history, in another's name. The owner is bound by none of it.
ALTER TABLE opinions ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS read_all ON opinions;
DROP POLICY IF EXISTS add_own ON opinions;
DROP POLICY IF EXISTS change_own ON opinions;
CREATE POLICY read_all ON opinions FOR SELECT USING (true);
CREATE POLICY add_own ON opinions FOR INSERT WITH CHECK (annotator = current_user);
CREATE POLICY change_own ON opinions FOR UPDATE USING (true) WITH CHECK (annotator = current_user); -- refused, not passed over

ALTER TABLE events ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS read_all ON events;
DROP POLICY IF EXISTS add_own ON events;
CREATE POLICY read_all ON events FOR SELECT USING (true);
CREATE POLICY add_own ON events FOR INSERT WITH CHECK (annotator = current_user);
