package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/engine"
)

// idPage is a page of ids.
type idPage struct {
	IDs  []string
	Next string
}

// pages reads pages of ids from a cursor until one is empty or the last, and
// gives the cursor behind them.
func (f *fixture) pages(query url.Values, cursor string) (ids []string, next string) {
	f.t.Helper()
	query.Set("fields", "id")
	for {
		query.Set("cursor", cursor)
		var page idPage
		f.want(http.StatusOK, f.tenant, "GET", "/runs?"+query.Encode(), nil).json(f.t, &page)
		ids = append(ids, page.IDs...)
		if page.Next == "" || len(page.IDs) == 0 {
			return ids, page.Next
		}
		cursor = page.Next
	}
}

// TestListOfTheFinishedIsCompleteWhileRunsFinish lists, again and again, while
// runs of several shards finish: each listing has all that were final before
// it began, and each once; and one who keeps the cursor sees all of them once.
func TestListOfTheFinishedIsCompleteWhileRunsFinish(t *testing.T) {
	t.Parallel()
	f := open(t, func(s *setup) { s.engine.Shards = 4 })
	const each, rounds = 50, 8
	for i := range 4 {
		if _, err := f.engine.PutQueue(t.Context(), work.Queue{Name: fmt.Sprint("fast", i), Pool: "local"}, engine.AnyVersion); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]int{}
	kept, listings := "", 0
	look := func() (all int) {
		final, _ := f.pages(url.Values{"state": {"final"}, "limit": {"1000"}}, "")
		got, _ := f.pages(url.Values{"order": {"finished"}, "limit": {"7"}}, "")
		count := map[string]int{}
		for _, id := range got {
			if count[id]++; count[id] > 1 {
				t.Errorf("run %s is there twice", id)
			}
		}
		for _, id := range final {
			if count[id] == 0 {
				t.Errorf("run %s was final before the listing began, and is not in it", id)
			}
		}
		var more []string
		more, kept = f.pages(url.Values{"order": {"finished"}, "limit": {"7"}}, kept)
		for _, id := range more {
			if seen[id]++; seen[id] > 1 {
				t.Errorf("run %s is given twice to one who keeps the cursor", id)
			}
		}
		listings++
		return len(final)
	}
	for i := range rounds {
		var batch struct {
			Runs []map[string]any `json:"runs"`
		}
		for n := range each {
			batch.Runs = append(batch.Runs, map[string]any{
				"tenant": "acme", "queue": fmt.Sprint("fast", (i+n)%4), "document": json.RawMessage(quick),
			})
		}
		f.want(http.StatusOK, f.tenant, "POST", "/runs", batch)
		look()
	}
	f.eventually("all runs are final", func() bool { return look() == each*rounds })
	look()
	if len(seen) != each*rounds {
		t.Errorf("one who keeps the cursor saw %d runs in %d listings, want %d", len(seen), listings, each*rounds)
	}
}

// TestListsOfNothingAreLists looks at every list of an engine that has nothing.
func TestListsOfNothingAreLists(t *testing.T) {
	t.Parallel()
	f := open(t)
	if err := f.engine.DeleteQueue(t.Context(), "quick", engine.AnyVersion); err != nil {
		t.Fatal(err)
	}
	run := "/runs/" + f.submit(one, `"hold":true`)
	for path, name := range map[string]string{
		"/runs?state=final": "runs", "/runs?state=final&fields=id": "ids", "/runs?state=final&order=finished": "runs",
		"/workflows": "workflows", "/queues": "queues", "/pools": "pools", "/tenants": "tenants", "/schedules": "schedules",
		"/subscriptions": "subscriptions", "/triggers": "triggers", "/events/dead": "events", "/keys": "keys",
		run + "/history": "history", run + "/logs": "lines",
	} {
		for who, key := range map[string]string{"an operator": f.admin, "a tenant": f.other, "a worker": f.worker} {
			a := f.do(key, "GET", path, nil)
			if a.status == http.StatusForbidden || a.status == http.StatusNotFound {
				continue
			}
			var page map[string]json.RawMessage
			if a.json(t, &page); !strings.HasPrefix(string(page[name]), "[") {
				t.Errorf("GET %s by %s = %s, want a list of %s", path, who, a.body, name)
			}
		}
	}
}

// TestListIsFiltered finds one of two runs by each filter.
func TestListIsFiltered(t *testing.T) {
	t.Parallel()
	f := open(t)
	id := f.submit(`{"name":"two","steps":[{"name":"a","run":"work"}]}`, `"labels":{"a b":"x&y=%","kind":"image"}`, `"idempotency-key":"k 1"`, `"priority":2`)
	other := f.done(`{"name":"bad","steps":[{"name":"a","run":"fail","with":{"code":"disk.full"}}]}`)
	f.want(http.StatusCreated, f.admin, "POST", "/runs", `{"tenant":"globex","document":`+one+`}`)
	for query, want := range map[string]string{
		"":                                       other + " " + id,
		"order=oldest":                           id + " " + other,
		"order=finished":                         other,
		"state=live":                             id,
		"state=final":                            other,
		"state=queued,running":                   id,
		"state=failed&state=canceled":            other,
		"workflow=two":                           id,
		"queue=quick":                            other,
		"queue=default":                          id,
		"label.kind=image":                       id,
		"label.a+b=x%26y%3D%25":                  id,
		"label.kind=image&label.a+b=x%26y%3D%25": id,
		"label.kind=video":                       "",
		"idempotency-key=k+1":                    id,
		"failure=disk.full":                      other,
		"failure=disk.*":                         other,
		"text=imag":                              id,
		"text=" + id:                             id,
		"tenant=acme":                            other + " " + id,
		"tenant=globex":                          "", // not the caller's to see
		"tenant=globex&tenant=acme&state=live":   id,
		"from=2000-01-01T00:00:00Z":              other + " " + id,
		"to=2000-01-01T00:00:00Z":                "",
		"version=3":                              "",
	} {
		var page idPage
		f.want(http.StatusOK, f.tenant, "GET", "/runs?fields=id&"+query, nil).json(t, &page)
		if got := strings.Join(page.IDs, " "); got != want {
			t.Errorf("GET /runs?%s = %q, want %q", query, got, want)
		}
		if strings.HasPrefix(query, "order=") {
			continue
		}
		var n struct{ Count int }
		f.want(http.StatusOK, f.tenant, "GET", "/runs/count?"+query, nil).json(t, &n)
		if n.Count != len(page.IDs) {
			t.Errorf("GET /runs/count?%s = %d, want %d", query, n.Count, len(page.IDs))
		}
	}
	for _, query := range []string{
		"order=sideways", "state=lost", "version=x", "version=-1", "parent=r0", "from=yesterday", "limit=0", "limit=1001", "cursor=nonsense!",
		"fields=all", "label.=x", "workflw=two", "order=finished&cursor=zz", "wait=soon", "wait=-1s",
	} {
		a := f.want(http.StatusUnprocessableEntity, f.tenant, "GET", "/runs?"+query, nil)
		checkProblem(t, query, a, "GET")
	}
}

// TestListWaits: who asks for what is not there yet is answered when it is,
// and not by what others did.
func TestListWaits(t *testing.T) {
	t.Parallel()
	f := open(t)
	cursor := ""
	for range 3 {
		var page idPage
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			f.want(http.StatusOK, f.tenant, "GET", "/runs?fields=id&state=succeeded&order=finished&wait=1m&cursor="+url.QueryEscape(cursor), nil).json(t, &page)
		}()
		f.want(http.StatusCreated, f.admin, "POST", "/runs", `{"tenant":"globex","queue":"quick","document":{"name":"g","steps":[{"name":"a","run":"noop"}]}}`)
		f.done(`{"name":"bad","steps":[{"name":"a","run":"fail"}]}`)
		id := f.done(`{"name":"w","steps":[{"name":"a","run":"noop"}]}`)
		<-ended
		if len(page.IDs) != 1 || page.IDs[0] != id {
			t.Errorf("the list that waited has %v, want %s alone", page.IDs, id)
		}
		cursor = page.Next
	}
	var page idPage
	f.want(http.StatusOK, f.tenant, "GET", "/runs?fields=id&state=canceled&wait=1ms", nil).json(t, &page)
	if page.IDs == nil || len(page.IDs) > 0 {
		t.Errorf("what did not come while waited for is %v, want an empty list", page.IDs)
	}
}

// TestSettingsAreListedInPages: each page goes on where the last ended, also
// when that is not there any more.
func TestSettingsAreListedInPages(t *testing.T) {
	t.Parallel()
	f := open(t)
	const n = 7
	for kind, body := range map[string]string{
		"queues": `{"order":3}`, "pools": `{}`, "tenants": `{"weight":2}`, "schedules": schedule, "subscriptions": subscription, "triggers": trigger,
	} {
		var want []string
		for i := range n {
			name := fmt.Sprintf("%s-%d.x", kind, i)
			want = append(want, name)
			f.want(http.StatusOK, f.admin, "PUT", "/"+kind+"/"+name, body)
		}
		var got []string
		cursor := ""
		for pages := 0; ; pages++ {
			var page struct {
				Next string
				All  map[string]json.RawMessage `json:"-"`
			}
			a := f.want(http.StatusOK, f.admin, "GET", "/"+kind+"?limit=2&cursor="+url.QueryEscape(cursor), nil)
			a.json(t, &page)
			a.json(t, &page.All)
			var list []struct{ Name string }
			if err := json.Unmarshal(page.All[kind], &list); err != nil || len(list) > 2 {
				t.Fatalf("a page of %s is %s", kind, a.body)
			}
			for _, one := range list {
				if strings.HasPrefix(one.Name, kind) {
					got = append(got, one.Name)
				}
			}
			if cursor = page.Next; cursor == "" {
				break
			}
			if len(got) == 4 {
				f.want(http.StatusOK, f.admin, "DELETE", "/"+kind+"/"+got[3], nil)
			}
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("pages of %s have %v, want %v", kind, got, want)
		}
		for _, query := range []string{"cursor=nonsense", "cursor=x.y", "limit=0", "limit=1001", "limit=x"} {
			checkProblem(t, query, f.want(http.StatusUnprocessableEntity, f.admin, "GET", "/"+kind+"?"+query, nil), "GET")
		}
	}
	var whole struct {
		Queues []struct{}
		Next   *string
	}
	if f.want(http.StatusOK, f.admin, "GET", "/queues", nil).json(t, &whole); whole.Next != nil || len(whole.Queues) < n-1 {
		t.Errorf("without a limit there are %d queues and a next page: %v", len(whole.Queues), whole.Next)
	}
}
