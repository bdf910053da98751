package sqlite

import (
	"context"
	"database/sql"
	"fmt"
)

// migrations make the schema; each is applied once, in order. A new one is
// added at the end, none is ever changed.
var migrations = [...]string{`
CREATE TABLE owner (
	shard INTEGER PRIMARY KEY,
	node  TEXT NOT NULL,
	addr  TEXT NOT NULL,
	epoch INTEGER NOT NULL,
	seq   INTEGER NOT NULL,
	until INTEGER NOT NULL
);
CREATE TABLE document (
	id   INTEGER PRIMARY KEY,
	hash BLOB NOT NULL UNIQUE,
	body BLOB NOT NULL,
	used INTEGER NOT NULL -- when it was last submitted, ms
);
CREATE TABLE run (
	id       INTEGER PRIMARY KEY,
	shard    INTEGER NOT NULL,
	tenant   TEXT NOT NULL,
	queue    TEXT NOT NULL,
	workflow TEXT NOT NULL,
	version  INTEGER,
	document INTEGER NOT NULL,
	status   INTEGER NOT NULL,
	paused   INTEGER,
	priority INTEGER NOT NULL,
	tag      REAL,
	cost     REAL,
	key      TEXT,
	idem     TEXT,
	created  INTEGER NOT NULL,
	wake     INTEGER,
	deadline INTEGER,
	started  INTEGER,
	finished INTEGER,
	done     INTEGER, -- the order in which runs became final
	failure  TEXT,
	parent   INTEGER,
	pnode    INTEGER,
	pitem    INTEGER,
	labels   TEXT,
	params   BLOB,
	state    BLOB NOT NULL
);
CREATE UNIQUE INDEX run_idem ON run(tenant, idem) WHERE idem IS NOT NULL;
CREATE INDEX run_waiting ON run(shard, id) WHERE status <= 2;
CREATE INDEX run_started ON run(shard, id) WHERE status = 3;
CREATE INDEX run_done ON run(done, id) WHERE done IS NOT NULL;
CREATE INDEX run_tenant ON run(tenant, id);
CREATE INDEX run_parent ON run(parent) WHERE parent IS NOT NULL;
CREATE INDEX run_document ON run(document);
CREATE TABLE output (
	run  INTEGER NOT NULL,
	node INTEGER NOT NULL,
	item INTEGER NOT NULL,
	body BLOB NOT NULL,
	PRIMARY KEY (run, node, item)
) WITHOUT ROWID;
CREATE TABLE history (
	run  INTEGER NOT NULL,
	n    INTEGER NOT NULL,
	body BLOB NOT NULL,
	PRIMARY KEY (run, n)
) WITHOUT ROWID;
CREATE TABLE log (
	run     INTEGER NOT NULL,
	seq     INTEGER NOT NULL,
	node    INTEGER NOT NULL,
	item    INTEGER NOT NULL,
	attempt INTEGER NOT NULL,
	at      INTEGER NOT NULL,
	text    BLOB NOT NULL,
	PRIMARY KEY (run, seq)
) WITHOUT ROWID;
CREATE TABLE event (
	id      INTEGER PRIMARY KEY,
	shard   INTEGER NOT NULL,
	run     INTEGER NOT NULL,
	tenant  TEXT NOT NULL,
	kind    TEXT NOT NULL,
	dest    TEXT NOT NULL,
	body    BLOB NOT NULL,
	created INTEGER NOT NULL,
	try     INTEGER NOT NULL,
	next    INTEGER NOT NULL,
	dead    INTEGER,
	error   TEXT
);
CREATE INDEX event_due ON event(shard, next) WHERE dead IS NULL;
CREATE INDEX event_dead ON event(id) WHERE dead IS NOT NULL;
CREATE TABLE setting (
	kind    TEXT NOT NULL,
	id      TEXT NOT NULL,
	version INTEGER NOT NULL,
	body    BLOB NOT NULL,
	fields  TEXT,
	created INTEGER NOT NULL,
	updated INTEGER NOT NULL,
	PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE TABLE setting_field (
	kind  TEXT NOT NULL,
	name  TEXT NOT NULL,
	value TEXT NOT NULL,
	id    TEXT NOT NULL,
	PRIMARY KEY (kind, name, value, id)
) WITHOUT ROWID;
CREATE TABLE counter (name TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counter VALUES ('settings', 0);
`}

// migrate brings the schema up to date. A file of a newer Berth is refused.
func migrate(ctx context.Context, db *sql.DB) error {
	var version int
	if err := db.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return err
	}
	if version > len(migrations) {
		return fmt.Errorf("its schema is %d, and this Berth knows %d: it was written by a newer Berth", version, len(migrations))
	}
	for ; version < len(migrations); version++ {
		text := fmt.Sprintf("BEGIN IMMEDIATE; %s PRAGMA user_version = %d; COMMIT;", migrations[version], version+1)
		if _, err := db.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("migration %d: %w", version+1, err)
		}
	}
	return nil
}
