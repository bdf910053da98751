package session_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/berth-project/berth/session"
)

// An app verifies what the gateway says of each caller, and asks the session
// what the caller may do.
func ExampleVerifier_Middleware() {
	// The gateway's side, which `berth up` is in real life.
	keys, err := session.GenerateKeySet(time.Now())
	if err != nil {
		log.Fatal(err)
	}
	signer, err := session.NewSigner(session.SignerConfig{Issuer: "https://ledger.example.com", Keys: keys})
	if err != nil {
		log.Fatal(err)
	}
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(signer.JWKS())
	}))
	defer gateway.Close()

	// The app's side; getenv is os.Getenv in real life.
	env := map[string]string{
		"BERTH_JWKS_URL": gateway.URL,
		"BERTH_ISSUER":   "https://ledger.example.com",
		"BERTH_AUDIENCE": "ledger",
	}
	cfg, err := session.ConfigFromEnvironment(func(name string) string { return env[name] })
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := session.NewVerifier(cfg)
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	tellers := session.Require(session.PathTenant("tenant"), "teller", "manager")
	mux.Handle("GET /t/{tenant}/accounts", tellers(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello %s", session.FromContext(r.Context()).User.Name)
	})))
	app := verifier.Middleware(mux)

	// A request as the gateway forwards it, then one that went past it.
	token, _, err := signer.Sign(&session.Session{
		ID:          session.NewID(),
		User:        session.User{ID: "u-1", Name: "Xia"},
		Memberships: []session.Membership{{Tenant: "acme", Roles: []string{"teller"}}},
	}, "ledger", "acme")
	if err != nil {
		log.Fatal(err)
	}
	for _, assertion := range []string{token, ""} {
		r := httptest.NewRequest(http.MethodGet, "/t/acme/accounts", nil)
		r.Header.Set(session.AssertionHeader, assertion)
		w := httptest.NewRecorder()
		app.ServeHTTP(w, r)
		body, _ := io.ReadAll(w.Result().Body)
		fmt.Println(w.Code, string(body))
	}
	// Output:
	// 200 hello Xia
	// 401 {"type":"about:blank","title":"Unauthorized","status":401,"detail":"The request did not come through the gateway.","code":"assertion_missing"}
}

func ExampleSession_HasRole() {
	s := &session.Session{
		User: session.User{ID: "u-1"},
		Memberships: []session.Membership{
			{Tenant: "acme", Roles: []string{"teller"}},
		},
	}
	fmt.Println(s.HasRole("acme", "manager", "teller"))
	fmt.Println(s.HasRole("acme", "manager"))
	fmt.Println(s.HasRole("acme")) // any role
	fmt.Println(s.HasRole("bolt"))
	var nobody *session.Session
	fmt.Println(nobody.HasRole("acme"))
	// Output:
	// true
	// false
	// true
	// false
	// false
}

// A gateway seals who signed in into a cookie and opens it on each request.
func ExampleSealer() {
	keys, err := session.GenerateKeySet(time.Now())
	if err != nil {
		log.Fatal(err)
	}
	sealer, err := session.NewSealer(session.SealerConfig{Audience: "ledger", Keys: keys})
	if err != nil {
		log.Fatal(err)
	}
	sess := sealer.Stamp(session.Session{ID: session.NewID(), User: session.User{ID: "u-1"}, Method: "password"})
	value, err := sealer.Seal(sess)
	if err != nil {
		log.Fatal(err)
	}
	cookie := session.Cookie(session.OverTLS, value, sess.ExpiresAt)
	opened, err := sealer.Open(cookie.Value)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cookie.Name, opened.User.ID, opened.Method)
	// Output:
	// __Host-berth u-1 password
}

// While working on an app without a gateway, Development stands in for the
// verifier's Middleware.
func ExampleDevelopment() {
	as := session.Session{
		User:        session.User{ID: "dev", Email: "dev@example.com"},
		Memberships: []session.Membership{{Tenant: "acme", Roles: []string{"manager"}}},
	}
	app := session.Development(as)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, session.FromContext(r.Context()).User.Email)
	}))
	for _, peer := range []string{"127.0.0.1:50000", "192.0.2.7:50000"} {
		r := httptest.NewRequest(http.MethodGet, "http://localhost:8000/", nil)
		r.RemoteAddr = peer
		w := httptest.NewRecorder()
		app.ServeHTTP(w, r)
		fmt.Println(peer, w.Code, w.Header().Get(session.DevelopmentHeader))
	}
	// Output:
	// 127.0.0.1:50000 200 dev
	// 192.0.2.7:50000 403
}
