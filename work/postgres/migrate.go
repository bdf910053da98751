package postgres

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/berth-project/berth/internal/migration"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrate brings the schema up to this program, in one transaction: of several
// engines that start together one migrates and the others find it done.
func migrate(ctx context.Context, pool *pgxpool.Pool, cfg Config) error {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return err
	}
	list, err := migration.Read(files)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		version, err := prepare(ctx, tx, cfg.Schema)
		if err != nil {
			return err
		}
		missing, err := migration.After(list, version)
		if err != nil {
			return err
		}
		for _, m := range missing {
			if _, err := tx.Conn().PgConn().Exec(ctx, m.Text).ReadAll(); err != nil {
				return fmt.Errorf("migration %s: %w", m.Name, err)
			}
			cfg.Log.Info("work store migrated", "migration", m.Name)
		}
		if len(missing) == 0 {
			return nil
		}
		_, err = tx.Exec(ctx, `UPDATE schema_version SET version = $1`, len(list))
		return err
	})
}

// prepare waits until no other engine migrates, and reads the version. What a
// call may take otherwise is no measure here: a migration may read a table of
// millions of runs. The schema is made only where it is not there: an engine may
// be allowed to use one and not to make one.
func prepare(ctx context.Context, tx pgx.Tx, schema string) (version int, err error) {
	if _, err := tx.Exec(ctx, `SELECT set_config('lock_timeout', '60s', true), set_config('statement_timeout', '0', true)`); err != nil {
		return 0, err
	}
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('berth work ' || $1::text))`, schema); err != nil {
		return 0, err
	}
	var there bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)`, schema).Scan(&there); err != nil {
		return 0, err
	}
	if !there {
		if _, err := tx.Exec(ctx, `CREATE SCHEMA `+pgx.Identifier{schema}.Sanitize()); err != nil {
			return 0, err
		}
	}
	var table bool
	if err := tx.QueryRow(ctx, `SELECT to_regclass($1::text) IS NOT NULL`, pgx.Identifier{schema, "schema_version"}.Sanitize()).Scan(&table); err != nil {
		return 0, err
	}
	if !table {
		_, err = tx.Conn().PgConn().Exec(ctx, `CREATE TABLE schema_version (version integer NOT NULL); INSERT INTO schema_version VALUES (0)`).ReadAll()
		return 0, err
	}
	err = tx.QueryRow(ctx, `SELECT version FROM schema_version`).Scan(&version)
	return version, err
}
