-- Times are milliseconds since 1970. Columns stand in the order in which they
-- are needed: those a list or the order of runs reads come before those that
-- may be long.

CREATE TABLE owner (
  shard INTEGER PRIMARY KEY,
  node  TEXT    NOT NULL,
  addr  TEXT    NOT NULL,
  epoch INTEGER NOT NULL,
  seq   INTEGER NOT NULL, -- of the last batch written
  until INTEGER NOT NULL
) STRICT;

CREATE TABLE document (
  id   INTEGER PRIMARY KEY,
  hash BLOB    NOT NULL UNIQUE,
  used INTEGER NOT NULL, -- when a run last began with it, to the hour
  body BLOB    NOT NULL
) STRICT;

CREATE TABLE run (
  id          INTEGER PRIMARY KEY,
  shard       INTEGER NOT NULL,
  status      INTEGER NOT NULL, -- 1 held, 2 queued, 3 running, 4 succeeded, 5 failed, 6 canceled, 7 timed out
  paused      INTEGER NOT NULL,
  priority    INTEGER NOT NULL,
  tenant      TEXT    NOT NULL,
  queue       TEXT    NOT NULL,
  key         TEXT,
  tag         REAL    NOT NULL,
  cost        REAL    NOT NULL,
  created     INTEGER NOT NULL,
  deadline    INTEGER,
  wake_at     INTEGER,
  started     INTEGER,
  finished    INTEGER,
  done        INTEGER,          -- status - 4 in the upper bits, then the order of becoming final
  workflow    TEXT    NOT NULL,
  version     INTEGER NOT NULL,
  document    INTEGER NOT NULL,
  failure     TEXT,
  parent      INTEGER,
  parent_node INTEGER,
  parent_item INTEGER,
  idempotency TEXT,
  labels      TEXT,             -- U+001E key U+001F value, …, U+001E
  params      BLOB,             -- long ones are an output of node -2
  state       BLOB    NOT NULL
) STRICT;

CREATE INDEX run_tenant ON run (tenant, id);
CREATE INDEX run_live ON run (shard, status, id) WHERE done IS NULL;
CREATE INDEX run_done ON run (shard, done) WHERE done IS NOT NULL;
CREATE INDEX run_unsuccessful ON run (id) WHERE done >= 1152921504606846976;
CREATE INDEX run_parent ON run (parent, id) WHERE parent IS NOT NULL;
CREATE UNIQUE INDEX run_idempotency ON run (tenant, idempotency) WHERE idempotency IS NOT NULL;

CREATE TABLE output (
  run  INTEGER NOT NULL,
  node INTEGER NOT NULL,
  item INTEGER NOT NULL,
  body BLOB    NOT NULL,
  PRIMARY KEY (run, node, item)
) STRICT;

CREATE TABLE history (
  run   INTEGER NOT NULL,
  n     INTEGER NOT NULL, -- batch and place in it
  entry BLOB    NOT NULL, -- JSON
  PRIMARY KEY (run, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE log (
  run     INTEGER NOT NULL,
  seq     INTEGER NOT NULL,
  node    INTEGER NOT NULL,
  item    INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  text    BLOB    NOT NULL,
  PRIMARY KEY (run, seq)
) STRICT;

CREATE TABLE event (
  shard   INTEGER NOT NULL,
  id      INTEGER NOT NULL,
  run     INTEGER,
  tenant  TEXT    NOT NULL,
  kind    TEXT    NOT NULL,
  dest    TEXT    NOT NULL,
  created INTEGER NOT NULL,
  try     INTEGER NOT NULL,
  next_at INTEGER NOT NULL,
  dead    INTEGER,
  error   TEXT,
  body    BLOB    NOT NULL,
  PRIMARY KEY (shard, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX event_due ON event (shard, next_at, id) WHERE dead IS NULL;
CREATE INDEX event_dead ON event (dead, id) WHERE dead IS NOT NULL;

CREATE TABLE setting (
  kind    TEXT    NOT NULL,
  id      TEXT    NOT NULL,
  version INTEGER NOT NULL,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  fields  TEXT    NOT NULL, -- as labels
  body    BLOB    NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT;

CREATE TABLE setting_field (
  kind  TEXT NOT NULL,
  name  TEXT NOT NULL,
  value TEXT NOT NULL,
  id    TEXT NOT NULL,
  PRIMARY KEY (kind, name, value, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE counter (
  name  TEXT    PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO counter (name, value) VALUES ('settings', 0);
