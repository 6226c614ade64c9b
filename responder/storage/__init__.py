"""The database: tables, engine, migrations, event log, audit chain, evidence."""
