package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/examples/ledger/internal/bank"
	"github.com/berth-project/berth/examples/ledger/internal/store"
	"github.com/berth-project/berth/session"
)

func accountsIn(t *testing.T, a answer) []string {
	t.Helper()
	var list struct {
		Accounts []bank.Account `json:"accounts"`
	}
	if err := json.Unmarshal([]byte(a.body), &list); err != nil {
		t.Fatalf("%d %s: %v", a.StatusCode, a.body, err)
	}
	got := []string{}
	for _, account := range list.Accounts {
		got = append(got, account.Tenant+"/"+account.ID)
	}
	return got
}

func TestListsShowWhatTheCallerMaySee(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	for _, tc := range []struct {
		who  *session.Session
		path string
		want []string
	}{
		{casey, "/api/accounts", []string{"acme/casey-1"}},
		{casey, "/api/acme/accounts", []string{"acme/casey-1"}},
		{tom, "/api/acme/accounts", []string{"acme/casey-1", "acme/cody-1", "acme/dana-1"}},
		{mara, "/api/accounts", []string{"acme/casey-1", "acme/cody-1", "acme/dana-1"}},
		{zoe, "/api/accounts", []string{"zenith/zoe-1"}},
		{dana, "/api/accounts", []string{"acme/dana-1", "zenith/zoe-1"}},
		{norole, "/api/accounts", []string{}},
		{norole, "/api/acme/accounts", []string{}},
	} {
		a := l.do(tc.who, get(tc.path))
		if diff := cmp.Diff(tc.want, accountsIn(t, a)); a.StatusCode != http.StatusOK || diff != "" {
			t.Errorf("%s GET %s = %d (-want +got):\n%s", tc.who.User.Email, tc.path, a.StatusCode, diff)
		}
	}
}

// A list of several banks says for each where it goes on.
func TestListsSayWhereTheyGoOn(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	for i := range store.MaxPage {
		if err := l.store.Provision(t.Context(), bank.Account{Tenant: "acme", ID: fmt.Sprintf("many-%03d", i), Name: "Many", Owner: "many@acme.test", OpenedAt: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	var list struct {
		Accounts []bank.Account    `json:"accounts"`
		Next     map[string]string `json:"next_after"`
	}
	if a := l.do(mara, get("/api/accounts")); json.Unmarshal([]byte(a.body), &list) != nil || len(list.Accounts) != store.MaxPage {
		t.Fatalf("GET /api/accounts = %d with %d accounts: %.200s", a.StatusCode, len(list.Accounts), a.body)
	}
	last := list.Accounts[store.MaxPage-1].ID
	if diff := cmp.Diff(map[string]string{"acme": last}, list.Next); diff != "" {
		t.Fatalf("next_after (-want +got):\n%s", diff)
	}
	rest := accountsIn(t, l.do(mara, get("/api/acme/accounts?after="+last)))
	if len(rest) != 3 {
		t.Errorf("after %s there are %q, want the three of %d", last, rest, store.MaxPage+3)
	}
}

// The app alone, without the gateway's rules, refuses what is nobody's business.
func TestAPIRefuses(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	const cash, move = `{"amount_cents": 100}`, `{"from":"casey-1","to":"cody-1","amount_cents":100}`
	put := func(path, body string) request {
		return request{method: http.MethodPut, path: path, body: body, kind: "application/json"}
	}
	for name, tc := range map[string]struct {
		who    *session.Session
		rq     request
		status int
		code   string
	}{
		"visitor lists":                      {nil, get("/api/accounts"), 401, "sign_in_required"},
		"visitor lists a bank":               {nil, get("/api/acme/accounts"), 401, "sign_in_required"},
		"visitor transfers":                  {nil, post("/api/acme/transfers", "k", move), 401, "sign_in_required"},
		"customer of another bank lists":     {zoe, get("/api/acme/accounts"), 403, "not_a_member"},
		"manager of another bank reads":      {mina, get("/api/acme/accounts/casey-1"), 403, "not_a_member"},
		"manager of another bank deposits":   {mina, post("/api/acme/accounts/casey-1/deposits", "k", cash), 403, "not_a_member"},
		"unknown bank":                       {casey, get("/api/nowhere/accounts"), 403, "not_a_member"},
		"account of another bank, own path":  {mina, get("/api/zenith/accounts/casey-1"), 404, "not_found"},
		"money of another bank, own path":    {zoe, post("/api/zenith/transfers", "k", `{"from":"casey-1","to":"zoe-1","amount_cents":1}`), 404, "not_found"},
		"customer reads somebody's":          {casey, get("/api/acme/accounts/cody-1"), 404, "not_found"},
		"customer reads somebody's entries":  {casey, get("/api/acme/accounts/cody-1/entries"), 404, "not_found"},
		"customer spends somebody's":         {cody, post("/api/acme/transfers", "k", move), 404, "not_found"},
		"manager here, customer there":       {dana, post("/api/acme/accounts/dana-1/deposits", "k", cash), 403, "forbidden"},
		"customer deposits":                  {casey, post("/api/acme/accounts/casey-1/deposits", "k", cash), 403, "forbidden"},
		"customer withdraws":                 {casey, post("/api/acme/accounts/casey-1/withdrawals", "k", cash), 403, "forbidden"},
		"customer opens":                     {casey, post("/api/acme/accounts", "k", `{"owner":"casey@acme.test","name":"x"}`), 403, "forbidden"},
		"customer freezes":                   {casey, put("/api/acme/accounts/casey-1/status", `{"status":"frozen"}`), 403, "forbidden"},
		"teller freezes":                     {tom, put("/api/acme/accounts/casey-1/status", `{"status":"frozen"}`), 403, "forbidden"},
		"teller transfers":                   {tom, post("/api/acme/transfers", "k", move), 403, "forbidden"},
		"member without role deposits":       {norole, post("/api/acme/accounts/casey-1/deposits", "k", cash), 403, "forbidden"},
		"customer audits":                    {casey, get("/api/acme/audit"), 403, "forbidden"},
		"teller audits":                      {tom, get("/api/acme/audit"), 403, "forbidden"},
		"manager of another bank audits":     {mina, get("/api/acme/audit"), 403, "not_a_member"},
		"teller prints":                      {tom, get("/api/acme/accounts/casey-1/statement.csv"), 403, "forbidden"},
		"customer prints somebody's":         {casey, get("/api/acme/accounts/cody-1/statement.csv"), 404, "not_found"},
		"PDF without the plan":               {zoe, get("/api/zenith/accounts/zoe-1/statement.pdf"), 403, "forbidden"},
		"month to come":                      {casey, get("/api/acme/accounts/casey-1/statement.csv?month=2999-01"), 422, "invalid"},
		"no month":                           {casey, get("/api/acme/accounts/casey-1/statement.csv?month=../../etc"), 422, "invalid"},
		"deposit into cash":                  {tom, post("/api/acme/accounts/cash/deposits", "k", cash), 422, "invalid"},
		"reading the cash":                   {mara, get("/api/acme/accounts/cash"), 404, "not_found"},
		"no key":                             {casey, post("/api/acme/transfers", "", move), 400, "idempotency_key_required"},
		"key with a space":                   {casey, post("/api/acme/transfers", "a b", move), 400, "idempotency_key_required"},
		"long key":                           {casey, post("/api/acme/transfers", strings.Repeat("k", 129), move), 400, "idempotency_key_required"},
		"negative":                           {casey, post("/api/acme/transfers", "k", `{"from":"casey-1","to":"cody-1","amount_cents":-100}`), 422, "invalid"},
		"zero":                               {tom, post("/api/acme/accounts/casey-1/deposits", "k", `{"amount_cents":0}`), 422, "invalid"},
		"not a number":                       {tom, post("/api/acme/accounts/casey-1/deposits", "k", `{"amount_cents":NaN}`), 400, "malformed"},
		"fraction of a cent":                 {tom, post("/api/acme/accounts/casey-1/deposits", "k", `{"amount_cents":1.5}`), 400, "malformed"},
		"exponent":                           {tom, post("/api/acme/accounts/casey-1/deposits", "k", `{"amount_cents":1e2}`), 400, "malformed"},
		"text for a number":                  {tom, post("/api/acme/accounts/casey-1/deposits", "k", `{"amount_cents":"1"}`), 400, "malformed"},
		"past int64":                         {tom, post("/api/acme/accounts/casey-1/deposits", "k", `{"amount_cents":9223372036854775808}`), 400, "malformed"},
		"too much":                           {tom, post("/api/acme/accounts/casey-1/deposits", "k", `{"amount_cents":9223372036854775807}`), 422, "invalid"},
		"unknown field":                      {tom, post("/api/acme/accounts/casey-1/deposits", "k", `{"amount_cents":1,"type":"gift"}`), 400, "malformed"},
		"two values":                         {tom, post("/api/acme/accounts/casey-1/deposits", "k", cash+cash), 400, "malformed"},
		"no body":                            {tom, post("/api/acme/accounts/casey-1/deposits", "k", ""), 400, "malformed"},
		"large body":                         {tom, post("/api/acme/accounts/casey-1/deposits", "k", `{"memo":"`+strings.Repeat("m", 20<<10)+`"}`), 413, "too_large"},
		"form instead of JSON":               {tom, request{method: http.MethodPost, path: "/api/acme/accounts/casey-1/deposits", body: "amount_cents=1", kind: "application/x-www-form-urlencoded", key: "k"}, 415, "unsupported_media_type"},
		"more than there is":                 {casey, post("/api/acme/transfers", "k", `{"from":"casey-1","to":"cody-1","amount_cents":10001}`), 422, "insufficient_funds"},
		"receiver that is not there":         {casey, post("/api/acme/transfers", "k", `{"from":"casey-1","to":"nobody-1","amount_cents":1}`), 404, "not_found"},
		"receiver in another bank":           {casey, post("/api/acme/transfers", "k", `{"from":"casey-1","to":"zoe-1","amount_cents":1}`), 404, "not_found"},
		"closing with money in it":           {mara, put("/api/acme/accounts/casey-1/status", `{"status":"closed"}`), 409, "conflict"},
		"unknown page":                       {casey, get("/api/acme/secrets"), 404, "not_found"},
		"method that is not there":           {casey, request{method: http.MethodDelete, path: "/api/acme/accounts/casey-1"}, 404, "not_found"},
		"page that is no number":             {casey, get("/api/acme/accounts/casey-1/entries?before=-1"), 422, "invalid"},
		"page that is too long":              {casey, get("/api/acme/accounts/casey-1/entries?limit=100000"), 422, "invalid"},
		"cross-site form with the API's key": {casey, request{method: http.MethodPost, path: "/api/acme/transfers", body: move, kind: "application/json", key: "k", header: http.Header{"Sec-Fetch-Site": {"cross-site"}}}, 403, "cross_site"},
	} {
		if tc.rq.key == "k" {
			tc.rq.key = strings.ReplaceAll(name, " ", "-") // keys of one caller must differ
		}
		a := l.do(tc.who, tc.rq)
		l.want(name, a, tc.status, tc.code)
		if strings.Contains(a.body, "Go struct") || strings.Contains(a.body, "bank.Amount") {
			t.Errorf("%s: the answer names types of the program: %s", name, a.body)
		}
	}
	for _, id := range []string{"casey-1", "cody-1", "dana-1"} {
		if got := l.balance("acme", id); got != 100_00 {
			t.Errorf("after all that was refused %s has %d, want 10000", id, got)
		}
	}
	if n := len(l.files()); n != 0 {
		t.Errorf("refused statements left %d files", n)
	}
	if l.log.Len() > 0 {
		t.Errorf("refusals were logged as failures: %s", l.log)
	}
}

func TestTrustsNothingButTheAssertion(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	stranger := &ledger{t: t, signer: newSigner(t)}
	other, _, err := l.signer.Sign(casey, "another-app", "")
	if err != nil {
		t.Fatal(err)
	}
	good := l.assertion(casey)
	for name, tokens := range map[string][]string{
		"none":              nil,
		"empty":             {""},
		"for another app":   {other},
		"of unknown keys":   {stranger.assertion(mara)},
		"tampered":          {good[:len(good)-4] + "AAAA"},
		"two":               {good, good},
		"cut":               {good[:strings.LastIndex(good, ".")+1]},
		"with an unsigned":  {"eyJhbGciOiJub25lIn0." + strings.Split(good, ".")[1] + "."},
		"with other claims": {strings.Split(good, ".")[0] + "." + strings.Split(l.assertion(mara), ".")[1] + "." + strings.Split(good, ".")[2]},
	} {
		for _, path := range []string{"/api/accounts", "/acme/", "/"} {
			r := l.prepare(get(path))
			r.Header.Set("X-Forwarded-User", "mara@acme.test")
			r.Header.Set("Cookie", "berth=mara")
			r.Header[session.AssertionHeader] = tokens
			if a := l.send(r); a.StatusCode != http.StatusUnauthorized {
				t.Errorf("assertion %s: GET %s = %d, want 401", name, path, a.StatusCode)
			}
		}
	}
}

func TestMoneyMovesThroughTheAPI(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	opened := l.do(tom, post("/api/acme/accounts", "o", `{"owner":"casey@acme.test","name":"Holiday"}`))
	l.want("open", opened, 201, "")
	var account bank.Account
	if err := json.Unmarshal([]byte(opened.body), &account); err != nil {
		t.Fatal(err)
	}
	path := "/api/acme/accounts/" + account.ID
	if opened.Header.Get("Location") != path {
		t.Errorf("Location = %q, want %q", opened.Header.Get("Location"), path)
	}
	l.want("deposit", l.do(tom, post(path+"/deposits", "d", `{"amount_cents":5000,"memo":"birthday"}`)), 201, "")
	l.want("withdraw", l.do(mara, post(path+"/withdrawals", "w", `{"amount_cents":500}`)), 201, "")
	l.want("transfer", l.do(casey, post("/api/acme/transfers", "t", fmt.Sprintf(`{"from":%q,"to":"cody-1","amount_cents":1000}`, account.ID))), 201, "")
	if got, want := l.balance("acme", account.ID), bank.Amount(3500); got != want {
		t.Errorf("balance = %d, want %d", got, want)
	}
	entries := l.do(casey, get(path+"/entries?limit=2"))
	var list struct {
		Entries []bank.Entry `json:"entries"`
		Next    int64        `json:"next_before"`
	}
	if err := json.Unmarshal([]byte(entries.body), &list); err != nil || len(list.Entries) != 2 || list.Next != 2 {
		t.Errorf("entries = %s, %v, want two and that the rest is before 2", entries.body, err)
	}
	l.want("freeze", l.do(mara, request{method: http.MethodPut, path: path + "/status", body: `{"status":"frozen"}`, kind: "application/json"}), 200, "")
	l.want("deposit when frozen", l.do(tom, post(path+"/deposits", "d2", `{"amount_cents":1}`)), 409, "account_not_open")
	trail := l.do(mara, get("/api/acme/audit"))
	for _, want := range []string{`"set status"`, `"transfer"`, `"withdrawal"`, `"open account"`, "casey@acme.test"} {
		if !strings.Contains(trail.body, want) {
			t.Errorf("audit trail lacks %s: %s", want, trail.body)
		}
	}
}

func TestSameKeyGivesTheSameAnswer(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	const body = `{"from":"casey-1","to":"cody-1","amount_cents":100}`
	answers := make([]answer, 12)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = l.do(casey, post("/api/acme/transfers", "same", body)) })
	}
	wg.Wait()
	fresh := 0
	for _, a := range answers {
		l.want("transfer", a, 201, "")
		if a.body != answers[0].body {
			t.Errorf("two answers to one key: %s and %s", answers[0].body, a.body)
		}
		if a.Header.Get("Idempotent-Replayed") == "" {
			fresh++
		}
	}
	if fresh != 1 || l.balance("acme", "cody-1") != 101_00 {
		t.Errorf("%d executions, cody has %d, want one and 10100", fresh, l.balance("acme", "cody-1"))
	}
	l.want("another body", l.do(casey, post("/api/acme/transfers", "same", `{"from":"casey-1","to":"cody-1","amount_cents":101}`)), 422, "idempotency_key_reused")
	const much = `{"from":"casey-1","to":"cody-1","amount_cents":999900}`
	first, again := l.do(casey, post("/api/acme/transfers", "much", much)), l.do(casey, post("/api/acme/transfers", "much", much))
	l.want("refusal", first, 422, "insufficient_funds")
	if again.StatusCode != first.StatusCode || again.body != first.body || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("refusal again = %d %s, want %d %s replayed", again.StatusCode, again.body, first.StatusCode, first.body)
	}
}

func TestFailuresTellNothingOfTheInside(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	if err := l.store.Close(); err != nil {
		t.Fatal(err)
	}
	rq := get("/api/accounts")
	rq.header = http.Header{"X-Request-Id": {"r-17"}}
	a := l.do(casey, rq)
	l.want("closed database", a, 500, "internal")
	if strings.Contains(a.body, "sql") || !strings.Contains(a.body, "r-17") {
		t.Errorf("body = %s, want the request's id and nothing of the database", a.body)
	}
	if !strings.Contains(l.log.String(), "sql: database is closed") || !strings.Contains(l.log.String(), "r-17") {
		t.Errorf("log = %s, want the reason", l.log)
	}
	if h := l.do(nil, get("/healthz")); h.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("GET /healthz = %d, want 503", h.StatusCode)
	}
}
