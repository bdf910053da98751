package web_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
	"github.com/berth-project/berth/examples/ledger/internal/statement"
	"github.com/berth-project/berth/examples/ledger/internal/store"
	"github.com/berth-project/berth/examples/ledger/internal/web"
	"github.com/berth-project/berth/session"
)

const (
	issuer   = "https://ledger.example.test"
	audience = "ledger"
)

// ledger is the app behind a gateway of the test's own: it signs assertions
// with real keys, and the app verifies them as it does in life.
type ledger struct {
	*httptest.Server
	t      *testing.T
	signer *session.Signer
	store  *store.Store
	shelf  statement.Shelf
	stop   chan struct{}
	log    *bytes.Buffer
}

func member(tenant string, roles ...string) session.Membership {
	m := session.Membership{Tenant: tenant, TenantName: strings.ToUpper(tenant), Roles: roles}
	if tenant == "acme" {
		m.Plans = []string{"premium"}
	}
	return m
}

func person(email string, memberships ...session.Membership) *session.Session {
	return &session.Session{
		ID: session.NewID(), User: session.User{ID: "u-" + email, Email: email, Name: strings.ToUpper(email[:1]) + email[1:strings.Index(email, "@")]},
		Memberships: memberships, ExpiresAt: time.Now().Add(time.Hour),
	}
}

var (
	casey = person("casey@acme.test", member("acme", "customer"))
	cody  = person("cody@acme.test", member("acme", "customer"))
	tom   = person("tom@acme.test", member("acme", "teller"))
	mara  = person("mara@acme.test", member("acme", "manager"))
	zoe   = person("zoe@zenith.test", member("zenith", "customer"))
	mina  = person("mina@zenith.test", member("zenith", "manager"))
	dana  = person("dana@example.test", member("acme", "customer"), member("zenith", "manager"))
	// norole belongs to acme, as nothing.
	norole = person("norole@acme.test", member("acme"))
)

func newSigner(t *testing.T) *session.Signer {
	t.Helper()
	keys, err := session.GenerateKeySet(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	signer, err := session.NewSigner(session.SignerConfig{Issuer: issuer, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func newLedger(t *testing.T) *ledger {
	t.Helper()
	l := &ledger{t: t, signer: newSigner(t), stop: make(chan struct{}), log: &bytes.Buffer{}}
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(l.signer.JWKS()) }))
	t.Cleanup(gateway.Close)
	verifier, err := session.NewVerifier(session.VerifierConfig{JWKSURL: gateway.URL, Issuer: issuer, Audience: audience})
	if err != nil {
		t.Fatal(err)
	}
	l.openStore()
	l.shelf = statement.Shelf{Directory: t.TempDir(), Keep: time.Minute, Now: time.Now}
	app, err := web.New(web.Config{
		Store: l.store, Shelf: l.shelf, Guard: verifier.Middleware, Now: time.Now, Streams: 2,
		Assets: fstest.MapFS{"style.css": {Data: []byte("body{}")}},
		Log:    slog.New(slog.NewTextHandler(l.log, nil)),
	}, l.stop)
	if err != nil {
		t.Fatal(err)
	}
	l.Server = httptest.NewServer(app.Handler())
	t.Cleanup(l.Close)
	return l
}

func (l *ledger) openStore() {
	t := l.t
	t.Helper()
	var err error
	if l.store, err = store.Open(store.Config{Directory: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.store.Close() }) // a test may have closed it
	if err := l.store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, tenant := range []bank.Tenant{{ID: "acme", Name: "Acme", Currency: "USD"}, {ID: "zenith", Name: "Zenith", Currency: "EUR"}} {
		if err := l.store.AddTenant(t.Context(), tenant); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range []bank.Account{
		{Tenant: "acme", ID: "casey-1", Owner: "casey@acme.test"},
		{Tenant: "acme", ID: "cody-1", Owner: "cody@acme.test"},
		{Tenant: "acme", ID: "dana-1", Owner: "dana@example.test"},
		{Tenant: "zenith", ID: "zoe-1", Owner: "zoe@zenith.test"},
	} {
		a.Name, a.OpenedAt = "Checking <b>&", time.Now()
		if err := l.store.Provision(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		teller := store.Ask{Caller: bank.Caller{Tenant: a.Tenant, Email: "seed", Teller: true}, Key: a.ID}
		if _, err := l.store.Move(t.Context(), teller, bank.Order{Kind: bank.Deposit, To: a.ID, Amount: 100_00}); err != nil {
			t.Fatal(err)
		}
	}
}

// assertion signs what the gateway says of somebody; nil is a visitor.
func (l *ledger) assertion(who *session.Session) string {
	l.t.Helper()
	token, _, err := l.signer.Sign(who, audience, "")
	if err != nil {
		l.t.Fatal(err)
	}
	return token
}

// request is one request; key and type are sent where they are not empty.
type request struct {
	method, path, body string
	kind, key          string
	header             http.Header
}

func get(path string) request { return request{method: http.MethodGet, path: path} }

func post(path, key, body string) request {
	return request{method: http.MethodPost, path: path, body: body, kind: "application/json", key: key}
}

func formPost(path, body string) request {
	return request{method: http.MethodPost, path: path, body: body, kind: "application/x-www-form-urlencoded"}
}

// answer is a response that has been read.
type answer struct {
	*http.Response
	body string
}

func (l *ledger) do(who *session.Session, rq request) answer {
	l.t.Helper()
	r := l.prepare(rq)
	r.Header.Set(session.AssertionHeader, l.assertion(who))
	return l.send(r)
}

func (l *ledger) prepare(rq request) *http.Request {
	l.t.Helper()
	r, err := http.NewRequestWithContext(l.t.Context(), rq.method, l.URL+rq.path, strings.NewReader(rq.body))
	if err != nil {
		l.t.Fatal(err)
	}
	for name, values := range rq.header {
		r.Header[name] = values
	}
	if rq.kind != "" {
		r.Header.Set("Content-Type", rq.kind)
	}
	if rq.key != "" {
		r.Header.Set("Idempotency-Key", rq.key)
	}
	return r
}

func (l *ledger) send(r *http.Request) answer {
	l.t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(r)
	if err != nil {
		l.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return answer{res, string(body)}
}

// code is the code of a problem document.
func (a answer) code() string {
	var problem struct {
		Code string `json:"code"`
	}
	if a.Header.Get("Content-Type") != "application/problem+json" || json.Unmarshal([]byte(a.body), &problem) != nil {
		return ""
	}
	return problem.Code
}

func (l *ledger) want(name string, a answer, status int, code string) {
	l.t.Helper()
	if a.StatusCode != status || a.code() != code {
		l.t.Errorf("%s: %d %q, want %d %q; body %.300s", name, a.StatusCode, a.code(), status, code, a.body)
	}
}

func (l *ledger) balance(tenant, id string) bank.Amount {
	l.t.Helper()
	a, err := l.store.Account(l.t.Context(), bank.Caller{Tenant: tenant, Manager: true}, id)
	if err != nil {
		l.t.Fatal(err)
	}
	return a.Balance
}

func (l *ledger) files() []os.DirEntry {
	l.t.Helper()
	files, err := os.ReadDir(l.shelf.Directory)
	if err != nil {
		l.t.Fatal(err)
	}
	return files
}
