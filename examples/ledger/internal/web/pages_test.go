package web_test

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/session"
)

func TestPagesShowWhatTheCallerMayDo(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	for _, tc := range []struct {
		who        *session.Session
		path       string
		status     int
		want, lack []string
	}{
		{nil, "/", 200, []string{"/.berth/sign-in?next=/"}, []string{"Sign out"}},
		{casey, "/", 200, []string{`href="/acme/"`, "/.berth/sign-out"}, []string{"zenith"}},
		{dana, "/", 200, []string{`href="/acme/"`, `href="/zenith/"`}, nil},
		{nil, "/acme/", 401, []string{"/.berth/sign-in?next=%2facme%2f"}, []string{"casey-1"}},
		{casey, "/acme/", 200, []string{"casey-1", "100.00"}, []string{"cody-1", "Open an account", "Audit"}},
		{tom, "/acme/", 200, []string{"casey-1", "cody-1", "Open an account"}, []string{"Audit"}},
		{mara, "/acme/", 200, []string{`href="/acme/audit"`}, nil},
		{zoe, "/acme/", 403, []string{"do not belong"}, []string{"casey-1"}},
		{casey, "/acme/accounts/casey-1", 200, []string{`id="transfer"`, "statement.pdf"}, []string{`id="deposit"`, `value="frozen"`}},
		{casey, "/acme/accounts/cody-1", 404, []string{"no such account"}, []string{"100.00"}},
		{tom, "/acme/accounts/casey-1", 200, []string{`id="deposit"`, `id="withdraw"`}, []string{`id="transfer"`, `id="statement"`, `value="frozen"`}},
		{mara, "/acme/accounts/casey-1", 200, []string{`value="frozen"`, `id="statement"`}, []string{`id="transfer"`}},
		{zoe, "/zenith/accounts/zoe-1", 200, []string{"statement.csv"}, []string{"statement.pdf"}},
		{casey, "/acme/audit", 403, nil, []string{"deposit"}},
		{tom, "/acme/audit", 403, nil, []string{"deposit"}},
		{mina, "/acme/audit", 403, nil, []string{"deposit"}},
		{mara, "/acme/audit", 200, []string{"deposit", "casey-1"}, []string{"zoe-1"}},
		{casey, "/beta/cash-flow", 200, []string{"100.00"}, nil},
		{casey, "/acme/nothing", 404, nil, nil},
		{casey, "/assets/style.css", 200, []string{"body{}"}, nil},
		{casey, "/acme", 200, []string{"casey-1"}, nil},
	} {
		name := tc.path + " as a visitor"
		if tc.who != nil {
			name = tc.path + " as " + tc.who.User.Email
		}
		a := l.do(tc.who, get(tc.path))
		if a.StatusCode == http.StatusTemporaryRedirect || a.StatusCode == http.StatusMovedPermanently {
			a = l.do(tc.who, get(a.Header.Get("Location")))
		}
		if a.StatusCode != tc.status {
			t.Errorf("%s = %d, want %d", name, a.StatusCode, tc.status)
		}
		for _, want := range tc.want {
			if !strings.Contains(a.body, want) {
				t.Errorf("%s does not show %q:\n%s", name, want, a.body)
			}
		}
		for _, lack := range tc.lack {
			if strings.Contains(a.body, lack) {
				t.Errorf("%s shows %q", name, lack)
			}
		}
		if csp := a.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || a.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s has Content-Security-Policy %q", name, csp)
		}
	}
}

func TestPagesEscapeWhatPeopleWrote(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	const memo = `<script>alert(1)</script>"'`
	form := url.Values{"key": {"k1"}, "to": {"cody-1"}, "amount": {"1.00"}, "memo": {memo}}
	if a := l.do(casey, formPost("/acme/accounts/casey-1/transfers", form.Encode())); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("transfer = %d %s", a.StatusCode, a.body)
	}
	a := l.do(casey, get("/acme/accounts/casey-1"))
	if strings.Contains(a.body, "<script>alert") || strings.Contains(a.body, "Checking <b>") || !strings.Contains(a.body, "&lt;script&gt;alert") {
		t.Errorf("the page does not escape the memo or the name:\n%s", a.body)
	}
	for _, inline := range []string{" style=", " onclick=", "<style", "javascript:"} {
		if strings.Contains(a.body, inline) {
			t.Errorf("the page has %q, which its policy forbids", inline)
		}
	}
}

var formKey = regexp.MustCompile(`name="key" value="([A-Z0-9]{26})"`)

func TestAFormSentTwiceCountsOnce(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	page := l.do(casey, get("/acme/accounts/casey-1"))
	key := formKey.FindStringSubmatch(page.body)
	if key == nil {
		t.Fatalf("no token in the form:\n%s", page.body)
	}
	form := url.Values{"key": {key[1]}, "to": {" CODY-1 "}, "amount": {"2.50"}}.Encode()
	for range 2 {
		a := l.do(casey, formPost("/acme/accounts/casey-1/transfers", form))
		if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/acme/accounts/casey-1?done=transfer" {
			t.Errorf("transfer = %d to %q, want 303 to the account", a.StatusCode, a.Header.Get("Location"))
		}
	}
	if got := l.balance("acme", "cody-1"); got != 102_50 {
		t.Errorf("cody has %d, want 10250", got)
	}
}

func TestFormsRefuse(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	cross := formPost("/acme/accounts/casey-1/transfers", "key=x&to=cody-1&amount=1")
	cross.header = http.Header{"Sec-Fetch-Site": {"cross-site"}}
	foreign := formPost("/acme/accounts/casey-1/transfers", "key=x&to=cody-1&amount=1")
	foreign.header = http.Header{"Origin": {"https://evil.test"}}
	for name, tc := range map[string]struct {
		who    *session.Session
		rq     request
		status int
	}{
		"from another site":          {casey, cross, 403},
		"from another origin":        {casey, foreign, 403},
		"without a token":            {casey, formPost("/acme/accounts/casey-1/transfers", "to=cody-1&amount=1"), 400},
		"negative":                   {casey, formPost("/acme/accounts/casey-1/transfers", "key=a&to=cody-1&amount=-1"), 422},
		"not a number":               {casey, formPost("/acme/accounts/casey-1/transfers", "key=b&to=cody-1&amount=nan"), 422},
		"more than there is":         {casey, formPost("/acme/accounts/casey-1/transfers", "key=c&to=cody-1&amount=100.01"), 422},
		"to nobody":                  {casey, formPost("/acme/accounts/casey-1/transfers", "key=d&to=nobody&amount=1"), 404},
		"somebody's money":           {cody, formPost("/acme/accounts/casey-1/transfers", "key=e&to=cody-1&amount=1"), 404},
		"customer depositing":        {casey, formPost("/acme/accounts/casey-1/deposits", "key=f&amount=1"), 403},
		"teller freezing":            {tom, formPost("/acme/accounts/casey-1/status", "key=g&status=frozen"), 403},
		"manager of another bank":    {mina, formPost("/acme/accounts/casey-1/status", "key=h&status=frozen"), 403},
		"customer opening":           {casey, formPost("/acme/accounts", "key=i&owner=casey@acme.test&name=x"), 403},
		"owner that is no address":   {tom, formPost("/acme/accounts", "key=j&owner=casey&name=x"), 422},
		"large":                      {casey, formPost("/acme/accounts/casey-1/transfers", "key=k&memo="+strings.Repeat("m", 20<<10)), 413},
		"badly encoded":              {casey, formPost("/acme/accounts/casey-1/transfers", "key=%zz"), 400},
		"fields in the query string": {casey, formPost("/acme/accounts/casey-1/transfers?key=l&to=cody-1&amount=1", ""), 400},
		"visitor":                    {nil, formPost("/acme/accounts/casey-1/transfers", "key=m&to=cody-1&amount=1"), 401},
	} {
		if a := l.do(tc.who, tc.rq); a.StatusCode != tc.status {
			t.Errorf("%s = %d, want %d: %.200s", name, a.StatusCode, tc.status, a.body)
		}
	}
	if got := l.balance("acme", "casey-1"); got != 100_00 {
		t.Errorf("after all that was refused casey has %d, want 10000", got)
	}
}

func TestTellersAndManagersUseTheForms(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	see := func(name string, a answer, where string) {
		t.Helper()
		if a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), where) {
			t.Errorf("%s = %d to %q, want 303 to %s…: %.200s", name, a.StatusCode, a.Header.Get("Location"), where, a.body)
		}
	}
	see("open", l.do(tom, formPost("/acme/accounts", "key=a&owner=casey@acme.test&name=Car")), "/acme/accounts/")
	see("deposit", l.do(tom, formPost("/acme/accounts/casey-1/deposits", "key=b&amount=5")), "/acme/accounts/casey-1?done=deposit")
	see("withdraw", l.do(mara, formPost("/acme/accounts/casey-1/withdrawals", "key=c&amount=1.50")), "/acme/accounts/casey-1?done=withdrawal")
	see("freeze", l.do(mara, formPost("/acme/accounts/casey-1/status", "key=d&status=frozen")), "/acme/accounts/casey-1?done=status")
	page := l.do(casey, get("/acme/accounts/casey-1?done=status"))
	if l.balance("acme", "casey-1") != 103_50 || !strings.Contains(page.body, "103.50") || strings.Contains(page.body, `id="transfer"`) {
		t.Errorf("the page of a frozen account:\n%s", page.body)
	}
}

func TestStatementIsHandedToTheGateway(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	for path, kind := range map[string]string{
		"/acme/accounts/casey-1/statement.pdf":     "application/pdf",
		"/api/acme/accounts/casey-1/statement.csv": "text/csv; charset=utf-8; header=present",
	} {
		a := l.do(casey, get(path))
		where := a.Header.Get("X-Accel-Redirect")
		name, ok := strings.CutPrefix(where, "/statements/")
		if a.StatusCode != http.StatusOK || !ok || a.body != "" || a.Header.Get("Content-Type") != kind {
			t.Fatalf("GET %s = %d, X-Accel-Redirect %q, Content-Type %q, body %q", path, a.StatusCode, where, a.Header.Get("Content-Type"), a.body)
		}
		if !regexp.MustCompile(`^attachment; filename="acme-casey-1-\d{4}-\d\d\.(pdf|csv)"$`).MatchString(a.Header.Get("Content-Disposition")) {
			t.Errorf("Content-Disposition = %q", a.Header.Get("Content-Disposition"))
		}
		if info, err := os.Stat(filepath.Join(l.shelf.Directory, name)); err != nil || info.Size() == 0 {
			t.Errorf("the named file: %v, %v", info, err)
		}
	}
	if a := l.do(mara, get("/acme/accounts/casey-1/statement.csv")); a.StatusCode != http.StatusOK {
		t.Errorf("manager's statement = %d, want 200", a.StatusCode)
	}
	if a := l.do(casey, get("/statements/"+l.files()[0].Name())); a.StatusCode != http.StatusNotFound {
		t.Errorf("the file straight from the app = %d, want 404", a.StatusCode)
	}
}

// openStream opens the event stream of a bank and returns its lines.
func (l *ledger) openStream(who *session.Session, path string) (*http.Response, *bufio.Scanner) {
	l.t.Helper()
	r := l.prepare(get(path))
	r.Header.Set(session.AssertionHeader, l.assertion(who))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { _ = res.Body.Close() })
	return res, bufio.NewScanner(res.Body)
}

// nextEvent returns the data of the next event, "" at the end of the stream.
func nextEvent(lines *bufio.Scanner) string {
	for lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			return data
		}
	}
	return ""
}

func TestEventsTellOfBalances(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	res, lines := l.openStream(casey, "/acme/events")
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("GET /acme/events = %d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	if got := nextEvent(lines); !strings.Contains(got, `"account":"casey-1"`) || !strings.Contains(got, `"balance":"100.00"`) {
		t.Fatalf("first event = %s", got)
	}
	// Cody's own money is not Casey's business; what Casey gets is.
	for key, rq := range map[string]string{"a": `{"from":"cody-1","to":"dana-1","amount_cents":5}`} {
		l.want("transfer among others", l.do(cody, post("/api/acme/transfers", key, rq)), 201, "")
	}
	l.want("transfer to casey", l.do(cody, post("/api/acme/transfers", "b", `{"from":"cody-1","to":"casey-1","amount_cents":250}`)), 201, "")
	if got := nextEvent(lines); !strings.Contains(got, `"account":"casey-1"`) || !strings.Contains(got, `"balance":"102.50"`) {
		t.Errorf("event = %s, want casey's 102.50", got)
	}
	close(l.stop)
	if got := nextEvent(lines); got != "" || lines.Err() != nil {
		t.Errorf("after the end: %q, %v, want the stream closed", got, lines.Err())
	}
}

func TestEventsRefuse(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	for who, status := range map[*session.Session]int{nil: 401, zoe: 403} {
		if res, _ := l.openStream(who, "/acme/events"); res.StatusCode != status {
			t.Errorf("GET /acme/events = %d, want %d", res.StatusCode, status)
		}
	}
	for range 2 {
		_, lines := l.openStream(casey, "/acme/events")
		nextEvent(lines)
	}
	if res, _ := l.openStream(casey, "/acme/events"); res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a third stream of two = %d, want 503", res.StatusCode)
	}
}

// deadlines is a response writer that keeps the deadlines a handler sets.
type deadlines struct {
	*httptest.ResponseRecorder
	read, write []time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error {
	d.read = append(d.read, at)
	return nil
}

func (d *deadlines) SetWriteDeadline(at time.Time) error {
	d.write = append(d.write, at)
	return nil
}

// A server bounds how long a request is read and an answer written. A stream
// lasts longer than either, but each of its events is still bounded.
func TestEventsSetTheirOwnDeadlines(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	close(l.stop) // it ends after the first look at the accounts
	r := l.prepare(get("/acme/events"))
	r.Header.Set(session.AssertionHeader, l.assertion(casey))
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	l.Config.Handler.ServeHTTP(w, r)
	if !strings.Contains(w.Body.String(), "casey-1") {
		t.Fatalf("the stream says %q", w.Body)
	}
	if len(w.read) != 1 || !w.read[0].IsZero() {
		t.Errorf("read deadlines = %v, want it lifted once", w.read)
	}
	if len(w.write) < 2 || slices.ContainsFunc(w.write, time.Time.IsZero) {
		t.Errorf("write deadlines = %v, want one for each event", w.write)
	}
}
