-- Roles and database for Dagster, once, as a superuser: psql -h HOST -U postgres -f roles.sql
-- The owner makes and upgrades tables; the other role only uses them. Passwords afterwards: \password leadgen_dagster_owner

CREATE ROLE leadgen_dagster_owner LOGIN;
CREATE ROLE leadgen_dagster LOGIN;

-- A run holds one to three connections for moments; ten runs, the daemon and the web UI stay below this.
ALTER ROLE leadgen_dagster CONNECTION LIMIT 80;

-- A run that was killed in a transaction must not keep rows of the event log locked.
ALTER ROLE leadgen_dagster SET idle_in_transaction_session_timeout = '60s';

CREATE DATABASE dagster OWNER leadgen_dagster_owner ENCODING 'UTF8' TEMPLATE template0;
REVOKE CONNECT, TEMPORARY ON DATABASE dagster FROM PUBLIC;
GRANT CONNECT ON DATABASE dagster TO leadgen_dagster;
