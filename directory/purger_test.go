package directory_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/berth-project/berth/directory"
)

// fakeExpiring fails the first time and purges one thing each time after.
type fakeExpiring struct {
	at     []time.Time
	actors []string
}

func (f *fakeExpiring) PurgeExpired(ctx context.Context, now time.Time) (directory.Purged, error) {
	f.at, f.actors = append(f.at, now), append(f.actors, directory.Actor(ctx))
	if len(f.at) == 1 {
		return directory.Purged{}, errors.New("disk on fire")
	}
	return directory.Purged{Revocations: 1, Changes: 2}, nil
}

func TestPurgerGoesOnAfterAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		f := &fakeExpiring{}
		p := directory.NewPurger(f, slog.New(slog.NewTextHandler(&out, nil)))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- p.Run(ctx) }()
		time.Sleep(25 * time.Minute) // the bubble's clock
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run() = %v", err)
		}
		if len(f.at) != 2 || f.at[1].Sub(f.at[0]) != 10*time.Minute || f.actors[0] != "purger" {
			t.Errorf("purged at %v by %v, want twice, ten minutes apart", f.at, f.actors)
		}
		if text := out.String(); !strings.Contains(text, "disk on fire") || !strings.Contains(text, "revocations=1 changes=2") {
			t.Errorf("log:\n%s", text)
		}
	})
}
