package sqlite

import (
	"database/sql/driver"
	"errors"
	"strings"
)

// statements are those of the writer, prepared once.
type statements struct {
	begin, commit, rollback, savepoint, rollbackTo, releaseSavepoint, checkpoint *statement

	acquire, renew, release, owner *statement
	fence                          *statement

	findDocument, insertDocument, touchDocument, dropDocument *statement

	insertRun, updateRun, finishRun, deleteRun, findKey, findRun *statement

	putOutput, dropOutput, addHistory, putLog *statement
	deleteOutputs, deleteHistory, deleteLogs  *statement
	addEvent, deliverEvent, updateEvent       *statement
	dropEvent, putLedger, dropLedger          *statement
	setting, putSetting, dropSetting          *statement
	addField, dropFields, count, counter      *statement
}

const texts = 44

func (s *statements) table() map[**statement]string {
	t := make(map[**statement]string, texts)
	s.transactionTexts(t)
	s.ownerTexts(t)
	s.runTexts(t)
	s.besideTexts(t)
	s.settingTexts(t)
	return t
}

func (s *statements) transactionTexts(t map[**statement]string) {
	t[&s.begin] = `BEGIN IMMEDIATE`
	t[&s.commit] = `COMMIT`
	t[&s.rollback] = `ROLLBACK`
	t[&s.savepoint] = `SAVEPOINT job`
	t[&s.rollbackTo] = `ROLLBACK TO job`
	t[&s.releaseSavepoint] = `RELEASE job`
	t[&s.checkpoint] = `PRAGMA wal_checkpoint(PASSIVE)`
}

func (s *statements) ownerTexts(t map[**statement]string) {
	t[&s.acquire] = `INSERT INTO owner (shard, node, addr, epoch, seq, until) VALUES (?1, ?2, ?3, 1, 0, ?4)
		ON CONFLICT (shard) DO UPDATE SET node = excluded.node, addr = excluded.addr, epoch = epoch + 1, until = excluded.until
		WHERE until <= ?5 OR node = excluded.node`
	t[&s.renew] = `UPDATE owner SET until = ?1 WHERE shard = ?2 AND epoch = ?3 AND node = ?4`
	t[&s.release] = `UPDATE owner SET until = 0 WHERE shard = ?1 AND epoch = ?2 AND node = ?3`
	t[&s.owner] = `SELECT node, addr, epoch, seq, until FROM owner WHERE shard = ?1`
	t[&s.fence] = `UPDATE owner SET seq = ?1 WHERE shard = ?2 AND epoch = ?3 AND seq = ?1 - 1`
}

func (s *statements) runTexts(t map[**statement]string) {
	t[&s.findDocument] = `SELECT id, used FROM document WHERE hash = ?1`
	t[&s.insertDocument] = `INSERT INTO document (hash, used, body) VALUES (?1, ?2, ?3)`
	t[&s.touchDocument] = `UPDATE document SET used = max(used, ?1) WHERE id = ?2`
	t[&s.dropDocument] = `DELETE FROM document WHERE id = ?1 AND used < ?2`
	t[&s.insertRun] = `INSERT INTO run (id, shard, status, paused, priority, tenant, queue, key, tag, cost, created, deadline, wake_at,
		started, finished, done, workflow, version, document, failure, parent, parent_node, parent_item, idempotency, labels, params, state, enqueued)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (tenant, idempotency) WHERE idempotency IS NOT NULL DO NOTHING`
	const changed = `UPDATE run SET status = ?, paused = ?, priority = ?, queue = ?, tag = ?, wake_at = ?, deadline = ?, enqueued = ?,
		started = ?, finished = ?, failure = ?, state = ?, `
	t[&s.updateRun] = changed + `done = NULL WHERE id = ? AND shard = ?`
	t[&s.finishRun] = changed + `done = CASE WHEN done IS NOT NULL AND status = ?1 AND finished IS ?10 THEN done ELSE ? END WHERE id = ? AND shard = ?`
	t[&s.deleteRun] = `DELETE FROM run WHERE id = ?1 AND shard = ?2 AND done IS NOT NULL`
	t[&s.findRun] = `SELECT 1 FROM run WHERE id = ?1 AND shard = ?2`
	t[&s.findKey] = `SELECT id FROM run WHERE tenant = ?1 AND idempotency = ?2`
}

func (s *statements) besideTexts(t map[**statement]string) {
	const ifRun = ` WHERE EXISTS (SELECT 1 FROM run WHERE id = ?1)`
	t[&s.putOutput] = `INSERT INTO output (run, node, item, body) SELECT ?1, ?2, ?3, ?4` + ifRun +
		` ON CONFLICT (run, node, item) DO UPDATE SET body = excluded.body`
	t[&s.dropOutput] = `DELETE FROM output WHERE run = ?1 AND node = ?2 AND item = ?3`
	t[&s.addHistory] = `INSERT INTO history (run, n, entry) SELECT ?1, ?2, ?3` + ifRun
	t[&s.putLog] = `INSERT INTO log (run, seq, node, item, attempt, at, text) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7` + ifRun +
		` ON CONFLICT (run, seq) DO UPDATE SET node = excluded.node, item = excluded.item, attempt = excluded.attempt, at = excluded.at, text = excluded.text`
	t[&s.deleteOutputs] = `DELETE FROM output WHERE run = ?1`
	t[&s.deleteHistory] = `DELETE FROM history WHERE run = ?1`
	t[&s.deleteLogs] = `DELETE FROM log WHERE run = ?1`
	t[&s.addEvent] = `INSERT INTO event (shard, id, run, tenant, kind, dest, created, try, next_at, dead, error, body)
		SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12 WHERE ?3 IS NULL OR EXISTS (SELECT 1 FROM run WHERE id = ?3)
		ON CONFLICT (shard, id) DO NOTHING`
	t[&s.deliverEvent] = `DELETE FROM event WHERE shard = ?1 AND id = ?2`
	t[&s.dropEvent] = t[&s.deliverEvent] + ` AND dead IS NOT NULL`
	t[&s.updateEvent] = `UPDATE event SET try = ?1, next_at = ?2, dead = ?3, error = ?4 WHERE shard = ?5 AND id = ?6`
	t[&s.putLedger] = `INSERT INTO ledger (shard, queue, body) VALUES (?1, ?2, ?3) ON CONFLICT (shard, queue) DO UPDATE SET body = excluded.body`
	t[&s.dropLedger] = `DELETE FROM ledger WHERE shard = ?1 AND queue = ?2`
}

func (s *statements) settingTexts(t map[**statement]string) {
	t[&s.setting] = `SELECT version, created, fields FROM setting WHERE kind = ?1 AND id = ?2`
	t[&s.putSetting] = `INSERT INTO setting (kind, id, version, created, updated, fields, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
		ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, updated = excluded.updated, fields = excluded.fields, body = excluded.body`
	t[&s.dropSetting] = `DELETE FROM setting WHERE kind = ?1 AND id = ?2`
	t[&s.addField] = `INSERT INTO setting_field (kind, name, value, id) VALUES (?1, ?2, ?3, ?4)`
	t[&s.dropFields] = `DELETE FROM setting_field WHERE kind = ?1 AND name = ?2 AND value = ?3 AND id = ?4`
	t[&s.count] = `UPDATE counter SET value = value + 1 WHERE name = ?`
	t[&s.counter] = `SELECT value FROM counter WHERE name = ?`
}

func (s *statements) prepare(conn driver.Conn) error {
	var errs []error
	for target, text := range s.table() {
		stmt, err := prepare(conn, text)
		*target = stmt
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (s *statements) closeStatements() {
	for target := range s.table() {
		(*target).close()
	}
}

// inTransaction reports whether an error of ROLLBACK leaves a transaction.
func inTransaction(err error) bool { return !strings.Contains(err.Error(), "no transaction is active") }
