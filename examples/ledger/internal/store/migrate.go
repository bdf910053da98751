package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"time"
)

//go:embed migrations/*.sql
var migrations embed.FS

// connectPatience is how long Migrate waits for a database that is starting.
const connectPatience = 30 * time.Second

// Migrate brings the database up to date. Several processes may do so at once.
func (s *Store) Migrate(ctx context.Context) error {
	if err := s.await(ctx); err != nil {
		return fmt.Errorf("connect to %s: %w", s.dialect.name, err)
	}
	return s.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if s.dialect.migrating != "" {
			if _, err := tx.ExecContext(ctx, s.dialect.migrating); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY)"); err != nil {
			return err
		}
		names, err := fs.Glob(migrations, "migrations/*.sql")
		if err != nil {
			return err
		}
		for _, name := range names { // sorted by Glob
			if err := migrateTo(ctx, tx, name); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	})
}

func migrateTo(ctx context.Context, tx *sql.Tx, name string) error {
	done, err := tx.ExecContext(ctx, "INSERT INTO migrations (name) VALUES ($1) ON CONFLICT DO NOTHING", name)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return err
	}
	text, err := migrations.ReadFile(name)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, string(text))
	return err
}

// await waits for the database to answer.
func (s *Store) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, connectPatience)
	defer cancel()
	retry := time.NewTicker(500 * time.Millisecond)
	defer retry.Stop()
	for {
		err := s.writer.PingContext(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-retry.C:
		}
	}
}
