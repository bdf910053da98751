package password

import (
	"context"
	"errors"
	"testing"

	"github.com/berth-project/berth/secret"
)

func TestHashesAtOnceAreBounded(t *testing.T) {
	t.Parallel()
	h, err := NewHasher(Config{Params: Params{MemoryKiB: 64, Passes: 1, Lanes: 1}, Concurrency: 1})
	if err != nil {
		t.Fatal(err)
	}
	h.slots <- struct{}{} // the only slot is taken
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Verify(ctx, secret.New("pw"), secret.String{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Verify() of a client that went away = %v, want Canceled", err)
	}
	h.waiting.Store(maxWaiting)
	if _, err := h.Verify(t.Context(), secret.New("pw"), secret.String{}); !errors.Is(err, ErrBusy) {
		t.Errorf("Verify() behind %d others = %v, want ErrBusy", maxWaiting, err)
	}
	if n := h.waiting.Load(); n != maxWaiting {
		t.Errorf("%d waiting afterwards, want %d", n, maxWaiting)
	}
	<-h.slots
	if _, err := h.Verify(t.Context(), secret.New("pw"), secret.String{}); err != nil {
		t.Errorf("Verify() with a free slot = %v", err)
	}
}
