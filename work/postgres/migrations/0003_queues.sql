ALTER TABLE run ADD COLUMN enqueued bigint; -- when it began to wait in its queue; NULL: when it was created

CREATE TABLE ledger (
  shard integer NOT NULL,
  queue text COLLATE "C" NOT NULL,
  body  bytea   NOT NULL, -- what the order of the queue remembers
  PRIMARY KEY (shard, queue)
);
