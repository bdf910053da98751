package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"os"
	"time"
)

// The log is moved into the file beside the writer when it is long, and once
// more by the writer itself when it is very long: only when nobody wrote
// meanwhile does SQLite begin the log anew.
const (
	pageSize  = 4096
	longLog   = 4 << 20 / pageSize  // frames
	hugeLog   = 32 << 20 / pageSize // frames
	idleAfter = time.Second
)

// checkpoints runs until ctx ends.
func (s *Store) checkpoints(ctx context.Context) {
	c, err := openCheckpointer(s.path)
	if err != nil {
		s.log.Warn("the log of the work store is not moved into its file until it is closed", "error", err)
		return
	}
	defer c.close()
	idle := time.NewTimer(idleAfter)
	defer idle.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.writer.committed:
			c.moved = false
			idle.Reset(idleAfter)
			err = c.grown(ctx, s.writer)
		case <-idle.C:
			err = c.idle(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.log.Warn("the log of the work store cannot be moved into its file now", "error", err)
		}
	}
}

// checkpointer has a connection of its own, which waits for nobody.
type checkpointer struct {
	db    *sql.DB
	index *os.File // the -shm file, whose head says how long the log is
	last  int      // frames of the log that were moved when it was last looked at
	moved bool     // everything is in the file
}

func openCheckpointer(path string) (*checkpointer, error) {
	connections, err := connector(path, checkpointerSettings())
	if err != nil {
		return nil, err
	}
	index, err := os.Open(path + "-shm")
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connections)
	db.SetMaxOpenConns(1)
	return &checkpointer{db: db, index: index}, nil
}

func (c *checkpointer) close() {
	_ = c.db.Close()
	_ = c.index.Close()
}

// grown is called after commits.
func (c *checkpointer) grown(ctx context.Context, w *writer) error {
	n, err := c.frames()
	if err != nil {
		return err
	}
	if n < c.last {
		c.last = 0 // the log began anew
	}
	if n-c.last < longLog {
		return nil
	}
	if c.last, err = c.checkpoint(ctx, "PASSIVE"); err == nil && n >= hugeLog {
		select {
		case w.restart <- struct{}{}:
		default: // it was asked before
		}
	}
	return err
}

// idle empties the log when nothing was written for a while, and gives back
// pages that nothing uses.
func (c *checkpointer) idle(ctx context.Context) error {
	if c.moved {
		return nil
	}
	c.moved = true
	_, err := c.checkpoint(ctx, "TRUNCATE")
	return err
}

// checkpoint moves what it can and returns how many frames of the log are in
// the file.
func (c *checkpointer) checkpoint(ctx context.Context, mode string) (int, error) {
	var busy, log, moved int
	err := c.db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(`+mode+`)`).Scan(&busy, &log, &moved)
	return moved, err
}

// frames reads how many frames of the log are valid from the head of its
// index (https://www.sqlite.org/walformat.html, section 2.1: mxFrame, in the
// machine's byte order).
func (c *checkpointer) frames() (int, error) {
	var b [4]byte
	if _, err := c.index.ReadAt(b[:], 16); err != nil {
		return 0, fmt.Errorf("read %s: %w", c.index.Name(), err)
	}
	return int(binary.NativeEndian.Uint32(b[:])), nil
}
