package service

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/berth-project/berth/directory"
	"github.com/berth-project/berth/manifest"
	"github.com/berth-project/berth/session"
)

// Keys returns the key set of a service and the file it is in, empty where it
// comes from the environment.
func Keys(ctx context.Context, opts Options) (*session.KeySet, string, error) {
	m, env, err := Load(ctx, opts)
	if err != nil {
		return nil, "", err
	}
	if err := makeData(opts.Data); err != nil {
		return nil, "", err
	}
	keys, err := LoadKeys(m, env, opts.Data)
	return keys, KeysFile(m, opts.Data), err
}

// Rotation says how keys are moved on.
type Rotation struct {
	// Force forgets a previous key although cookies may be alive that only it
	// opens.
	Force bool
	// Algorithm is what the new signing key signs with; empty is that of the
	// last one.
	Algorithm session.Algorithm
}

// RotateKeys moves the keys of a service on by one. Unless it is forced it
// refuses while cookies may be alive that only the previous key opens.
func RotateKeys(ctx context.Context, opts Options, r Rotation) (*session.KeySet, error) {
	m, _, err := Load(ctx, opts)
	if err != nil {
		return nil, err
	}
	file, err := fileOfKeys(ctx, opts)
	if err != nil {
		return nil, err
	}
	var next *session.KeySet
	err = locked(opts.Data, func() error {
		keys, err := readKeys(file)
		if err != nil {
			return err
		}
		if err := r.forgets(keys, min(m.Session.Idle.Std(), m.Session.Absolute.Std())); err != nil {
			return err
		}
		if next, err = rotated(keys, r.Algorithm); err != nil {
			return err
		}
		return SaveKeys(file, next)
	})
	return next, err
}

// takeUp is how long running gateways may seal with the old keys after a
// rotation: the file is watched, and read at intervals where it cannot be.
const takeUp = time.Minute

// forgets is an error where cookies may be alive that the rotation would make
// nobody open any more: those that were not used since the last rotation, for
// others were sealed anew. Unused ones live for lifetime at most.
func (r Rotation) forgets(keys *session.KeySet, lifetime time.Duration) error {
	for _, k := range keys.Keys() {
		alive := k.Since.Add(lifetime + takeUp)
		if k.State == session.Previous && !r.Force && time.Now().Before(alive) {
			return fmt.Errorf("sessions sealed with key %s may live until %s: wait, or use --force to end them", k.ID, alive.UTC().Format(time.RFC3339))
		}
	}
	return nil
}

// ReplaceKeys puts a set of keys made now, all of one algorithm, in place of a
// service's: the answer to a leak, and to nothing else. Nobody stays signed in.
func ReplaceKeys(ctx context.Context, opts Options, alg session.Algorithm) (*session.KeySet, error) {
	file, err := fileOfKeys(ctx, opts)
	if err != nil {
		return nil, err
	}
	fresh, err := session.GenerateKeySetFor(alg, time.Now())
	if err != nil {
		return nil, err
	}
	return fresh, locked(opts.Data, func() error { return SaveKeys(file, fresh) })
}

// fileOfKeys is the file a service's keys can be changed in.
func fileOfKeys(ctx context.Context, opts Options) (string, error) {
	_, file, err := Keys(ctx, opts)
	if err == nil && file == "" {
		err = errors.New("the keys come from the environment (session.keys): change them where they are kept")
	}
	return file, err
}

func rotated(keys *session.KeySet, alg session.Algorithm) (*session.KeySet, error) {
	if alg == "" {
		return keys.Rotate(time.Now())
	}
	return keys.RotateTo(alg, time.Now())
}

func openSealer(ctx context.Context, opts Options) (*session.Sealer, *manifest.Manifest, error) {
	m, _, err := Load(ctx, opts)
	if err != nil {
		return nil, nil, err
	}
	keys, _, err := Keys(ctx, opts)
	if err != nil {
		return nil, nil, err
	}
	sealer, err := session.NewSealer(session.SealerConfig{
		Audience: m.Service, Idle: m.Session.Idle.Std(), Absolute: m.Session.Absolute.Std(), Keys: keys,
	})
	return sealer, m, err
}

// SealFor makes the cookie value of a user as if they had just signed in.
func SealFor(ctx context.Context, opts Options, who string) (string, *session.Session, error) {
	sealer, m, err := openSealer(ctx, opts)
	if err != nil {
		return "", nil, err
	}
	store, err := OpenDirectory(opts.Data, opts.Log)
	if err != nil {
		return "", nil, err
	}
	resolver := directory.NewResolver(store, directory.ResolverConfig{}, opts.Log)
	sess, err := sessionOf(ctx, store, resolver, who)
	if err = errors.Join(err, store.Close()); err != nil {
		return "", nil, err
	}
	now := time.Now().UTC()
	sess.ID, sess.Method = session.NewID(), "cli"
	sess.SignedInAt, sess.SeenAt, sess.ExpiresAt = now, now, now.Add(m.Session.Absolute.Std())
	value, err := sealer.Seal(*sess)
	return value, sess, err
}

// OpenSealed says what a cookie holds and whether its session was ended before
// its time; the cookie's name may stand before it.
func OpenSealed(ctx context.Context, opts Options, cookie string) (sess *session.Session, revoked bool, err error) {
	sealer, _, err := openSealer(ctx, opts)
	if err != nil {
		return nil, false, err
	}
	for _, name := range []string{session.SecureCookieName, session.DevelopmentCookieName} {
		cookie = strings.TrimPrefix(cookie, name+"=")
	}
	if sess, err = sealer.Open(strings.TrimSpace(cookie)); err != nil {
		return nil, false, err
	}
	store, err := OpenDirectory(opts.Data, opts.Log)
	if err != nil {
		return nil, false, err
	}
	revoked, err = store.SessionRevoked(ctx, sess.ID)
	return sess, revoked, errors.Join(err, store.Close())
}
