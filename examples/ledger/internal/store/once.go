package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
)

// keyLifetime is how long the answer to an idempotency key is kept.
const keyLifetime = 72 * time.Hour

// Ask names one thing somebody wants done once.
type Ask struct {
	Caller bank.Caller
	// Key is the idempotency key; keys of different callers do not meet.
	Key string
}

// Answer is what came of it.
type Answer[T any] struct {
	Value T
	// Replayed says that this was done before, and this is what was answered.
	Replayed bool
}

// outcome is how an answer is kept.
type outcome[T any] struct {
	Value   T             `json:"value"`
	Refused *bank.Refusal `json:"refused,omitempty"`
}

// once runs do, unless the key was used before: then it answers what was
// answered, a refusal included, or refuses a key that came with something else.
// Two at the same time cannot both run: the second one waits for the row of the
// first. What do refuses it must refuse before it has written anything, because
// the refusal is kept.
func once[T any](ctx context.Context, s *Store, ask Ask, what any, do func(context.Context, *sql.Tx) (T, error)) (Answer[T], error) {
	var answer Answer[T]
	var kept outcome[T]
	print, err := fingerprint(what)
	if err != nil {
		return answer, err
	}
	err = s.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		fresh, err := s.claim(ctx, tx, ask, print)
		if err != nil {
			return fmt.Errorf("claim idempotency key: %w", err)
		}
		if !fresh {
			answer.Replayed = true
			return recall(ctx, tx, ask, print, &kept)
		}
		kept.Value, err = do(ctx, tx)
		kept.Refused = bank.AsRefusal(err)
		if err != nil && !final(kept.Refused) {
			return err
		}
		return remember(ctx, tx, ask, kept)
	})
	if err != nil {
		return Answer[T]{}, err
	}
	answer.Value = kept.Value
	if kept.Refused != nil {
		return answer, kept.Refused
	}
	return answer, nil
}

// final reports whether a refusal is the answer to its key. What somebody may
// not do they may do later, with the same key: roles change.
func final(r *bank.Refusal) bool { return r != nil && r.Code != bank.Forbidden }

func fingerprint(what any) (string, error) {
	text, err := json.Marshal(what)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%T %s", what, text))
	return hex.EncodeToString(sum[:]), nil
}

func (s *Store) claim(ctx context.Context, tx *sql.Tx, ask Ask, print string) (fresh bool, err error) {
	done, err := tx.ExecContext(ctx, lines(
		"INSERT INTO requests (tenant, by_user, request_key, fingerprint, outcome, at)",
		"VALUES ($1, $2, $3, $4, '', $5) ON CONFLICT DO NOTHING"),
		ask.Caller.Tenant, ask.Caller.Email, ask.Key, print, stamp(s.now()))
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	return n == 1, err
}

func recall(ctx context.Context, tx *sql.Tx, ask Ask, print string, into any) error {
	var before, text string
	err := tx.QueryRowContext(ctx, "SELECT fingerprint, outcome FROM requests WHERE tenant = $1 AND by_user = $2 AND request_key = $3",
		ask.Caller.Tenant, ask.Caller.Email, ask.Key).Scan(&before, &text)
	if err != nil {
		return err
	}
	if before != print {
		return bank.RefuseReusedKey()
	}
	return json.Unmarshal([]byte(text), into)
}

func remember(ctx context.Context, tx *sql.Tx, ask Ask, kept any) error {
	text, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "UPDATE requests SET outcome = $4 WHERE tenant = $1 AND by_user = $2 AND request_key = $3",
		ask.Caller.Tenant, ask.Caller.Email, ask.Key, string(text))
	return err
}

// Tidy forgets idempotency keys that nobody will send again.
func (s *Store) Tidy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, opTimeout)
	defer cancel()
	_, err := s.writer.ExecContext(ctx, "DELETE FROM requests WHERE at < $1", stamp(s.now().Add(-keyLifetime)))
	return err
}
