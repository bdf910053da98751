package workflows

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/api"
)

// ofProcesses begins the names of the keys that services make for their own
// processes.
const ofProcesses = "processes of "

// ProcessKey makes the key of a service's processes, and ends those that
// earlier starts of it on this host left behind.
func (w *Workflows) ProcessKey(ctx context.Context, service string) (text, id string, err error) {
	host, _ := os.Hostname()
	name := ofProcesses + service + " on " + host
	old, err := w.Keys.List(ctx)
	if err != nil {
		return "", "", err
	}
	for _, k := range old {
		if k.Name == name {
			if err := w.Keys.Revoke(ctx, k.ID); err != nil && !errors.Is(err, work.ErrNotFound) {
				return "", "", err
			}
		}
	}
	text, key, err := w.Keys.Create(ctx, api.Caller{Name: name, Admin: true}, time.Time{})
	return text, key.ID, err
}

// FirstKey makes an administrator's key where nobody but processes of services
// has one that is valid, and gives its text; "" where somebody has. With a path
// it writes it to this new file, which only its owner can read.
func (w *Workflows) FirstKey(ctx context.Context, path string) (text string, err error) {
	keys, err := w.Keys.List(ctx)
	if err != nil || slices.ContainsFunc(keys, operates) {
		return "", err
	}
	if path == "" {
		text, _, err = w.administratorKey(ctx)
		return text, err
	}
	return w.writeKey(ctx, path)
}

func (w *Workflows) administratorKey(ctx context.Context) (text string, key api.Key, err error) {
	return w.Keys.Create(ctx, api.Caller{Name: "administrator", Admin: true}, time.Time{})
}

// writeKey makes an administrator's key and writes it to a new file. Where it
// cannot be kept it is ended: it would hinder the next attempt.
func (w *Workflows) writeKey(ctx context.Context, path string) (string, error) {
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("%s is there already, and no administrator's key is in the store: move the file away, and a key is made", path)
	}
	if err != nil {
		return "", err
	}
	text, key, err := w.administratorKey(ctx)
	if err == nil {
		_, err = fmt.Fprintln(out, text)
		err = errors.Join(err, out.Sync())
	}
	if err = errors.Join(err, out.Close()); err == nil {
		return text, nil
	}
	if key.ID != "" {
		err = errors.Join(err, w.Keys.Revoke(ctx, key.ID))
	}
	return "", errors.Join(err, os.Remove(path))
}

// operates says whether a key is valid and an operator's.
func operates(k api.Key) bool {
	return k.Admin && !strings.HasPrefix(k.Name, ofProcesses) && (k.Expires == 0 || k.Expires > time.Now().UnixMilli())
}
