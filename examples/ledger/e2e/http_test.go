package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// navigation makes a request look like a browser's that goes to a page.
var navigation = map[string]string{"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}

func TestVisitorsAreAskedToSignIn(t *testing.T) {
	t.Parallel()
	v := berth(t).visitor(t)
	v.want(get("/"), 200)
	if a := v.want(get("/assets/style.css"), 200); !strings.HasPrefix(a.Header.Get("Content-Type"), "text/css") {
		t.Errorf("stylesheet is %q", a.Header.Get("Content-Type"))
	}
	page := get("/acme/")
	page.header = navigation
	if a := v.want(page, 302); a.Header.Get("Location") != "/.berth/sign-in?next=%2Facme%2F" {
		t.Errorf("a visitor is led to %q", a.Header.Get("Location"))
	}
	if a := v.want(get("/api/accounts"), 401); a.Header.Get("WWW-Authenticate") == "" {
		t.Error("401 without WWW-Authenticate")
	}
	for _, path := range []string{"/acme/audit", "/acme/accounts/casey-checking", "/acme/events", "/beta/cash-flow", "/api/acme/accounts", "/nothing"} {
		v.want(get(path), 401)
	}
	v.want(order("/api/acme/transfers", `{"from":"casey-checking","to":"cody-checking","amount_cents":1}`), 401)
}

func TestNobodyIsBelievedWithoutProof(t *testing.T) {
	t.Parallel()
	s := berth(t)
	for name, header := range map[string]map[string]string{
		"forged assertion":   {"Berth-Assertion": "eyJhbGciOiJub25lIn0.eyJlbWFpbCI6Im1hcmFAYWNtZS50ZXN0In0."},
		"forged user":        {"X-Forwarded-User": "mara@acme.test", "Remote-User": "mara@acme.test"},
		"made-up cookie":     {"Cookie": "berth=v1.AAAA.BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"},
		"secure cookie":      {"Cookie": "__Host-berth=v1.AAAA.BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"},
		"bearer":             {"Authorization": "Bearer mara"},
		"redirect by hand":   {"X-Accel-Redirect": "/statements/x.pdf"},
		"address on the LAN": {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"},
	} {
		rq := get("/api/acme/audit")
		rq.header = header
		if a := s.visitor(t).send(rq); a.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: GET /api/acme/audit = %d, want 401", name, a.StatusCode)
		}
	}
	wrong := request{method: "POST", path: "/.berth/sign-in", kind: "application/x-www-form-urlencoded", body: "email=mara@acme.test&password=guess&next=/"}
	v := s.visitor(t)
	if a := v.send(wrong); a.StatusCode < 400 || len(a.Header.Values("Set-Cookie")) > 0 && strings.Contains(a.Header.Get("Set-Cookie"), "v1.") {
		t.Errorf("signing in with a wrong password = %d, %q", a.StatusCode, a.Header.Values("Set-Cookie"))
	}
	v.want(get("/api/accounts"), 401)
}

func TestRulesByRoleTenantAndPlan(t *testing.T) {
	t.Parallel()
	s := berth(t)
	const deposit, move = `{"amount_cents":100}`, `{"from":"casey-savings","to":"casey-checking","amount_cents":100}`
	for _, tc := range []struct {
		email           string
		allowed, denied []request
	}{
		{
			"casey@acme.test",
			[]request{get("/acme/"), get("/acme/accounts/casey-checking"), get("/api/accounts"), get("/beta/cash-flow"), get("/acme/accounts/casey-savings/statement.csv")},
			[]request{
				get("/zenith/"), get("/acme/audit"), get("/api/acme/audit"), get("/api/zenith/accounts"), get("/zenith/accounts/zoe-checking/statement.csv"),
				order("/api/acme/accounts/casey-checking/deposits", deposit), order("/api/acme/accounts", `{"owner":"a@b.test","name":"x"}`),
				{"PUT", "/api/acme/accounts/casey-checking/status", "application/json", `{"status":"frozen"}`, nil},
				{"DELETE", "/api/acme/accounts/casey-checking", "", "", nil},
				get("/acme/nothing"), get("/nothing/at/all"),
			},
		},
		{
			"tom@acme.test",
			[]request{get("/acme/"), get("/api/acme/accounts"), get("/beta/cash-flow")},
			[]request{
				get("/acme/audit"), get("/zenith/"), order("/api/acme/transfers", move), get("/acme/accounts/casey-checking/statement.csv"),
				{"PUT", "/api/acme/accounts/casey-checking/status", "application/json", `{"status":"frozen"}`, nil},
			},
		},
		{
			"mara@acme.test",
			[]request{get("/acme/"), get("/acme/audit"), get("/api/acme/audit"), get("/acme/accounts/cody-checking/statement.pdf")},
			[]request{get("/zenith/"), get("/zenith/audit"), order("/api/acme/transfers", move)},
		},
		{
			"zoe@zenith.test",
			[]request{get("/zenith/"), get("/zenith/accounts/zoe-checking/statement.csv")},
			[]request{
				get("/acme/"), get("/acme/audit"), get("/beta/cash-flow"),
				get("/zenith/accounts/zoe-checking/statement.pdf"), get("/api/zenith/accounts/zoe-checking/statement.pdf"), // no premium plan
			},
		},
		{
			"dana@example.test",
			[]request{get("/acme/"), get("/acme/accounts/dana-checking"), get("/zenith/audit"), get("/zenith/accounts/zoe-checking")},
			[]request{get("/acme/audit"), order("/api/acme/accounts/dana-checking/deposits", deposit), get("/beta/cash-flow")},
		},
	} {
		p := s.signIn(t, tc.email)
		for _, rq := range tc.allowed {
			p.want(rq, 200)
		}
		for _, rq := range tc.denied {
			p.want(rq, 403)
		}
	}
	// What the rules let through, the app still looks at.
	casey := s.signIn(t, "casey@acme.test")
	casey.want(get("/acme/accounts/cody-checking"), 404)
	casey.want(order("/api/acme/transfers", `{"from":"cody-checking","to":"casey-checking","amount_cents":1}`), 404)
	cross := order("/api/acme/transfers", move)
	cross.header["Sec-Fetch-Site"], cross.header["Origin"] = "cross-site", "https://evil.test"
	casey.want(cross, 403)
}

func (p *person) balance(account string) int64 {
	p.t.Helper()
	var a struct {
		Balance int64 `json:"balance_cents"`
	}
	if err := json.Unmarshal([]byte(p.want(get("/api/acme/accounts/"+account), 200).body), &a); err != nil {
		p.t.Fatal(err)
	}
	return a.Balance
}

func TestMoneyAndStatements(t *testing.T) {
	s := berth(t)
	casey, tom := s.signIn(t, "casey@acme.test"), s.signIn(t, "tom@acme.test")
	before := casey.balance("casey-savings")
	tom.want(order("/api/acme/accounts/casey-savings/deposits", `{"amount_cents":5000}`), 201)
	transfer := order("/api/acme/transfers", `{"from":"casey-savings","to":"cody-checking","amount_cents":1500,"memo":"lunch"}`)
	first, again := casey.want(transfer, 201), casey.want(transfer, 201)
	if first.body != again.body || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the same key again = %s, want %s replayed", again.body, first.body)
	}
	transfer.body = strings.Replace(transfer.body, "1500", "1501", 1)
	casey.want(transfer, 422)
	casey.want(order("/api/acme/transfers", `{"from":"casey-savings","to":"cody-checking","amount_cents":-1500}`), 422)
	casey.want(order("/api/acme/transfers", `{"from":"casey-savings","to":"cody-checking","amount_cents":99999999}`), 422)
	if got, want := casey.balance("casey-savings"), before+3500; got != want {
		t.Errorf("balance = %d, want %d", got, want)
	}

	pdf := casey.want(get("/acme/accounts/casey-savings/statement.pdf"), 200)
	if !strings.HasPrefix(pdf.body, "%PDF-") || pdf.Header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(pdf.Header.Get("Content-Disposition"), "attachment; ") {
		t.Errorf("statement = %s %s, %.20q", pdf.Header.Get("Content-Type"), pdf.Header.Get("Content-Disposition"), pdf.body)
	}
	if pdf.Header.Get("X-Accel-Redirect") != "" {
		t.Error("the client is told where the file is")
	}
	csv := casey.want(get("/api/acme/accounts/casey-savings/statement.csv"), 200)
	if !strings.Contains(csv.body, "lunch,-15.00") {
		t.Errorf("CSV statement:\n%s", csv.body)
	}
	s.refusesPrivateFiles(t, casey)
}

// refusesPrivateFiles asks for statement files that do exist, in every way there
// is but the app's.
func (s *service) refusesPrivateFiles(t *testing.T, casey *person) {
	t.Helper()
	files, err := os.ReadDir(filepath.Join(s.ledgerDirectory(), "statements"))
	if err != nil || len(files) == 0 {
		t.Fatalf("statement files: %v, %v", files, err)
	}
	name := files[0].Name()
	for _, p := range []*person{casey, s.signIn(t, "mara@acme.test"), s.visitor(t)} {
		for _, path := range []string{
			"/statements/" + name, "/statements/", "/statements", "//statements/" + name, "/./statements/" + name, "/acme/../statements/" + name,
			"/assets/%2e%2e/statements/" + name, "/assets/..%2fstatements/" + name, "/%73tatements/" + name, "/assets/../.berth/ledger/ledger.db",
		} {
			a := p.send(get(path))
			if a.StatusCode < 400 || strings.Contains(a.body, "%PDF") || strings.Contains(a.body, "opening balance") {
				t.Errorf("GET %s as %s = %d, want it refused", path, p.name, a.StatusCode)
			}
		}
	}
}

func TestBalancesAreStreamed(t *testing.T) {
	s := berth(t)
	casey, tom := s.signIn(t, "casey@acme.test"), s.signIn(t, "tom@acme.test")
	before := casey.balance("casey-checking")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/acme/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := casey.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("GET /acme/events = %d", res.StatusCode)
	}
	tom.want(order("/api/acme/accounts/casey-checking/deposits", `{"amount_cents":700}`), 201)
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
	s := berth(t)
	mina := s.signIn(t, "mina@zenith.test")
	mina.want(get("/zenith/audit"), 200)
	base, err := http.NewRequest(http.MethodGet, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for _, c := range mina.client.Jar.Cookies(base.URL) {
		kept = append(kept, c.Name+"="+c.Value)
	}
	out := request{method: "POST", path: "/.berth/sign-out", kind: "application/x-www-form-urlencoded"}
	mina.want(out, 303)
	mina.want(get("/zenith/audit"), 401)
	// The cookie that somebody copied before is of no use either.
	thief := get("/zenith/audit")
	thief.header = map[string]string{"Cookie": strings.Join(kept, "; ")}
	s.visitor(t).want(thief, 401)
}
