package sqlite

import (
	"context"
	"database/sql/driver"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/berth-project/berth/internal/migration"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

const versionTable = `CREATE TABLE IF NOT EXISTS schema_version (only INTEGER PRIMARY KEY CHECK (only = 1), version INTEGER NOT NULL) STRICT;
	INSERT OR IGNORE INTO schema_version (only, version) VALUES (1, 0)`

// migrate brings the file up to this program, in one transaction.
func migrate(ctx context.Context, conn driver.Conn, log *slog.Logger) error {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return err
	}
	list, err := migration.Read(files)
	if err != nil {
		return err
	}
	if err := script(ctx, conn, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err := apply(ctx, conn, log, list); err != nil {
		_ = script(ctx, conn, "ROLLBACK") // the error says more
		return err
	}
	return script(ctx, conn, "COMMIT")
}

func apply(ctx context.Context, conn driver.Conn, log *slog.Logger, list []migration.Migration) error {
	if err := script(ctx, conn, versionTable); err != nil {
		return err
	}
	read, err := prepare(conn, `SELECT version FROM schema_version`)
	if err != nil {
		return err
	}
	defer read.close()
	version, _, err := read.number()
	if err != nil {
		return err
	}
	missing, err := migration.After(list, int(version))
	if err != nil {
		return err
	}
	for _, m := range missing {
		if err := script(ctx, conn, m.Text); err != nil {
			return fmt.Errorf("migration %s: %w", m.Name, err)
		}
		log.Info("work store migrated", "migration", m.Name)
	}
	return script(ctx, conn, fmt.Sprintf(`UPDATE schema_version SET version = %d WHERE version <> %[1]d`, len(list)))
}

// script executes statements without parameters.
func script(ctx context.Context, conn driver.Conn, text string) error {
	_, err := conn.(driver.ExecerContext).ExecContext(ctx, text, nil)
	return err
}
