package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/api"
	workhttp "github.com/berth-project/berth/work/http"
)

// callers are the kinds of callers, in the order of the statuses of a case.
var callers = []string{"admin", "tenant", "reader", "other", "worker", "none", "expired", "revoked"}

// access is what each kind of caller gets from a route.
type access struct {
	op     string // operationId
	method string
	// path may be made anew for each caller, so that one's success is not
	// another's conflict.
	path func(*fixture) string
	body func(*fixture) any
	// want has a status for each of callers; those of none, expired and
	// revoked may be left out: then they are 401.
	want []int
}

func at(path string) func(*fixture) string { return func(*fixture) string { return path } }

func send(body any) func(*fixture) any { return func(*fixture) any { return body } }

// ofRun is a path below a run of acme's that waits.
func ofRun(path string) func(*fixture) string {
	return func(f *fixture) string { return "/runs/" + f.submit(one) + path }
}

// ofHeld is a path below a run of acme's that is held.
func ofHeld(path string) func(*fixture) string {
	return func(f *fixture) string { return "/runs/" + f.submit(one, `"hold":true`) + path }
}

func ofFinal(path string) func(*fixture) string {
	return func(f *fixture) string {
		return "/runs/" + f.done(quick) + path
	}
}

func ofFailed(path string) func(*fixture) string {
	return func(f *fixture) string {
		return "/runs/" + f.done(`{"name":"bad","steps":[{"name":"a","run":"fail"}]}`) + path
	}
}

// setting makes a setting of acme's, or of nobody's, and gives a path below it.
func setting(kind, body, path string) func(*fixture) string {
	return func(f *fixture) string {
		name := fmt.Sprintf("s%d", time.Now().UnixNano())
		f.want(http.StatusOK, f.admin, "PUT", "/"+kind+"/"+name, body)
		return "/" + kind + "/" + name + path
	}
}

// fresh is a path to a setting that does not exist.
func fresh(kind string) func(*fixture) string {
	return func(*fixture) string { return fmt.Sprintf("/%s/n%d", kind, time.Now().UnixNano()) }
}

const (
	schedule     = `{"cron":"0 0 1 1 *","run":{"tenant":"acme","document":` + one + `}}`
	subscription = `{"tenant":"acme","to":"https://example.org/hook"}`
	trigger      = `{"kind":"webhook","secret":"hook","run":{"tenant":"acme","document":` + one + `}}`
	operatorsSub = `{"to":"https://example.org/hook"}`
)

// ofTask is a path with the token of an attempt that is under way.
func ofTask(path string) func(*fixture) string {
	return func(f *fixture) string { return strings.Replace(path, "TOKEN", f.token(), 1) }
}

// token gives the token of an attempt that is under way.
func (f *fixture) token() string {
	f.t.Helper()
	f.submit(one)
	tasks := f.poll(1).Tasks
	if len(tasks) != 1 {
		f.t.Fatalf("got %d tasks, want 1", len(tasks))
	}
	return workhttp.SignToken(taskKey, workhttp.RefOf(tasks[0]), time.Now().Add(time.Hour))
}

func accessTable() []access {
	doc := func(name string) string { return strings.Replace(one, `"one"`, `"`+name+`"`, 1) }
	open := []int{200, 200, 200, 200, 200, 200, 200, 200}
	return []access{
		{op: "submit", method: "POST", path: at("/runs"), body: send(`{"tenant":"acme","document":` + one + `}`), want: []int{201, 201, 403, 403, 403}},
		{op: "planRun", method: "POST", path: at("/runs/plan"), body: send(`{"tenant":"acme","document":` + one + `}`), want: []int{200, 200, 403, 403, 403}},
		{op: "listRuns", method: "GET", path: at("/runs"), want: []int{200, 200, 200, 200, 200}},
		{op: "countRuns", method: "GET", path: at("/runs/count"), want: []int{200, 200, 200, 200, 200}},
		{op: "getRun", method: "GET", path: ofRun(""), want: []int{200, 200, 200, 404, 404}},
		{op: "runHistory", method: "GET", path: ofRun("/history"), want: []int{200, 200, 200, 404, 404}},
		{op: "explainRun", method: "GET", path: ofRun("/explain"), want: []int{200, 200, 200, 404, 404}},
		{op: "runLogs", method: "GET", path: ofRun("/logs"), want: []int{200, 200, 200, 404, 404}},
		{op: "stepOutput", method: "GET", path: ofFinal("/steps/a/output"), want: []int{200, 200, 200, 404, 404}},
		{op: "watchRun", method: "GET", path: ofFinal("/watch"), want: []int{200, 200, 200, 404, 404}},
		{op: "watch", method: "HEAD", path: at("/watch"), want: []int{200, 200, 200, 200, 403}},

		{op: "cancelRun", method: "POST", path: ofRun("/cancel"), want: []int{200, 200, 403, 404, 404}},
		{op: "pauseRun", method: "POST", path: ofRun("/pause"), want: []int{200, 200, 403, 404, 404}},
		{op: "resumeRun", method: "POST", path: func(f *fixture) string {
			id := f.submit(one)
			f.want(200, f.admin, "POST", "/runs/"+id+"/pause", nil)
			return "/runs/" + id + "/resume"
		}, want: []int{200, 200, 403, 404, 404}},
		{op: "releaseRun", method: "POST", path: ofHeld("/release"), want: []int{200, 200, 403, 404, 404}},
		{op: "retryRun", method: "POST", path: ofFailed("/retry"), want: []int{200, 200, 403, 404, 404}},
		{op: "resetRun", method: "POST", path: ofFinal("/reset"), want: []int{200, 200, 403, 404, 404}},
		{op: "skipRun", method: "POST", path: ofRun("/skip"), body: send(`{"steps":["a"]}`), want: []int{200, 200, 403, 404, 404}},
		{op: "signalRun", method: "POST", path: ofRun("/signal"), body: send(`{"signal":{"name":"go"}}`), want: []int{200, 200, 403, 404, 404}},
		{op: "stepsRun", method: "POST", path: ofRun("/steps"), body: send(`{"add":[{"name":"b","run":"work"}]}`), want: []int{200, 200, 403, 404, 404}},
		{op: "moveRun", method: "POST", path: ofHeld("/move"), body: send(`{"priority":1}`), want: []int{200, 200, 403, 404, 404}},
		{op: "deleteRun", method: "DELETE", path: ofFinal(""), want: []int{200, 200, 403, 404, 404}},

		{op: "listWorkflows", method: "GET", path: at("/workflows"), want: []int{200, 200, 200, 200, 200}},
		{op: "defineWorkflow", method: "POST", path: at("/workflows?tenant=acme"), body: send(doc("ours")), want: []int{201, 201, 403, 403, 403}},
		{op: "defineWorkflow", method: "POST", path: at("/workflows"), body: send(doc("shared")), want: []int{201, 403, 403, 403, 403}},
		{op: "checkWorkflow", method: "POST", path: at("/workflows/check"), body: send(one), want: []int{200, 200, 200, 200, 403}},
		{op: "getWorkflow", method: "GET", path: at("/workflows/ours"), want: []int{200, 200, 200, 404, 404}},
		{op: "getWorkflow", method: "GET", path: at("/workflows/shared"), want: []int{200, 200, 200, 200, 404}},
		{op: "workflowVersions", method: "GET", path: at("/workflows/ours/versions"), want: []int{200, 200, 200, 404, 404}},

		{op: "listQueues", method: "GET", path: at("/queues"), want: []int{200, 200, 200, 200, 200}},
		{op: "getQueue", method: "GET", path: setting("queues", `{}`, ""), want: []int{200, 200, 200, 200, 404}},
		{op: "getQueue", method: "GET", path: setting("queues", `{"tenants":["acme"]}`, ""), want: []int{200, 200, 200, 404, 404}},
		{op: "putQueue", method: "PUT", path: fresh("queues"), body: send(`{}`), want: []int{200, 403, 403, 403, 403}},
		{op: "deleteQueue", method: "DELETE", path: setting("queues", `{}`, ""), want: []int{200, 403, 403, 403, 404}},
		{op: "pauseQueue", method: "POST", path: setting("queues", `{}`, "/pause"), want: []int{200, 403, 403, 403, 403}},
		{op: "drainQueue", method: "POST", path: setting("queues", `{}`, "/drain"), want: []int{200, 403, 403, 403, 403}},
		{op: "resumeQueue", method: "POST", path: setting("queues", `{}`, "/resume"), want: []int{200, 403, 403, 403, 403}},

		{op: "listPools", method: "GET", path: at("/pools"), want: []int{200, 403, 403, 403, 200}},
		{op: "getPool", method: "GET", path: setting("pools", `{}`, ""), want: []int{200, 404, 404, 404, 404}},
		{op: "putPool", method: "PUT", path: fresh("pools"), body: send(`{}`), want: []int{200, 403, 403, 403, 403}},
		{op: "deletePool", method: "DELETE", path: setting("pools", `{}`, ""), want: []int{200, 404, 404, 404, 404}},
		{op: "pausePool", method: "POST", path: setting("pools", `{}`, "/pause"), want: []int{200, 403, 403, 403, 403}},
		{op: "drainPool", method: "POST", path: setting("pools", `{}`, "/drain"), want: []int{200, 403, 403, 403, 403}},
		{op: "resumePool", method: "POST", path: setting("pools", `{}`, "/resume"), want: []int{200, 403, 403, 403, 403}},
		{op: "poll", method: "POST", path: at("/pools/default/poll"), body: send(`{"worker":"w","max":0}`), want: []int{200, 403, 403, 403, 200}},
		{op: "poll", method: "POST", path: at("/pools/another/poll"), body: send(`{"worker":"w","max":0}`), want: []int{200, 403, 403, 403, 403}},
		{op: "report", method: "POST", path: at("/pools/default/report"), body: send(`{}`), want: []int{200, 403, 403, 403, 200}},
		{op: "report", method: "POST", path: at("/pools/another/report"), body: send(`{}`), want: []int{200, 403, 403, 403, 403}},

		{op: "listTenants", method: "GET", path: at("/tenants"), want: []int{200, 200, 200, 200, 200}},
		{op: "getTenant", method: "GET", path: func(f *fixture) string {
			f.want(200, f.admin, "PUT", "/tenants/acme", `{"weight":2}`)
			return "/tenants/acme"
		}, want: []int{200, 200, 200, 404, 404}},
		{op: "putTenant", method: "PUT", path: at("/tenants/acme"), body: send(`{}`), want: []int{200, 403, 403, 403, 403}},
		{op: "suspendTenant", method: "POST", path: setting("tenants", `{}`, "/suspend"), want: []int{200, 403, 403, 403, 403}},
		{op: "resumeTenant", method: "POST", path: setting("tenants", `{}`, "/resume"), want: []int{200, 403, 403, 403, 403}},
		{op: "deleteTenant", method: "DELETE", path: setting("tenants", `{}`, ""), want: []int{200, 404, 404, 404, 404}},

		{op: "listSchedules", method: "GET", path: at("/schedules"), want: []int{200, 200, 200, 200, 200}},
		{op: "getSchedule", method: "GET", path: setting("schedules", schedule, ""), want: []int{200, 200, 200, 404, 404}},
		{op: "putSchedule", method: "PUT", path: fresh("schedules"), body: send(schedule), want: []int{200, 200, 403, 403, 403}},
		{op: "putSchedule", method: "PUT", path: setting("schedules", schedule, ""), body: send(strings.ReplaceAll(schedule, "acme", "globex")), want: []int{200, 403, 403, 409, 403}},
		{op: "deleteSchedule", method: "DELETE", path: setting("schedules", schedule, ""), want: []int{200, 200, 403, 404, 404}},
		{op: "runSchedule", method: "POST", path: setting("schedules", schedule, "/run"), want: []int{201, 201, 404, 404, 404}},

		{op: "listSubscriptions", method: "GET", path: at("/subscriptions"), want: []int{200, 200, 200, 200, 200}},
		{op: "getSubscription", method: "GET", path: setting("subscriptions", subscription, ""), want: []int{200, 200, 200, 404, 404}},
		{op: "getSubscription", method: "GET", path: setting("subscriptions", operatorsSub, ""), want: []int{200, 404, 404, 404, 404}},
		{op: "putSubscription", method: "PUT", path: fresh("subscriptions"), body: send(subscription), want: []int{200, 200, 403, 403, 403}},
		{op: "putSubscription", method: "PUT", path: fresh("subscriptions"), body: send(operatorsSub), want: []int{200, 403, 403, 403, 403}},
		{op: "deleteSubscription", method: "DELETE", path: setting("subscriptions", subscription, ""), want: []int{200, 200, 403, 404, 404}},

		{op: "listTriggers", method: "GET", path: at("/triggers"), want: []int{200, 200, 200, 200, 200}},
		{op: "getTrigger", method: "GET", path: setting("triggers", trigger, ""), want: []int{200, 200, 200, 404, 404}},
		{op: "putTrigger", method: "PUT", path: fresh("triggers"), body: send(trigger), want: []int{200, 200, 403, 403, 403}},
		{op: "deleteTrigger", method: "DELETE", path: setting("triggers", trigger, ""), want: []int{200, 200, 403, 404, 404}},

		{op: "fireTrigger", method: "POST", path: at("/triggers/none/fire"), want: []int{401, 401, 401, 401, 401}},

		{op: "deadEvents", method: "GET", path: at("/events/dead"), want: []int{200, 200, 200, 200, 403}},
		{op: "replayEvent", method: "POST", path: at("/events/12345/replay"), want: []int{404, 404, 403, 404, 403}},
		{op: "replayEvent", method: "POST", path: at("/events/all/replay"), want: []int{200, 200, 403, 200, 403}},
		{op: "dropEvent", method: "DELETE", path: at("/events/12345"), want: []int{404, 404, 403, 404, 403}},

		{op: "callback", method: "POST", path: ofTask("/callbacks/TOKEN"), want: open},
		{op: "callback", method: "POST", path: at("/callbacks/forged"), want: []int{401, 401, 401, 401, 401}},
		{op: "callbackWithBearer", method: "POST", path: at("/callbacks"), want: []int{401, 401, 401, 401, 401}},
		{op: "taskResult", method: "POST", path: ofTask("/tasks/TOKEN/result"), want: open},
		{op: "taskResultWithBearer", method: "POST", path: at("/tasks/result"), want: []int{401, 401, 401, 401, 401}},
		{op: "taskProgress", method: "POST", path: ofTask("/tasks/TOKEN/progress"), body: send(`{"percent":50}`), want: open},
		{op: "taskProgressWithBearer", method: "POST", path: at("/tasks/progress"), want: []int{401, 401, 401, 401, 401}},
		{op: "taskLog", method: "POST", path: ofTask("/tasks/TOKEN/log"), body: send("a line\n"), want: open},
		{op: "taskLogWithBearer", method: "POST", path: at("/tasks/log"), want: []int{401, 401, 401, 401, 401}},

		{op: "listKeys", method: "GET", path: at("/keys"), want: []int{200, 403, 403, 403, 403}},
		{op: "createKey", method: "POST", path: at("/keys"), body: send(`{"name":"k","admin":true}`), want: []int{201, 403, 403, 403, 403}},
		{op: "revokeKey", method: "DELETE", path: func(f *fixture) string {
			_, k, err := f.keys.Create(f.t.Context(), api.Caller{Name: "gone", Admin: true}, time.Time{})
			if err != nil {
				f.t.Fatal(err)
			}
			return "/keys/" + k.ID
		}, want: []int{200, 403, 403, 403, 403}},
		{op: "me", method: "GET", path: at("/me"), want: []int{200, 200, 200, 200, 200}},
		{op: "ready", method: "GET", path: at("/ready"), want: open},
		{op: "openapi", method: "GET", path: at("/openapi.json"), want: open},
	}
}

// operations gives the path that each operationId of the API has.
func (d description) operations(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for path, methods := range d.Paths {
		for method, op := range methods {
			if all[op.OperationID] != "" {
				t.Errorf("%s %s: operationId %q is there twice", method, path, op.OperationID)
			}
			all[op.OperationID] = path
		}
	}
	return all
}

func TestEveryRouteKnowsWhoMayCallIt(t *testing.T) {
	t.Parallel()
	f := open(t)
	keys := map[string]string{"admin": f.admin, "tenant": f.tenant, "reader": f.reader, "other": f.other, "worker": f.worker, "none": ""}
	keys["expired"] = f.expired()
	text, key, err := f.keys.Create(t.Context(), api.Caller{Name: "revoked", Admin: true}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	f.want(http.StatusOK, text, "GET", "/me", nil)
	f.want(http.StatusOK, f.admin, "DELETE", "/keys/"+key.ID, nil)
	keys["revoked"] = text
	d := described(t, f)
	operations := d.operations(t)
	untested := maps.Clone(operations)
	for _, c := range accessTable() {
		delete(untested, c.op)
		for i, who := range callers {
			want := http.StatusUnauthorized
			if i < len(c.want) {
				want = c.want[i]
			}
			var body any
			if c.body != nil {
				body = c.body(f)
			}
			path := c.path(f)
			got := f.do(keys[who], c.method, path, body)
			if got.status != want {
				t.Errorf("%s (%s %s) by %s = %d, want %d\n%s", c.op, c.method, path, who, got.status, want, got.body)
			}
			checkProblem(t, c.op+" by "+who, got, c.method)
			if err := d.conforms(operations[c.op], c.method, got); err != nil && c.method != http.MethodHead {
				t.Errorf("%s by %s is not answered as described: %v\n%s", c.op, who, err, got.body)
			}
		}
	}
	for op := range untested {
		t.Errorf("operation %s is not in the table: say who may call it", op)
	}
}

// checkProblem checks that what is refused is refused as problem JSON.
func checkProblem(t *testing.T, what string, a answer, method string) {
	t.Helper()
	if a.status < 400 || method == http.MethodHead {
		return
	}
	var p api.Problem
	if err := json.Unmarshal(a.body, &p); err != nil || p.Status != a.status || p.Detail == "" || p.Title == "" {
		t.Errorf("%s: no problem JSON of status %d: %s", what, a.status, a.body)
	}
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("%s: Content-Type %q", what, got)
	}
	if a.status == http.StatusUnauthorized && a.header.Get("WWW-Authenticate") == "" {
		t.Errorf("%s: 401 without WWW-Authenticate", what)
	}
}

// expired makes a key whose time is over.
func (f *fixture) expired() string {
	f.t.Helper()
	text, _, err := f.keys.Create(f.t.Context(), api.Caller{Name: "expired", Admin: true}, time.Now().Add(-time.Second))
	if err != nil {
		f.t.Fatal(err)
	}
	return text
}

// TestPagesOfOtherSitesMakeNobodyAct: a browser may have sent the cookie by
// which the gateway knows who is signed in.
func TestPagesOfOtherSitesMakeNobodyAct(t *testing.T) {
	t.Parallel()
	f := open(t)
	id := f.submit(one)
	for _, c := range []struct {
		name, method, path, header string
		want                       int
	}{
		{"another site's page", "POST", "/runs/" + id + "/cancel", "Sec-Fetch-Site: cross-site", http.StatusForbidden},
		{"a page of a sister's", "POST", "/runs/" + id + "/cancel", "Sec-Fetch-Site: same-site", http.StatusForbidden},
		{"an old browser's page", "DELETE", "/runs/" + id, "Origin: https://evil.example", http.StatusForbidden},
		{"an open route", "POST", "/triggers/none/fire", "Sec-Fetch-Site: cross-site", http.StatusForbidden},
		{"reading changes nothing", "GET", "/runs/" + id, "Sec-Fetch-Site: cross-site", http.StatusOK},
		{"the site's own page", "POST", "/runs/" + id + "/pause", "Sec-Fetch-Site: same-origin", http.StatusOK},
		{"a program", "POST", "/runs/" + id + "/resume", "Accept: */*", http.StatusOK},
	} {
		if got := f.do(f.admin, c.method, c.path, nil, c.header); got.status != c.want {
			t.Errorf("%s: %s %s = %d, want %d", c.name, c.method, c.path, got.status, c.want)
		}
	}
	if got := f.state(id); got != "queued" {
		t.Errorf("the run is %s, want queued", got)
	}
}

func TestOnlyTheVersionThatWasReadIsReplaced(t *testing.T) {
	t.Parallel()
	f := open(t)
	put := func(want int, key, path, body string, header ...string) string {
		t.Helper()
		return f.want(want, key, "PUT", path, body, header...).header.Get("ETag")
	}
	first := put(http.StatusOK, f.admin, "/queues/q", `{}`, "If-None-Match: *")
	put(http.StatusPreconditionFailed, f.admin, "/queues/q", `{}`, "If-None-Match: *")
	second := put(http.StatusOK, f.admin, "/queues/q", `{"order":2}`, "If-Match: "+first)
	put(http.StatusPreconditionFailed, f.admin, "/queues/q", `{"order":3}`, "If-Match: "+first)
	f.want(http.StatusPreconditionFailed, f.admin, "DELETE", "/queues/q", nil, "If-Match: "+first)
	f.want(http.StatusPreconditionFailed, f.admin, "PUT", "/queues/none", `{}`, "If-Match: *")
	put(http.StatusUnprocessableEntity, f.admin, "/queues/q", `{}`, "If-Match: "+second, "If-None-Match: *")
	put(http.StatusUnprocessableEntity, f.admin, "/queues/q", `{}`, "If-Match: W/"+second)
	f.want(http.StatusOK, f.admin, "DELETE", "/queues/q", nil, "If-Match: "+second)

	// Tenants keep what is theirs, under the same conditions.
	const schedule = `{"cron":"0 1 * * *","run":{"tenant":"acme","workflow":"w"}}`
	const theirs = `{"cron":"0 1 * * *","run":{"tenant":"globex","workflow":"w"}}`
	f.want(http.StatusCreated, f.admin, "POST", "/workflows", `{"name":"w","steps":[{"name":"a","run":"noop"}]}`)
	first = put(http.StatusOK, f.tenant, "/schedules/s", schedule)
	put(http.StatusConflict, f.other, "/schedules/s", theirs) // taken, and not seen
	put(http.StatusPreconditionFailed, f.other, "/schedules/s", theirs, "If-Match: "+first)
	put(http.StatusForbidden, f.tenant, "/schedules/s", theirs)
	f.want(http.StatusNotFound, f.other, "DELETE", "/schedules/s", nil)
	second = put(http.StatusOK, f.tenant, "/schedules/s", schedule, "If-Match: *")
	put(http.StatusPreconditionFailed, f.tenant, "/schedules/s", schedule, "If-Match: "+first)
	f.want(http.StatusOK, f.tenant, "DELETE", "/schedules/s", nil, "If-Match: "+second)
}

func TestOnlyOperatorsSayWhomARunWorksFor(t *testing.T) {
	t.Parallel()
	f := open(t)
	id := f.submit(one)
	body := `{"tenant":"acme","parent":"` + id + `","document":` + one + `}`
	f.want(http.StatusForbidden, f.tenant, "POST", "/runs", body)
	f.want(http.StatusForbidden, f.tenant, "POST", "/runs", `{"runs":[`+body+`]}`)
}

// TestNobodyTakesOverWhatIsAnothers although they see it, and may keep such
// things of their own.
func TestNobodyTakesOverWhatIsAnothers(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.want(http.StatusCreated, f.admin, "POST", "/workflows", `{"name":"w","steps":[{"name":"a","run":"noop"}]}`)
	f.want(http.StatusOK, f.tenant, "PUT", "/schedules/s", `{"cron":"0 1 * * *","run":{"tenant":"acme","workflow":"w"}}`)
	both := f.key(api.Caller{Name: "both", Tenants: map[string][]api.Action{"acme": {api.Read}, "globex": {api.Read, api.Submit}}})
	f.want(http.StatusForbidden, both, "PUT", "/schedules/s", `{"cron":"0 1 * * *","run":{"tenant":"globex","workflow":"w"}}`)
	f.want(http.StatusForbidden, both, "DELETE", "/schedules/s", nil)
	var s work.Schedule
	if f.want(http.StatusOK, f.tenant, "GET", "/schedules/s", nil).json(t, &s); s.Run.Tenant != "acme" {
		t.Errorf("the schedule is %s's now", s.Run.Tenant)
	}
}

func TestQueueDoesNotTellWhoElseMayUseIt(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.want(http.StatusOK, f.admin, "PUT", "/queues/two", `{"tenants":["acme","initech"]}`)
	var one work.Queue
	if f.want(http.StatusOK, f.tenant, "GET", "/queues/two", nil).json(t, &one); !slices.Equal(one.Tenants, []string{"acme"}) {
		t.Errorf("GET /queues/two tells acme of %v", one.Tenants)
	}
	if list := f.want(http.StatusOK, f.tenant, "GET", "/queues", nil); strings.Contains(string(list.body), "initech") {
		t.Errorf("GET /queues tells acme of initech:\n%s", list.body)
	}
	f.want(http.StatusNotFound, f.other, "GET", "/queues/two", nil)
}

// TestWorkerOfAnotherPoolCannotReport: fences are no secret.
func TestWorkerOfAnotherPoolCannotReport(t *testing.T) {
	t.Parallel()
	f := open(t)
	id := f.submit(one)
	task := f.take()
	far := f.key(api.Caller{Name: "far", Pools: []string{"far"}})
	var answer api.ReportAnswer
	f.want(http.StatusOK, far, "POST", "/pools/far/report", `{"complete":[`+result(task)+`]}`).json(t, &answer)
	if got := f.state(id); len(answer.Lost) != 1 || got != "running" {
		t.Errorf("the report of another pool's worker is answered %+v, and the run is %s", answer, got)
	}
	f.want(http.StatusForbidden, far, "POST", "/pools/default/report", `{"complete":[`+result(task)+`]}`)
	if f.report("complete", result(task)); f.state(id) != "succeeded" {
		t.Errorf("the run is %s once its own worker has reported", f.state(id))
	}
}
