-- Times are Unix milliseconds; 0 means never.
CREATE TABLE users (
  id                  TEXT    PRIMARY KEY,
  email               TEXT    NOT NULL UNIQUE,
  name                TEXT    NOT NULL,
  disabled            INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
  password_hash       TEXT    NOT NULL DEFAULT '',
  created_at          INTEGER NOT NULL,
  sessions_not_before INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE tenants (
  id         TEXT    PRIMARY KEY,
  name       TEXT    NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE subscriptions (
  tenant  TEXT    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  plan    TEXT    NOT NULL,
  ends_at INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant, plan)
) STRICT, WITHOUT ROWID;

CREATE TABLE grants (
  user       TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  tenant     TEXT    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  role       TEXT    NOT NULL,
  expires_at INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (user, tenant, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_by_tenant ON grants (tenant);

CREATE TABLE revocations (
  session TEXT    PRIMARY KEY,
  user    TEXT    NOT NULL,
  until   INTEGER NOT NULL,
  at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE changes (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  at      INTEGER NOT NULL,
  actor   TEXT    NOT NULL,
  action  TEXT    NOT NULL,
  subject TEXT    NOT NULL,
  detail  TEXT    NOT NULL
) STRICT;
