package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
	"github.com/berth-project/berth/examples/ledger/internal/store"
)

// Whatever serves must have ended everything it began.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// synced is a buffer that a program writes while a test reads it.
type synced struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (s *synced) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *synced) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

func environment(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

func TestRefusesToStartWithoutAGateway(t *testing.T) {
	t.Parallel()
	for name, vars := range map[string]map[string]string{
		"nothing":            {},
		"development by 0":   {"LEDGER_DEVELOPMENT": "0"},
		"half a gateway":     {"BERTH_JWKS_URL": "http://127.0.0.1:1/jwks", "LEDGER_DEVELOPMENT": "1"},
		"gateway over plain": {"BERTH_JWKS_URL": "http://gateway.example.test/jwks", "BERTH_ISSUER": "i", "BERTH_AUDIENCE": "a"},
	} {
		vars["LEDGER_DATA"] = t.TempDir()
		var stderr synced
		if code := run(t.Context(), nil, environment(vars), &stderr); code != 1 {
			t.Errorf("%s: run() = %d, want 1: %s", name, code, &stderr)
		}
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"dance"},
		{"serve", "now"},
		{"tenant"},
		{"tenant", "Acme", "Acme", "USD"},
		{"tenant", "api", "API", "USD"},
		{"tenant", "acme", "", "USD"},
		{"tenant", "acme", "Acme", "dollars"},
		{"tenant", "../x", "Acme", "USD"},
	} {
		var stderr synced
		if code := run(t.Context(), args, environment(map[string]string{"LEDGER_DATA": t.TempDir()}), &stderr); code != 2 || !strings.Contains(stderr.String(), "usage: ") {
			t.Errorf("run(%q) = %d, want 2 and how it is used: %s", args, code, &stderr)
		}
	}
}

func TestSeedIsTheSameTwice(t *testing.T) {
	t.Parallel()
	vars := environment(map[string]string{"LEDGER_DATA": t.TempDir()})
	for _, command := range []string{"migrate", "seed", "seed", "migrate", "verify"} {
		var stderr synced
		if code := run(t.Context(), []string{command}, vars, &stderr); code != 0 {
			t.Fatalf("run(%s) = %d: %s", command, code, &stderr)
		}
	}
	st, err := store.Open(store.Config{Directory: dataDirectory(vars)})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for tenant, want := range map[string]int{"acme": 4, "zenith": 3} {
		accounts, err := st.Accounts(t.Context(), bank.Caller{Tenant: tenant, Manager: true}, "")
		if err != nil || len(accounts) != want {
			t.Errorf("%s has %d accounts, %v, want %d", tenant, len(accounts), err, want)
		}
		for _, a := range accounts {
			if a.Entries != 1 || a.Balance <= 0 {
				t.Errorf("%s of %s has %d in %d entries, want one deposit", a.ID, tenant, a.Balance, a.Entries)
			}
		}
	}
}

// At the end the program finishes what it has begun, closes its event streams
// and leaves with status 0.
func TestServesOnASocketUntilToldToEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	socket := filepath.Join(dir, "s")
	vars := environment(map[string]string{"LEDGER_DATA": dir, "LEDGER_DEVELOPMENT": "1", "BERTH_SOCKET": socket})
	var stderr synced
	for _, command := range []string{"migrate", "seed"} {
		if code := run(t.Context(), []string{command}, vars, &stderr); code != 0 {
			t.Fatalf("run(%s) = %d: %s", command, code, &stderr)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"serve"}, vars, &stderr) }()
	client := http.Client{Timeout: 3 * time.Minute, Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}}}
	defer client.CloseIdleConnections()
	awaitHealth(t, &client, &stderr)
	// The peer of a unix socket is not on the loopback interface, and so not
	// somebody for whom a development session is meant.
	res, err := client.Get("http://localhost/acme/")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("development session over a socket = %d, want 403", res.StatusCode)
	}
	cancel()
	if code := <-ended; code != 0 {
		t.Errorf("run(serve) = %d, want 0: %s", code, &stderr)
	}
}

func awaitHealth(t *testing.T, client *http.Client, stderr *synced) {
	t.Helper()
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	watchdog := time.After(3 * time.Minute)
	for {
		if res, err := client.Get("http://localhost/healthz"); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-retry.C:
		case <-watchdog:
			t.Fatalf("not healthy: %s", stderr)
		}
	}
}
