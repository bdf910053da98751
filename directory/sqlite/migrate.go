package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// Each file is applied once, in the order of its number, which is its name up
// to the first underscore. A released file is never edited.
//
//go:embed migrations/*.sql
var migrationFiles embed.FS

const migrateTimeout = time.Minute

type migration struct {
	number int
	name   string
	text   string
}

func migrations() ([]migration, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	list := make([]migration, 0, len(names)) // Glob sorts
	for i, name := range names {
		base := strings.TrimPrefix(name, "migrations/")
		digits, _, _ := strings.Cut(base, "_")
		number, err := strconv.Atoi(digits)
		if err != nil || number != i+1 {
			return nil, fmt.Errorf("migration %s: want number %d", base, i+1)
		}
		text, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		list = append(list, migration{number: number, name: base, text: string(text)})
	}
	return list, nil
}

// migrate brings the file up to this program, in one immediate transaction:
// of two processes that start together one migrates and the other finds it
// done.
func (s *Store) migrate() error {
	ctx, cancel := context.WithTimeout(context.Background(), migrateTimeout)
	defer cancel()
	list, err := migrations()
	if err != nil {
		return err
	}
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // no effect once committed
	version, err := schemaVersion(ctx, tx)
	if err != nil {
		return err
	}
	if version > len(list) {
		return fmt.Errorf("schema version %d was written by a newer berth, which knows more than this one's %d", version, len(list))
	}
	for _, m := range list[version:] {
		if _, err := tx.ExecContext(ctx, m.text); err != nil {
			return fmt.Errorf("migration %s: %w", m.name, err)
		}
		s.log.Info("directory migrated", "migration", m.name)
	}
	if version < len(list) {
		if _, err := tx.ExecContext(ctx, `UPDATE schema_version SET version = ?`, len(list)); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func schemaVersion(ctx context.Context, tx *sql.Tx) (int, error) {
	_, err := tx.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_version (only INTEGER PRIMARY KEY CHECK (only = 1), version INTEGER NOT NULL) STRICT;
		INSERT OR IGNORE INTO schema_version (only, version) VALUES (1, 0)`)
	if err != nil {
		return 0, err
	}
	var version int
	err = tx.QueryRowContext(ctx, `SELECT version FROM schema_version`).Scan(&version)
	return version, err
}
