"""Backups: everything a sprint needs to go on elsewhere, as one folder of parts that the usual tools can read (DE-06).

A backup is a folder named after its time, `<YYYYMMDD>T<HHMMSS>Z`, readable by its owner only, which appears whole or
not at all:

    manifest.json        what is in it, counts and hashes of everything, versions, point in time
    mongo.archive.gz     the database in mongodump's archive format: `mongorestore --archive=… --gzip` reads it
    redis.bson.gz        every key of the Redis database, as a stream of BSON documents
    dagster.pgdump       Dagster's PostgreSQL storage, pg_dump's custom format (or dagster.copy.tar, see `postgres_copy`)
    files.tar            lake, imports, reports, quality pages, sprint files
"""
