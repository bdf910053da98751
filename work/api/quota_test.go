package api_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/work"
)

// of is a submission for a tenant.
func of(tenant, more string) string {
	return fmt.Sprintf(`{"tenant":%q,"document":%s%s}`, tenant, one, more)
}

func TestTenantThatSubmitsTooFastIsToldWhenToComeAgain(t *testing.T) {
	t.Parallel()
	var ahead func(time.Duration)
	f := open(t, func(s *setup) { ahead = clock(s) })
	f.want(http.StatusOK, f.admin, "PUT", "/tenants/acme", `{"quota":{"rate":0.1,"burst":3}}`)
	first := f.want(http.StatusCreated, f.tenant, "POST", "/runs", of("acme", `,"idempotency-key":"k"`))
	var page struct{ Receipts []work.Receipt }
	f.want(http.StatusOK, f.tenant, "POST", "/runs", `{"runs":[`+of("acme", "")+`,`+of("acme", "")+`,`+of("acme", "")+`]}`).json(t, &page)
	for i, r := range page.Receipts {
		if refused := r.Error != nil && r.Error.Status == http.StatusTooManyRequests; refused != (i == 2) {
			t.Errorf("run %d of a batch of which two are within the rate is answered %+v", i, r)
		}
	}
	a := f.want(http.StatusTooManyRequests, f.tenant, "POST", "/runs", of("acme", ""))
	checkProblem(t, "a submission that comes too soon", a, "POST")
	if n, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || n < 1 || n > 10 {
		t.Errorf("Retry-After is %q, want up to 10 seconds", a.header.Get("Retry-After"))
	}
	if !strings.Contains(string(a.body), "0.1 runs a second") {
		t.Errorf("the refusal does not say what the limit is: %s", a.body)
	}
	var was, again work.Receipt
	first.json(t, &was)
	if f.want(http.StatusOK, f.tenant, "POST", "/runs", of("acme", `,"idempotency-key":"k"`)).json(t, &again); again.ID != was.ID {
		t.Errorf("what was submitted before is answered %+v, want %+v", again, was)
	}
	f.want(http.StatusCreated, f.other, "POST", "/runs", of("globex", "")) // it has no part in it
	ahead(10 * time.Second)
	f.want(http.StatusCreated, f.tenant, "POST", "/runs", of("acme", ""))
	f.want(http.StatusTooManyRequests, f.tenant, "POST", "/runs", of("acme", ""))
	f.want(http.StatusForbidden, f.tenant, "PUT", "/tenants/acme", `{}`)
	f.want(http.StatusOK, f.admin, "PUT", "/tenants/acme", `{}`)
	f.want(http.StatusCreated, f.tenant, "POST", "/runs", of("acme", ""))
}

func TestTenantKeepsToItsQuotas(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.want(http.StatusOK, f.admin, "PUT", "/tenants/acme", `{"running":1,"quota":{"queued":2,"payload":400}}`)
	for _, c := range []struct {
		name, body string
		want       int
	}{
		{"the first", of("acme", ""), http.StatusCreated},
		{"too large", of("acme", `,"params":{"x":"`+strings.Repeat("x", 400)+`"}`), http.StatusRequestEntityTooLarge},
		{"another tenant's may be large", of("globex", `,"params":{}`), http.StatusCreated},
		{"the second", of("acme", ""), http.StatusCreated},
		{"the third", of("acme", ""), http.StatusCreated}, // the first runs
		{"one too many", of("acme", ""), http.StatusTooManyRequests},
	} {
		a := f.want(c.want, f.admin, "POST", "/runs", c.body)
		checkProblem(t, c.name, a, "POST")
		if c.want == http.StatusTooManyRequests && a.header.Get("Retry-After") == "" {
			t.Errorf("%s: 429 without Retry-After", c.name)
		}
		if c.name == "the first" {
			f.take() // it runs
		}
	}
	var running struct{ Count int }
	if f.want(http.StatusOK, f.tenant, "GET", "/runs/count?state=running", nil).json(t, &running); running.Count != 1 {
		t.Errorf("%d runs run at once, want 1", running.Count)
	}
	large := `{"tenant":"acme","document":` + one + `,"params":{"x":"` + strings.Repeat("x", 300<<10) + `"}}`
	f.want(http.StatusRequestEntityTooLarge, f.admin, "POST", "/runs", strings.ReplaceAll(large, "acme", "globex"))
	f.want(http.StatusRequestEntityTooLarge, f.admin, "POST", "/runs", strings.Repeat(" ", 9<<20))
}

func TestLimitsOfATenantMakeSense(t *testing.T) {
	t.Parallel()
	f := open(t)
	for body, want := range map[string]int{
		`{"quota":{"rate":1}}`:             200,
		`{"quota":{"rate":0.5,"burst":9}}`: 200,
		`{"quota":{"rate":-1}}`:            422,
		`{"quota":{"rate":1e9}}`:           422,
		`{"quota":{"rate":1e-9}}`:          422,
		`{"quota":{"burst":5}}`:            422,
		`{"quota":{"rate":1,"burst":-1}}`:  422,
		`{"quota":{"rate":"1"}}`:           422,
		`{"quota":{"Rate":1}}`:             422,
	} {
		f.want(want, f.admin, "PUT", "/tenants/acme", body)
	}
}
