package process

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Forward passes signals that Berth gets on to every process until ctx ends.
// rewrite maps a signal to the one to send in its place, 0 to none.
func (s *Supervisor) Forward(ctx context.Context, signals []syscall.Signal, rewrite map[syscall.Signal]syscall.Signal) error {
	if len(signals) == 0 {
		<-ctx.Done()
		return nil
	}
	arrived := make(chan os.Signal, len(signals))
	signal.Notify(arrived, osSignals(signals)...)
	defer signal.Stop(arrived)
	for {
		select {
		case sig := <-arrived:
			if sig, ok := rewritten(sig, rewrite); ok {
				s.signalAll(sig)
			}
		case <-ctx.Done():
			return nil
		}
	}
}

func (s *Supervisor) signalAll(sig syscall.Signal) {
	s.mu.Lock()
	var live []*child
	for _, p := range s.procs {
		live = append(live, p.live()...)
	}
	s.mu.Unlock()
	for _, c := range live {
		c.signal(sig)
	}
}

func osSignals(signals []syscall.Signal) []os.Signal {
	converted := make([]os.Signal, len(signals))
	for i, sig := range signals {
		converted[i] = sig
	}
	return converted
}

// rewritten returns the signal to send for one that arrived.
func rewritten(arrived os.Signal, rewrite map[syscall.Signal]syscall.Signal) (syscall.Signal, bool) {
	sig, ok := arrived.(syscall.Signal)
	if to, found := rewrite[sig]; found {
		sig = to
	}
	return sig, ok && sig != 0
}
