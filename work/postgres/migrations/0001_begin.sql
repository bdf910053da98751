-- Times are milliseconds since 1970. Texts are compared by their bytes, and
-- hold no NUL: what a text may not hold is escaped by U+001D.

CREATE TABLE owner (
  shard integer NOT NULL PRIMARY KEY,
  node  text COLLATE "C" NOT NULL,
  addr  text COLLATE "C" NOT NULL,
  epoch bigint NOT NULL,
  seq   bigint NOT NULL, -- of the last batch written
  until bigint NOT NULL
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

CREATE TABLE document (
  id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  hash bytea  NOT NULL UNIQUE,
  used bigint NOT NULL, -- when a run last began with it, to the hour
  body bytea  NOT NULL
);

-- The first update of most runs, which begins them, changes no column of an
-- index and finds room on the page: PostgreSQL then writes no index (HOT).
CREATE TABLE run (
  id          bigint NOT NULL PRIMARY KEY,
  tag         double precision NOT NULL,
  cost        double precision NOT NULL,
  created     bigint NOT NULL,
  deadline    bigint,
  wake_at     bigint,
  started     bigint,
  finished    bigint,
  done        bigint,            -- status - 4 in the upper bits, then the order of becoming final
  document    bigint NOT NULL,
  parent      bigint,
  shard       integer NOT NULL,
  version     integer NOT NULL,
  parent_node integer,
  parent_item integer,
  status      smallint NOT NULL, -- 1 held, 2 queued, 3 running, 4 succeeded, 5 failed, 6 canceled, 7 timed out
  paused      smallint NOT NULL,
  priority    smallint NOT NULL,
  tenant      text COLLATE "C" NOT NULL,
  queue       text COLLATE "C" NOT NULL,
  key         text COLLATE "C",
  workflow    text COLLATE "C" NOT NULL,
  failure     text COLLATE "C",
  idempotency text COLLATE "C",
  labels      text COLLATE "C",  -- U+001E key U+001F value, …, U+001E
  params      bytea,             -- long ones are an output of node -2
  state       bytea NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);

CREATE INDEX run_tenant ON run (tenant, id);
CREATE INDEX run_live ON run (shard, id) WHERE done IS NULL;
CREATE INDEX run_done ON run (shard, done) WHERE done IS NOT NULL;
CREATE INDEX run_unsuccessful ON run (id) WHERE done >= 1152921504606846976;
CREATE INDEX run_parent ON run (parent, id) WHERE parent IS NOT NULL;
CREATE UNIQUE INDEX run_idempotency ON run (tenant, idempotency) WHERE idempotency IS NOT NULL;

CREATE TABLE output (
  run  bigint  NOT NULL,
  node integer NOT NULL,
  item integer NOT NULL,
  body bytea   NOT NULL,
  PRIMARY KEY (run, node, item)
);

CREATE TABLE history (
  run   bigint NOT NULL,
  n     bigint NOT NULL, -- batch and place in it
  entry bytea  NOT NULL, -- JSON
  PRIMARY KEY (run, n)
);

CREATE TABLE log (
  run     bigint  NOT NULL,
  seq     bigint  NOT NULL,
  node    integer NOT NULL,
  item    integer NOT NULL,
  attempt integer NOT NULL,
  at      bigint  NOT NULL,
  text    bytea   NOT NULL,
  PRIMARY KEY (run, seq)
);

CREATE TABLE event (
  id      bigint  NOT NULL,
  run     bigint,
  created bigint  NOT NULL,
  next_at bigint  NOT NULL,
  dead    bigint,
  shard   integer NOT NULL,
  try     integer NOT NULL,
  tenant  text COLLATE "C" NOT NULL,
  kind    text COLLATE "C" NOT NULL,
  dest    text COLLATE "C" NOT NULL,
  error   text COLLATE "C",
  body    bytea   NOT NULL,
  PRIMARY KEY (shard, id)
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

CREATE INDEX event_due ON event (shard, next_at, id) WHERE dead IS NULL;
CREATE INDEX event_dead ON event (dead, id) WHERE dead IS NOT NULL;

CREATE TABLE setting (
  version bigint NOT NULL,
  created bigint NOT NULL,
  updated bigint NOT NULL,
  kind    text COLLATE "C" NOT NULL,
  id      text COLLATE "C" NOT NULL,
  fields  text COLLATE "C" NOT NULL, -- as labels
  body    bytea NOT NULL,
  PRIMARY KEY (kind, id)
);

CREATE TABLE setting_field (
  kind  text COLLATE "C" NOT NULL,
  name  text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  id    text COLLATE "C" NOT NULL,
  PRIMARY KEY (kind, name, value, id)
);

CREATE INDEX setting_field_id ON setting_field (kind, id);

CREATE TABLE counter (
  name  text COLLATE "C" NOT NULL PRIMARY KEY,
  value bigint NOT NULL
);

INSERT INTO counter (name, value) VALUES ('settings', 0);
