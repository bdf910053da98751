package service

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"time"

	"github.com/berth-project/berth/health"
	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/manifest"
	"github.com/berth-project/berth/process"
)

// watch reloads until ctx ends.
func (s *Service) watch(ctx, background context.Context, signal <-chan os.Signal) error {
	w := newWatcher(s.log)
	defer w.close()
	for {
		w.watch(s.watchedFiles())
		if err := w.next(ctx, signal); err != nil {
			return nil
		}
		// What fails is noted and told; the old generation goes on.
		_ = s.Reload(ctx, background)
	}
}

// watchedFiles are the files whose change means a reload.
func (s *Service) watchedFiles() []string {
	g := s.current.Load()
	files := []string{s.opts.Manifest}
	for _, source := range g.m.Environment.From {
		if source.File != "" {
			files = append(files, within(g.m.Directory(), source.File))
		}
	}
	for _, u := range g.m.Gateway.Upstreams {
		if u.CA != "" {
			files = append(files, within(g.m.Directory(), string(u.CA)))
		}
	}
	if keys := KeysFile(g.m, s.opts.Data); keys != "" {
		files = append(files, keys)
	}
	files = append(files, workFiles(g.m)...)
	return append(files, s.certs.files()...)
}

// Reload loads the manifest, keys and certificates again. On an error nothing
// has changed but what the error does not concern.
func (s *Service) Reload(ctx, background context.Context) error {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	start := time.Now()
	err := errors.Join(s.reloadManifest(ctx, background), s.reloadKeys())
	s.noteLoad(err)
	if err != nil {
		s.tellRefusal(err)
		return err
	}
	s.log.Info("reloaded", "duration", time.Since(start))
	s.warnOfRestart(s.started, s.current.Load().m)
	return nil
}

// tellRefusal logs why a reload was refused, each problem on a line of its own.
func (s *Service) tellRefusal(err error) {
	var problems diagnostic.List
	if !errors.As(err, &problems) {
		s.log.Error("reload refused, the old configuration goes on", "error", err)
		return
	}
	for _, p := range problems {
		s.log.Error("problem in the manifest", "at", fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column), "error", p.Message, "help", p.Help)
	}
	s.log.Error("reload refused, the old configuration goes on", "problems", len(problems))
}

// warnOfRestart names the sections that changed and are read at start only.
func (s *Service) warnOfRestart(before, after *manifest.Manifest) {
	limits := before.Gateway.Limits == after.Gateway.Limits && before.Gateway.Timeouts == after.Gateway.Timeouts
	for _, section := range []struct {
		name string
		same bool
	}{
		{"session", before.Session == after.Session},
		{"login", before.Login == after.Login},
		{"console", reflect.DeepEqual(before.Console, after.Console)},
		{"telemetry", before.Telemetry == after.Telemetry},
		{"gateway.limits or gateway.timeouts", limits},
		{"gateway.public-origin, for signing in", before.Gateway.PublicOrigin == after.Gateway.PublicOrigin},
		{"work", reflect.DeepEqual(startedWork(before.Work), startedWork(after.Work))},
		{"development", reflect.DeepEqual(before.Development, after.Development)},
	} {
		if !section.same {
			s.log.Warn("a changed section takes effect when berth is started again", "section", section.name)
		}
	}
}

func (s *Service) reloadManifest(ctx, background context.Context) error {
	old := s.current.Load()
	next, err := build(ctx, s.opts, s.groups, s.identity)
	if err != nil {
		return err
	}
	if err := s.bringUp(ctx, background, old, next); err != nil {
		s.groups.discard(next.groups)
		next.release(s.log)
		return err
	}
	s.gateway.Swap(next.table)
	retireGroups := s.groups.adopt(next.groups)
	s.current.Store(next)
	s.retiring.Go(func() { s.retire(old, retireGroups) })
	if gone := len(union(next.specs, old.specs)) > len(next.specs); gone {
		s.letFinish(ctx, old)
	}
	return s.applyProcesses(ctx, next.specs)
}

// bringUp does everything about a new generation that can fail: processes that
// changed are replaced, addresses bound. When it fails the old one stands as
// before.
func (s *Service) bringUp(ctx, background context.Context, old, next *generation) error {
	if err := sameAudiences(old.m, next.m); err != nil {
		return err
	}
	listen, err := s.prepareListeners(ctx, next)
	if err != nil {
		return err
	}
	if err := s.work.apply(ctx, next); err != nil {
		return err
	}
	s.groups.start(background, next.groups)
	// What the old table still needs goes on running until requests have
	// moved to the new one.
	if err = s.applyProcesses(ctx, union(next.specs, old.specs)); err == nil {
		err = listen()
	}
	if err != nil {
		s.restoreProcesses(ctx, old)
	}
	return err
}

// sameAudiences refuses what no running process could follow: it was told its
// audience at its start, and would turn away every request until it was
// replaced.
func sameAudiences(old, next *manifest.Manifest) error {
	if old.Service != next.Service {
		return diagnostic.List{restartNeeded(next, "service")}
	}
	for _, name := range next.ProcessNames() {
		before := old.Processes[name]
		if before != nil && before.Audience != next.Processes[name].Audience {
			return diagnostic.List{restartNeeded(next, "processes."+name+".audience")}
		}
	}
	return nil
}

func restartNeeded(m *manifest.Manifest, field string) *diagnostic.Problem {
	p := m.Problem(field, codeRestart, field+" cannot change while the service runs")
	p.Help = "stop berth and start it again"
	return p
}

// letFinish gives requests that found their route in an old generation the
// moment to reach its processes, where draining sees them.
func (s *Service) letFinish(ctx context.Context, old *generation) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = old.table.Quiet(ctx) // requests that last longer are under way
}

// retire closes what only an old generation used, when the requests that began
// with it are done: they may be anywhere between finding their route and using
// it.
func (s *Service) retire(old *generation, retireGroups func(context.Context)) {
	ctx, cancel := context.WithTimeout(context.Background(), old.m.Gateway.Timeouts.Drain.Std())
	defer cancel()
	if err := old.table.Quiet(ctx); err != nil {
		s.log.Debug("requests of an old configuration go on", "error", err)
	}
	retireGroups(ctx)
	old.release(s.log)
}

// restoreProcesses goes back after a change that did not work: what had been
// replaced already is replaced again.
func (s *Service) restoreProcesses(ctx context.Context, old *generation) {
	if err := s.applyProcesses(ctx, old.specs); err != nil && ctx.Err() == nil {
		s.log.Error("processes could not be put back", "error", err)
	}
}

// union is next with the processes only old has.
func union(next, old []process.Spec) []process.Spec {
	all := append([]process.Spec(nil), next...)
	for _, o := range old {
		kept := false
		for _, n := range next {
			kept = kept || n.Name == o.Name
		}
		if !kept {
			all = append(all, o)
		}
	}
	return all
}

func (s *Service) reloadKeys() error {
	g := s.current.Load()
	keys, err := LoadKeys(g.m, g.env, s.opts.Data)
	if err != nil {
		return err
	}
	return s.people.login.Reload(keys)
}

// noteLoad tells the console, and whoever watches health, how loading went.
func (s *Service) noteLoad(err error) {
	s.lastLoad.Store(&loadResult{at: time.Now(), err: err})
	if err == nil {
		s.health.Clear("manifest")
		return
	}
	s.health.Set(health.Check{
		Name: "manifest", State: health.Degraded, Code: "reload_refused",
		Message: err.Error(), Help: "correct the file; the configuration loaded before it goes on serving",
	})
}
