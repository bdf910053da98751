package pop_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/compat/pop"
	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/token"
)

func TestObjectsComeAndGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	for path, body := range map[string]string{
		"customer":           `{"id": "acme", "customerId": "acme", "title": "Acme", "billingCode": "b", "unknown": 1}`,
		"insight":            `{"id": "i1", "customerId": "acme", "title": "I", "allowedCustomerIds": ["Other"], "resourcePoolId": "p"}`,
		"resourcepool":       `{"id": "p", "customerId": "acme", "title": "P", "insightIds": ["nonsense"]}`,
		"agendatemplate":     `{"id": "t1", "customerId": "acme", "title": "T", "agenda": {"operations": []}}`,
		"progress/agenda":    `{"id": "pr", "customerId": "acme", "operationProgress": [{"operation": "a b"}]}`,
		"progress/operation": `{"agendaProgressId": "pr", "customerId": "acme", "operation": "second"}`,
	} {
		if path == "progress/operation" {
			continue // needs its progress: below
		}
		posted := w.must("POST", path, body)
		id := one[object.Common](w, posted).ID
		got := w.must("GET", path+"/"+id, nil)
		if path != "resourcepool" { // its insights are told when it is read
			if d := cmp.Diff(string(posted.All[0]), string(got.All[0])); d != "" {
				t.Errorf("%s (-posted +got):\n%s", path, d)
			}
		}
		if c := one[object.Common](w, got); c.AddedTime == 0 || c.UpdatedTime != c.AddedTime {
			t.Errorf("%s has the times %d and %d", path, c.AddedTime, c.UpdatedTime)
		}
		if r := w.refused(http.StatusConflict, "POST", path, body); !strings.Contains(r.text, "exists") {
			t.Errorf("%s posted twice: %s", path, r.text)
		}
	}
	w.must("POST", "progress/operation", `{"agendaProgressId": "pr", "customerId": "acme", "operation": "second"}`)
	if got := one[object.OperationProgress](w, w.must("GET", "progress/operation/pr-a%20b", nil)); got.State != object.Waiting || got.AgendaProgressID != "pr" {
		t.Errorf("progress of an operation: %+v", got)
	}
	if got := w.must("GET", "progress/operation?byagendaProgressId=pr", nil); *got.Count != 2 {
		t.Errorf("operations of a progress: %s", got.text)
	}
	if got := one[object.Pool](w, w.must("GET", "resourcepool?id=p", nil)); len(got.InsightIDs) != 1 || got.InsightIDs[0] != "i1" {
		t.Errorf("insights of the pool: %q", got.InsightIDs)
	}
	if got := one[object.Insight](w, w.must("GET", "insight/i1", nil)); got.AllowedCustomerIDs[0] != "other" {
		t.Errorf("allowed customers: %q, want them in lower case", got.AllowedCustomerIDs)
	}
	for _, path := range []string{"progress/operation/pr-second", "progress/agenda/pr", "agendatemplate/t1", "insight/i1", "resourcepool/p", "customer/acme"} {
		if got := w.must("DELETE", path, nil); *got.Count != 1 {
			t.Errorf("DELETE %s: %s", path, got.text)
		}
		if got := w.must("DELETE", path, nil); *got.Count != 0 || len(got.All) != 0 {
			t.Errorf("DELETE %s again: %s, want nothing", path, got.text)
		}
		if got := w.must("GET", path, nil); *got.Count != 0 {
			t.Errorf("GET %s when it is deleted: %s", path, got.text)
		}
	}
}

func TestObjectsAreChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	for _, c := range []struct {
		path, body, want string
		status           int
	}{
		{"customer", `{"id": "a", "title": "A"}`, "customerId is missing", 422},
		{"customer", `{"id": "a", "customerId": "b", "title": "A"}`, "must be the same", 422},
		{"customer", `{"id": "a", "customerId": "a"}`, "title is missing", 422},
		{"insight", `{"customerId": "a"}`, "title is missing", 422},
		{"insight", `{"customerId": "a", "title": "t", "schedulingAlgorithm": "Priority"}`, "schedulingAlgorithm", 400},
		{"agendatemplate", `{"customerId": "a", "agenda": []}`, "must be an object", 422},
		{"resourcepool", `{"customerId": 7}`, "customerId is of type number", 400},
		{"resourcepool", `{`, "", 400},
		{"resourcepool/x", `{"id": "y", "customerId": "a"}`, "body has the id", 422},
		{"progress/agenda", `{"customerId": "a", "operationProgress": [{}]}`, "operation is missing", 422},
		{"progress/operation", `{"customerId": "a"}`, "are needed", 422},
		{"progress/operation", `{"customerId": "a", "operation": "o", "agendaProgressId": "none"}`, "not found", 404},
		{"agenda", `{"customerId": "nobody", "operations": [{"name": "a"}]}`, "there is no customer", 422},
	} {
		if r := w.refused(c.status, "POST", c.path, c.body); !strings.Contains(r.text, c.want) {
			t.Errorf("POST %s %s: %s, want %q", c.path, c.body, r.text, c.want)
		}
	}
	w.refused(http.StatusBadRequest, "PUT", "customer", `{}`)
	w.refused(http.StatusNotFound, "PUT", "customer/none", `{}`)
	w.refused(http.StatusUnprocessableEntity, "PUT", "customer/none", `{"id": "other"}`)
	w.refused(http.StatusUnprocessableEntity, "GET", "agenda?bycustomeriId=x", nil)
	w.refused(http.StatusRequestEntityTooLarge, "POST", "resourcepool", `{"title": "`+strings.Repeat("x", 5<<20)+`"}`)
}

func TestPutMerges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.must("POST", "customer", `{"id": "a", "customerId": "a", "title": "A", "billingCode": "b", "resourcePoolId": "p"}`)
	got := one[object.Customer](w, w.must("PUT", "customer/a", `{"title": "B", "billingCode": null, "addedTime": 5, "more": 1}`))
	if got.Title != "B" || got.BillingCode != "" || got.ResourcePoolID != "p" || got.AddedTime == 5 {
		t.Errorf("customer after PUT: %+v", got)
	}
	read := w.must("GET", "customer/a", nil)
	tag := read.header.Get("ETag")
	w.header.Set("If-Match", tag)
	w.must("PUT", "customer/a", `{"title": "C"}`)
	w.refused(http.StatusPreconditionFailed, "PUT", "customer/a", `{"title": "D"}`)
	w.refused(http.StatusPreconditionFailed, "DELETE", "customer/a", nil)
	w.header.Set("If-Match", "nonsense")
	w.refused(http.StatusPreconditionFailed, "PUT", "customer/a", `{"title": "D"}`)
	w.header.Del("If-Match")
	if got := one[object.Customer](w, w.must("GET", "customer/a", nil)); got.Title != "C" {
		t.Errorf("title is %q, want C", got.Title)
	}
}

func TestProgressWithoutAnAgendaIsAsItIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.must("POST", "progress/agenda", `{"id": "p", "customerId": "a", "linkId": "l", "operationProgress": [{"operation": "x"}]}`)
	put := func(body string) *object.Progress {
		return one[object.Progress](w, w.must("PUT", "progress/agenda/p", body))
	}
	put(`{"processingState": "EXECUTING", "operationProgress": [{"operation": "x", "processingState": "EXECUTING", "percentComplete": 10}, {"operation": "y"}]}`)
	put(`{"processingState": "COMPLETE", "processingStateMessage": "failed"}`)
	put(`{"processingState": "COMPLETE", "title": "again"}`)
	put(`{"processingState": "WAITING"}`)
	got := put(`{"processingState": "COMPLETE", "processingStateMessage": "succeeded"}`)
	if states(got) != "COMPLETE succeeded; x EXECUTING; y WAITING" || *got.AttemptsCompleted != 2 || got.Title != "again" {
		t.Errorf("progress: %s, %d attempts, title %q", states(got), *got.AttemptsCompleted, got.Title)
	}
	o := one[object.OperationProgress](w, w.must("PUT", "progress/operation/p-x", `{"processingState": "COMPLETE", "processingStateMessage": "succeeded"}`))
	if o.State != object.Complete || *o.PercentComplete != 10 {
		t.Errorf("operation: %+v", o)
	}
	sum := w.must("POST", "progress/agenda/service", `{"linkId": "l"}`)
	if sum.State != "COMPLETE" || len(sum.ProgressList) != 1 {
		t.Errorf("summary: %s", sum.text)
	}
	w.refused(http.StatusUnprocessableEntity, "POST", "progress/agenda/service", `{}`)
}

func TestQueries(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	for _, id := range []string{"c", "a", "b"} {
		w.must("POST", "customer", map[string]any{"id": id, "customerId": id, "title": "T", "resourcePoolId": "pool-" + id, "billingCode": "code"})
	}
	for query, want := range map[string]string{
		"":                                   "a b c",
		"?bytitle=T&byresourcePoolId=pool-b": "b",
		"?byTitle=T&byResourcePoolId=pool-b": "b",
		"?bybillingCode=code&bylimit=2":      "a b",
		"?bytitle=none":                      "",
		"?byaddedTime=1":                     "",
	} {
		r := w.must("GET", "customer"+query, nil)
		var ids []string
		for _, raw := range r.All {
			ids = append(ids, idOf(t, raw))
		}
		if got := strings.Join(ids, " "); got != want || *r.Count != len(ids) {
			t.Errorf("GET customer%s = %q, count %d, want %q", query, got, *r.Count, want)
		}
	}
	if r := w.must("GET", "customer?bycount=&bytitle=T", nil); *r.Count != 3 || r.All != nil {
		t.Errorf("count: %s", r.text)
	}
	for path, body := range map[string]string{"customer/a": "", "customer?id=a": "", "customer": `{"id": "a"}`, "customer/a?id=b": `{"id": "c"}`} {
		if r := w.must("GET", path, body); len(r.All) != 1 || idOf(t, r.All[0]) != "a" {
			t.Errorf("GET %s with the body %s: %s, want a: path, then query, then body say which", path, body, r.text)
		}
	}
	w.refused(http.StatusBadRequest, "GET", "customer", `{`)
	if r := w.must("GET", "customer/a?byfields=id,title", nil); string(r.All[0]) != `{"id":"a","title":"T"}` {
		t.Errorf("fields: %s", r.text)
	}
}

func TestIDsMayBeAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.must("POST", "resourcepool", `{"id": "https://pop/x?y=1 z", "customerId": "a"}`)
	got := one[object.Pool](w, w.must("GET", "resourcepool/https%3A%2F%2Fpop%2Fx%3Fy=1%20z", nil))
	if got.ID != "https://pop/x?y=1 z" {
		t.Errorf("id is %q", got.ID)
	}
}

func TestAnswersOfErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	w.header.Set(pop.CIDHeader, "my-cid")
	r := w.refused(http.StatusNotFound, "PUT", "customer/none", `{}`)
	if r.CID != "my-cid" || r.ErrorResponse.Title != "ObjectNotFoundException" || r.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("error: %s, %v", r.text, r.header)
	}
	w.header.Set(pop.EnvelopeHeader, "envelope")
	r = w.call("PUT", "customer/none", `{}`)
	if r.status != http.StatusOK || !r.Error || r.ErrorResponse.ResponseCode != 404 || strings.Contains(r.text, `"detail"`) {
		t.Errorf("error in an envelope: %d %s", r.status, r.text)
	}
	w.header.Del(pop.EnvelopeHeader)
	w.refused(http.StatusMethodNotAllowed, "PATCH", "customer/none", `{}`)
	w.refused(http.StatusBadRequest, "GET", "agenda/service/run", nil)
	w.refused(http.StatusNotFound, "GET", "transformrequest", nil)
	w.by("").refused(http.StatusUnauthorized, "GET", "customer", nil)
	w.refused(http.StatusNotFound, "GET", "", nil)
	w.header.Set(pop.EnvelopeHeader, "envelope")
	w.refused(http.StatusMethodNotAllowed, "PATCH", "customer/none", `{}`)
	w.refused(http.StatusMethodNotAllowed, "GET", "transformrequest", nil)
	w.refused(http.StatusUnauthorized, "GET", "", nil)
	w.by("").refused(http.StatusUnauthorized, "GET", "customer", nil)
	always := newWorld(t, settings{config: pop.Config{Envelope: true}})
	if r := always.call("PUT", "customer/none", `{}`); r.status != http.StatusOK || !r.Error {
		t.Errorf("error with envelopes for all: %d %s", r.status, r.text)
	}
}

func TestOtherOriginsMayAsk(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	for _, method := range []string{"OPTIONS", "GET"} {
		h := w.call(method, "customer", nil).header
		if h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Credentials") != "" || !strings.Contains(h.Get("Access-Control-Allow-Headers"), "Authorization") {
			t.Errorf("%s: headers %v", method, h)
		}
	}
}

func TestACorrelationIDIsMadeWhereThereIsNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	first, second := w.must("GET", "customer", nil), w.must("GET", "customer", nil)
	if len(first.CID) != 36 || first.CID == second.CID {
		t.Errorf("correlation ids %q and %q", first.CID, second.CID)
	}
}

func idOf(t *testing.T, raw []byte) string {
	t.Helper()
	o, err := object.KindCustomer.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	return o.Head().ID
}

func TestQuirksOnRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{config: pop.Config{Mode: token.Quirks}})
	w.must("POST", "customer", `{"id": "a", "customerId": "a", "title": "A", "billingCode": "b"}`)
	if got := one[object.Customer](w, w.must("PUT", "customer/a", `{"billingCode": null}`)); got.BillingCode != "b" {
		t.Errorf("billing code is %q, want what it was: null means nothing to POP", got.BillingCode)
	}
	for query, want := range map[string]int{"?bytitle=A": 1, "?byTitle=A": 0, "?bynonsense=A": 0} {
		if r := w.must("GET", "customer"+query, nil); *r.Count != want {
			t.Errorf("GET customer%s: %s, want %d", query, r.text, want)
		}
	}
	w.refused(http.StatusUnprocessableEntity, "GET", "customer?bycount=&bytitle=A", nil)
}
