-- Rights inside the database, once, as the owner: psql -h HOST -U leadgen_dagster_owner -d dagster -f grants.sql
-- Also holds for the tables that later versions of Dagster add, because the owner adds them.

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO leadgen_dagster;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO leadgen_dagster;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO leadgen_dagster;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO leadgen_dagster;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO leadgen_dagster;

-- Events come and go in bulk; vacuum early, so that pruned rows are used again instead of the table growing.
-- (After Dagster has made its tables; see README.md.)
-- ALTER TABLE event_logs SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
