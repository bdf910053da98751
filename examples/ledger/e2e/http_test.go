package e2e_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berth-project/berth/examples/internal/story"
)

// navigation makes a request look like a browser's that goes to a page.
var navigation = map[string]string{"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}

func TestVisitorsAreAskedToSignIn(t *testing.T) {
	t.Parallel()
	v := ledger.Service(t).Visitor(t)
	v.Want(story.Get("/"), 200)
	if a := v.Want(story.Get("/assets/style.css"), 200); !strings.HasPrefix(a.Header.Get("Content-Type"), "text/css") {
		t.Errorf("stylesheet is %q", a.Header.Get("Content-Type"))
	}
	page := story.Get("/acme/")
	page.Header = navigation
	if a := v.Want(page, 302); a.Header.Get("Location") != "/.berth/sign-in?next=%2Facme%2F" {
		t.Errorf("a visitor is led to %q", a.Header.Get("Location"))
	}
	if a := v.Want(story.Get("/api/accounts"), 401); a.Header.Get("WWW-Authenticate") == "" {
		t.Error("401 without WWW-Authenticate")
	}
	for _, path := range []string{"/acme/audit", "/acme/accounts/casey-checking", "/acme/events", "/beta/cash-flow", "/api/acme/accounts", "/nothing"} {
		v.Want(story.Get(path), 401)
	}
	v.Want(order("/api/acme/transfers", `{"from":"casey-checking","to":"cody-checking","amount_cents":1}`), 401)
}

func TestNobodyIsBelievedWithoutProof(t *testing.T) {
	t.Parallel()
	s := ledger.Service(t)
	for name, header := range map[string]map[string]string{
		"forged assertion":   {"Berth-Assertion": "eyJhbGciOiJub25lIn0.eyJlbWFpbCI6Im1hcmFAYWNtZS50ZXN0In0."},
		"forged user":        {"X-Forwarded-User": "mara@acme.test", "Remote-User": "mara@acme.test"},
		"made-up cookie":     {"Cookie": "berth=v1.AAAA.BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"},
		"secure cookie":      {"Cookie": "__Host-berth=v1.AAAA.BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"},
		"bearer":             {"Authorization": "Bearer mara"},
		"redirect by hand":   {"X-Accel-Redirect": "/statements/x.pdf"},
		"address on the LAN": {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"},
	} {
		rq := story.Get("/api/acme/audit")
		rq.Header = header
		if a := s.Visitor(t).Send(rq); a.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: GET /api/acme/audit = %d, want 401", name, a.StatusCode)
		}
	}
	wrong := story.Form("/.berth/sign-in", url.Values{"email": {"mara@acme.test"}, "password": {"guess"}, "next": {"/"}})
	v := s.Visitor(t)
	if a := v.Send(wrong); a.StatusCode < 400 || len(a.Header.Values("Set-Cookie")) > 0 && strings.Contains(a.Header.Get("Set-Cookie"), "v1.") {
		t.Errorf("signing in with a wrong password = %d, %q", a.StatusCode, a.Header.Values("Set-Cookie"))
	}
	v.Want(story.Get("/api/accounts"), 401)
}

func TestRulesByRoleTenantAndPlan(t *testing.T) {
	t.Parallel()
	s := ledger.Service(t)
	const deposit, move = `{"amount_cents":100}`, `{"from":"casey-savings","to":"casey-checking","amount_cents":100}`
	for _, tc := range []struct {
		email           string
		allowed, denied []story.Request
	}{
		{
			"casey@acme.test",
			[]story.Request{story.Get("/acme/"), story.Get("/acme/accounts/casey-checking"), story.Get("/api/accounts"), story.Get("/beta/cash-flow"), story.Get("/acme/accounts/casey-savings/statement.csv")},
			[]story.Request{
				story.Get("/zenith/"), story.Get("/acme/audit"), story.Get("/api/acme/audit"), story.Get("/api/zenith/accounts"), story.Get("/zenith/accounts/zoe-checking/statement.csv"),
				order("/api/acme/accounts/casey-checking/deposits", deposit), order("/api/acme/accounts", `{"owner":"a@b.test","name":"x"}`),
				{Method: "PUT", Path: "/api/acme/accounts/casey-checking/status", Kind: "application/json", Body: `{"status":"frozen"}`},
				{Method: "DELETE", Path: "/api/acme/accounts/casey-checking"},
				story.Get("/acme/nothing"), story.Get("/nothing/at/all"),
			},
		},
		{
			"tom@acme.test",
			[]story.Request{story.Get("/acme/"), story.Get("/api/acme/accounts"), story.Get("/beta/cash-flow")},
			[]story.Request{
				story.Get("/acme/audit"), story.Get("/zenith/"), order("/api/acme/transfers", move), story.Get("/acme/accounts/casey-checking/statement.csv"),
				{Method: "PUT", Path: "/api/acme/accounts/casey-checking/status", Kind: "application/json", Body: `{"status":"frozen"}`},
			},
		},
		{
			"mara@acme.test",
			[]story.Request{story.Get("/acme/"), story.Get("/acme/audit"), story.Get("/api/acme/audit"), story.Get("/acme/accounts/cody-checking/statement.pdf")},
			[]story.Request{story.Get("/zenith/"), story.Get("/zenith/audit"), order("/api/acme/transfers", move)},
		},
		{
			"zoe@zenith.test",
			[]story.Request{story.Get("/zenith/"), story.Get("/zenith/accounts/zoe-checking/statement.csv")},
			[]story.Request{
				story.Get("/acme/"), story.Get("/acme/audit"), story.Get("/beta/cash-flow"),
				story.Get("/zenith/accounts/zoe-checking/statement.pdf"), story.Get("/api/zenith/accounts/zoe-checking/statement.pdf"), // no premium plan
			},
		},
		{
			"dana@example.test",
			[]story.Request{story.Get("/acme/"), story.Get("/acme/accounts/dana-checking"), story.Get("/zenith/audit"), story.Get("/zenith/accounts/zoe-checking")},
			[]story.Request{story.Get("/acme/audit"), order("/api/acme/accounts/dana-checking/deposits", deposit), story.Get("/beta/cash-flow")},
		},
	} {
		p := s.SignIn(t, tc.email)
		for _, rq := range tc.allowed {
			p.Want(rq, 200)
		}
		for _, rq := range tc.denied {
			p.Want(rq, 403)
		}
	}
	// What the rules let through, the app still looks at.
	casey := s.SignIn(t, "casey@acme.test")
	casey.Want(story.Get("/acme/accounts/cody-checking"), 404)
	casey.Want(order("/api/acme/transfers", `{"from":"cody-checking","to":"casey-checking","amount_cents":1}`), 404)
	cross := order("/api/acme/transfers", move)
	cross.Header["Sec-Fetch-Site"], cross.Header["Origin"] = "cross-site", "https://evil.test"
	casey.Want(cross, 403)
}

func TestMoneyAndStatements(t *testing.T) {
	s := ledger.Service(t)
	casey, tom := s.SignIn(t, "casey@acme.test"), s.SignIn(t, "tom@acme.test")
	before := balance(casey, "casey-savings")
	tom.Want(order("/api/acme/accounts/casey-savings/deposits", `{"amount_cents":5000}`), 201)
	transfer := order("/api/acme/transfers", `{"from":"casey-savings","to":"cody-checking","amount_cents":1500,"memo":"lunch"}`)
	first, again := casey.Want(transfer, 201), casey.Want(transfer, 201)
	if first.Text != again.Text || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the same key again = %s, want %s replayed", again.Text, first.Text)
	}
	transfer.Body = strings.Replace(transfer.Body, "1500", "1501", 1)
	casey.Want(transfer, 422)
	casey.Want(order("/api/acme/transfers", `{"from":"casey-savings","to":"cody-checking","amount_cents":-1500}`), 422)
	casey.Want(order("/api/acme/transfers", `{"from":"casey-savings","to":"cody-checking","amount_cents":99999999}`), 422)
	if got, want := balance(casey, "casey-savings"), before+3500; got != want {
		t.Errorf("balance = %d, want %d", got, want)
	}

	pdf := casey.Want(story.Get("/acme/accounts/casey-savings/statement.pdf"), 200)
	if !strings.HasPrefix(pdf.Text, "%PDF-") || pdf.Header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(pdf.Header.Get("Content-Disposition"), "attachment; ") {
		t.Errorf("statement = %s %s, %.20q", pdf.Header.Get("Content-Type"), pdf.Header.Get("Content-Disposition"), pdf.Text)
	}
	if pdf.Header.Get("X-Accel-Redirect") != "" {
		t.Error("the client is told where the file is")
	}
	csv := casey.Want(story.Get("/api/acme/accounts/casey-savings/statement.csv"), 200)
	if !strings.Contains(csv.Text, "lunch,-15.00") {
		t.Errorf("CSV statement:\n%s", csv.Text)
	}
	refusesPrivateFiles(t, s, casey)
}

// refusesPrivateFiles asks for statement files that do exist, in every way there
// is but the app's.
func refusesPrivateFiles(t *testing.T, s *story.Service, casey *story.Person) {
	t.Helper()
	files, err := os.ReadDir(filepath.Join(s.Data, "statements"))
	if err != nil || len(files) == 0 {
		t.Fatalf("statement files: %v, %v", files, err)
	}
	name := files[0].Name()
	for _, p := range []*story.Person{casey, s.SignIn(t, "mara@acme.test"), s.Visitor(t)} {
		for _, path := range []string{
			"/statements/" + name, "/statements/", "/statements", "//statements/" + name, "/./statements/" + name, "/acme/../statements/" + name,
			"/assets/%2e%2e/statements/" + name, "/assets/..%2fstatements/" + name, "/%73tatements/" + name, "/assets/../.berth/ledger/ledger.db",
		} {
			a := p.Send(story.Get(path))
			if a.StatusCode < 400 || strings.Contains(a.Text, "%PDF") || strings.Contains(a.Text, "opening balance") {
				t.Errorf("GET %s as %s = %d, want it refused", path, p.Name, a.StatusCode)
			}
		}
	}
}

func TestBalancesAreStreamed(t *testing.T) {
	s := ledger.Service(t)
	casey, tom := s.SignIn(t, "casey@acme.test"), s.SignIn(t, "tom@acme.test")
	before := balance(casey, "casey-checking")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/acme/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := casey.Client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("GET /acme/events = %d", res.StatusCode)
	}
	tom.Want(order("/api/acme/accounts/casey-checking/deposits", `{"amount_cents":700}`), 201)
	want := fmt.Sprintf(`"account":"casey-checking","balance":%q`, grouped(before+700))
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if strings.Contains(lines.Text(), want) {
			return
		}
	}
	t.Errorf("the stream ended without %s", want)
}

// grouped formats cents as the app does, for amounts below a million.
func grouped(cents int64) string {
	whole := fmt.Sprint(cents / 100)
	if n := len(whole); n > 3 {
		whole = whole[:n-3] + "," + whole[n-3:]
	}
	return fmt.Sprintf("%s.%02d", whole, cents%100)
}

func TestSigningOutEndsTheSession(t *testing.T) {
	t.Parallel()
	s := ledger.Service(t)
	mina := s.SignIn(t, "mina@zenith.test")
	mina.Want(story.Get("/zenith/audit"), 200)
	base, err := http.NewRequest(http.MethodGet, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for _, c := range mina.Client.Jar.Cookies(base.URL) {
		kept = append(kept, c.Name+"="+c.Value)
	}
	mina.Want(story.Form("/.berth/sign-out", nil), 303)
	mina.Want(story.Get("/zenith/audit"), 401)
	// The cookie that somebody copied before is of no use either.
	thief := story.Get("/zenith/audit")
	thief.Header = map[string]string{"Cookie": strings.Join(kept, "; ")}
	s.Visitor(t).Want(thief, 401)
}
