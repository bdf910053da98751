ALTER TABLE run ADD COLUMN enqueued INTEGER; -- when it began to wait in its queue; NULL: when it was created

CREATE TABLE ledger (
  shard INTEGER NOT NULL,
  queue TEXT    NOT NULL,
  body  BLOB    NOT NULL, -- what the order of the queue remembers
  PRIMARY KEY (shard, queue)
) STRICT, WITHOUT ROWID;
