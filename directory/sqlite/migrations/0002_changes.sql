-- Whom and where a change concerns: what berth change list asks for.
ALTER TABLE changes ADD COLUMN user   TEXT NOT NULL DEFAULT '';
ALTER TABLE changes ADD COLUMN tenant TEXT NOT NULL DEFAULT '';
UPDATE changes SET user = subject WHERE action LIKE 'user.%' OR action LIKE 'role.%' OR action = 'session.revoke_all';
UPDATE changes SET user = detail, detail = '' WHERE action = 'session.revoke';
UPDATE changes SET tenant = subject WHERE action LIKE 'tenant.%' OR action LIKE 'plan.%';
UPDATE changes SET tenant = substr(detail, 1, instr(detail, ' ') - 1), detail = substr(detail, instr(detail, ' ') + 1) WHERE action LIKE 'role.%';

-- Purging looks for what has ended, every few minutes.
CREATE INDEX revocations_by_until ON revocations (until);
