package service

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/berth-project/berth/console"
	"github.com/berth-project/berth/gateway"
	"github.com/berth-project/berth/manifest"
	"github.com/berth-project/berth/telemetry"
)

// A system that has no watch left is no reason not to serve.
func TestWithoutAWatchSignalsReload(t *testing.T) {
	t.Parallel()
	w := &watcher{files: map[string]bool{}, log: slog.New(slog.DiscardHandler)}
	defer w.close()
	w.watch([]string{"berth.yaml"})
	signal := make(chan os.Signal, 1)
	signal <- syscall.SIGHUP
	if err := w.next(t.Context(), signal); err != nil {
		t.Errorf("next() = %v, want nil", err)
	}
}

func TestAccessLogFollowsTheManifestThatServes(t *testing.T) {
	t.Parallel()
	var written bytes.Buffer
	s := &Service{feed: console.NewRequestFeed(), accessLog: telemetry.NewAccessLog(&written, telemetry.Human)}
	for i, on := range []bool{true, false, true} {
		m, problems := manifest.Parse("berth.yaml", fmt.Appendf(nil, "service: demo\ndomains: [a.test]\ngateway: {access-log: %v}\n", on))
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		s.current.Store(&generation{m: m})
		s.observe(&gateway.Record{Path: fmt.Sprintf("/request-%d", i)})
	}
	s.accessLog.Flush()
	got := written.String()
	if !strings.Contains(got, "/request-0") || strings.Contains(got, "/request-1") || !strings.Contains(got, "/request-2") {
		t.Errorf("lines = %s, want those of the first and the third request", got)
	}
}

func TestReloadTellsWhatItDoesNotChange(t *testing.T) {
	t.Parallel()
	r := start(t, Development, demo)
	seq := r.lastLine()
	r.Reload(demo + "    - {email: late@acme.test, name: Late}\n")
	if said := r.await(seq, "a changed section takes effect"); !strings.Contains(said, "development") {
		t.Errorf("the service said %q, want the section development", said)
	}
}

// The environment comes from where the manifest says, absolute paths included.
func TestEnvironmentIsReadFromAnAbsolutePath(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "secrets.env")
	write(t, file, []byte("DEMO_SECRET=canary\n"))
	r := prepare(t, demo+"environment: {from: [process, {file: "+file+"}]}\n")
	_, env, err := Load(t.Context(), Options{Manifest: r.file, Data: r.data})
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := env.Lookup("DEMO_SECRET"); !ok || v.Value.Reveal() != "canary" {
		t.Error("the variable is not there")
	}
}
