-- The ledger. Both SQLite and PostgreSQL read this file: times are microseconds
-- since 1970 and money is cents, both as whole numbers.

CREATE TABLE tenants (
	id       TEXT   PRIMARY KEY CHECK (id <> ''),
	name     TEXT   NOT NULL,
	currency TEXT   NOT NULL CHECK (length(currency) = 3)
);

-- Balances are kept beside the entries they are the sum of, so that they can be
-- checked and locked. Only cash may be below zero, and only it has no owner.
CREATE TABLE accounts (
	tenant    TEXT   NOT NULL REFERENCES tenants (id),
	id        TEXT   NOT NULL,
	name      TEXT   NOT NULL,
	owner     TEXT   NOT NULL CHECK (owner <> '' OR id = 'cash'),
	status    TEXT   NOT NULL CHECK (status IN ('open', 'frozen', 'closed')),
	balance   BIGINT NOT NULL CHECK (balance >= 0 OR id = 'cash'),
	entries   BIGINT NOT NULL CHECK (entries >= 0),
	opened_at BIGINT NOT NULL,
	PRIMARY KEY (tenant, id)
);
CREATE INDEX accounts_by_owner ON accounts (tenant, owner);

CREATE TABLE movements (
	tenant  TEXT   NOT NULL REFERENCES tenants (id),
	id      TEXT   NOT NULL,
	kind    TEXT   NOT NULL CHECK (kind IN ('deposit', 'withdrawal', 'transfer')),
	amount  BIGINT NOT NULL CHECK (amount > 0),
	memo    TEXT   NOT NULL,
	by_user TEXT   NOT NULL,
	at      BIGINT NOT NULL,
	PRIMARY KEY (tenant, id)
);

-- Two entries per movement, which add up to nothing.
CREATE TABLE entries (
	tenant   TEXT   NOT NULL,
	account  TEXT   NOT NULL,
	number   BIGINT NOT NULL CHECK (number > 0),
	movement TEXT   NOT NULL,
	change   BIGINT NOT NULL CHECK (change <> 0),
	balance  BIGINT NOT NULL,
	other    TEXT   NOT NULL,
	at       BIGINT NOT NULL,
	PRIMARY KEY (tenant, account, number),
	FOREIGN KEY (tenant, account) REFERENCES accounts (tenant, id),
	FOREIGN KEY (tenant, movement) REFERENCES movements (tenant, id)
);
CREATE INDEX entries_by_time ON entries (tenant, account, at);

CREATE TABLE audit (
	tenant  TEXT   NOT NULL REFERENCES tenants (id),
	id      TEXT   NOT NULL,
	at      BIGINT NOT NULL,
	by_user TEXT   NOT NULL,
	action  TEXT   NOT NULL,
	account TEXT   NOT NULL,
	detail  TEXT   NOT NULL,
	PRIMARY KEY (tenant, id)
);
CREATE INDEX audit_by_time ON audit (tenant, at, id);

-- What came of each idempotency key, so that asking again gives the same answer.
CREATE TABLE requests (
	tenant      TEXT   NOT NULL,
	by_user     TEXT   NOT NULL,
	request_key TEXT   NOT NULL,
	fingerprint TEXT   NOT NULL,
	outcome     TEXT   NOT NULL,
	at          BIGINT NOT NULL,
	PRIMARY KEY (tenant, by_user, request_key)
);
CREATE INDEX requests_by_time ON requests (at);
