package process

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// orphanGrace is how long adopted processes have to end after SIGTERM when the
// supervisor ends.
const orphanGrace = 2 * time.Second

// reaper collects processes that Berth adopted because their parents died.
//
// A child is adopted when the spawner did not start it. Children in Berth's
// own process group are not touched: they belong to another part of the
// program that started them with os/exec and waits for them itself. Nothing a
// supervised process leaves behind is in that group, as each leads its own.
type reaper struct {
	spawner *spawner
	// everything takes over the children in Berth's own group too.
	everything bool
	reaped     prometheus.Counter
	log        *slog.Logger
}

// run reaps until ctx ends, then ends what it has adopted.
func (r *reaper) run(ctx context.Context) {
	died := make(chan os.Signal, 1) // one is enough: a sweep finds them all
	signal.Notify(died, syscall.SIGCHLD)
	defer signal.Stop(died)
	for {
		r.sweep()
		select {
		case <-died:
		case <-ctx.Done():
			r.end(died)
			return
		}
	}
}

// end asks the adopted processes to end, kills those that do not, and reaps
// them. Some cannot be killed: those that have become another user, and those
// in an uninterruptible system call.
func (r *reaper) end(died <-chan os.Signal) {
	if r.endWith(syscall.SIGTERM, orphanGrace, died) == 0 {
		return
	}
	r.log.Warn("killing adopted processes")
	if left := r.endWith(syscall.SIGKILL, killWait, died); left > 0 {
		r.log.Error("adopted processes cannot be killed", slog.Int("count", left))
	}
}

// endWith sends a signal to the adopted processes until all have ended or the
// time is over, and returns how many are left.
func (r *reaper) endWith(sig syscall.Signal, patience time.Duration, died <-chan os.Signal) int {
	over := time.NewTimer(patience)
	defer over.Stop()
	for {
		living := r.sweep()
		// Ending one may bring its children to us: they are found next time.
		for _, pid := range living {
			_ = syscall.Kill(pid, sig)
		}
		if len(living) == 0 {
			return 0
		}
		select {
		case <-died:
		case <-over.C:
			return len(r.sweep())
		}
	}
}

// sweep reaps the adopted children that have ended and returns those that
// live.
func (r *reaper) sweep() (living []int) {
	// While this is held no child is between its fork and its record.
	r.spawner.mu.Lock()
	defer r.spawner.mu.Unlock()
	self, group := os.Getpid(), syscall.Getpgrp()
	for _, p := range processes() {
		if p.parent != self || p.group == group && !r.everything || r.spawner.own[p.pid] != nil {
			continue
		}
		if p.alive() {
			living = append(living, p.pid)
			continue
		}
		var status syscall.WaitStatus
		if pid, err := syscall.Wait4(p.pid, &status, syscall.WNOHANG, nil); err == nil && pid == p.pid {
			r.reaped.Inc()
			r.log.Debug("orphan reaped", slog.Int("pid", p.pid), slog.String("exit", exitOf(status).String()))
		}
	}
	return living
}
