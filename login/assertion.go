package login

import (
	"fmt"

	"github.com/berth-project/berth/session"
)

// assertionKey names one assertion. A session is named by its address: one
// worked out again, with other roles perhaps, is another session.
type assertionKey struct {
	session          *session.Session
	audience, tenant string
}

type assertion struct {
	token     string
	refreshAt int64 // unix nanoseconds
}

// Assertion returns the signed assertion about a caller for one app (the
// audience), bound to a tenant where the path names one. It comes from memory
// until half of its lifetime is over. All anonymous callers of an app share
// one, which is bound to no tenant.
func (s *Service) Assertion(sess *session.Session, audience, tenant string) (string, error) {
	key, shard := assertionKey{sess, audience, tenant}, 0
	if sess.Anonymous() {
		key = assertionKey{nil, audience, ""}
	} else {
		shard = shardOf(sess.ID)
	}
	st := s.keyed.Load()
	now := s.deps.Now()
	if a, ok := st.assertions.get(shard, key); ok && now.UnixNano() < a.refreshAt {
		return a.token, nil
	}
	token, expires, err := st.signer.Sign(key.session, audience, key.tenant)
	if err != nil {
		return "", fmt.Errorf("assertion for %s: %w", audience, err)
	}
	s.met.signed.Inc()
	st.assertions.put(shard, key, &assertion{token: token, refreshAt: now.Add(expires.Sub(now) / 2).UnixNano()})
	return token, nil
}
