package api_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/outbox"
)

// github signs as GitHub does.
func github(key secret.String, body string) string {
	h := hmac.New(sha256.New, []byte(key.Reveal()))
	h.Write([]byte(body))
	return "X-Hub-Signature-256: sha256=" + hex.EncodeToString(h.Sum(nil))
}

// berth signs as Berth does.
func berth(key secret.String, body string, at time.Time) string {
	return outbox.SignatureHeader + ": " + outbox.Sign([]byte(body), at, key)
}

const build = `{"kind":"webhook","secret":"hook","run":{"tenant":"acme",
	"document":{"name":"build","input":{"type":"object","properties":{"ref":{"type":"string"},"stars":{"type":"integer"},"kind":{"type":"string"}},"required":["ref"]},
		"steps":[{"name":"a","run":"work","with":"${params}"}]},
	"params":{"ref":"${event.body.ref}","stars":"${event.body.repository.stars ?? 0}","kind":"got ${event.headers.x-github-event ?? \"nothing\"}"},
	"labels":{"ref":"${event.body.ref}","stars":"${event.body.repository.stars ?? 0}"}}}`

func TestTriggerStartsARunWithWhatTheEventSays(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.want(http.StatusOK, f.tenant, "PUT", "/triggers/build", build)
	body := `{"ref":"refs/heads/main","repository":{"stars":7}}`
	a := f.want(http.StatusCreated, "", "POST", "/triggers/build/fire", body, github(triggerKey, body), "X-GitHub-Event: push", "Content-Type: application/json")
	var r work.Receipt
	a.json(t, &r)
	if got := a.header.Get("Location"); got != "/api/v1/runs/"+r.ID.String() {
		t.Errorf("Location = %q", got)
	}
	var run struct {
		Params map[string]any
		Labels map[string]string
		Tenant string
	}
	f.want(http.StatusOK, f.tenant, "GET", "/runs/"+r.ID.String(), nil).json(t, &run)
	if run.Tenant != "acme" || run.Params["ref"] != "refs/heads/main" || run.Params["stars"] != 7.0 || run.Params["kind"] != "got push" ||
		run.Labels["ref"] != "refs/heads/main" || run.Labels["stars"] != "7" {
		t.Errorf("the run has %+v", run)
	}
	var again work.Receipt
	f.want(http.StatusOK, "", "POST", "/triggers/build/fire", body, github(triggerKey, body), "X-GitHub-Delivery: another").json(t, &again)
	if again.ID != r.ID || !again.Duplicate {
		t.Errorf("a recorded request started %+v, want the first run again", again)
	}
}

func TestTriggerTakesAnEventOfBerthOnce(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.want(http.StatusOK, f.tenant, "PUT", "/triggers/build", build)
	const body = `{"ref":"x"}`
	fire := func(status int, at time.Time, id, header string) string {
		t.Helper()
		headers := []string{berth(triggerKey, body, at) + header}
		if id != "" {
			headers = append(headers, "Berth-Event-Id: "+id)
		}
		var r work.Receipt
		a := f.want(status, "", "POST", "/triggers/build/fire", body, headers...)
		if status < 300 {
			a.json(t, &r)
		}
		return r.ID.String()
	}
	now := time.Now()
	first := fire(http.StatusCreated, now, "e1", "")
	if got := fire(http.StatusOK, now.Add(-time.Second), "e1", ""); got != first {
		t.Errorf("the next try of the event started %s, want %s", got, first)
	}
	if got := fire(http.StatusCreated, now.Add(-2*time.Second), "e2", ""); got == first {
		t.Error("another event started the same run")
	}
	fire(http.StatusUnauthorized, now, "e3", "")                              // recorded, sent as another event
	fire(http.StatusUnauthorized, now, "e4", ",v2=00")                        // the same, with a part that means nothing
	fire(http.StatusUnauthorized, now, "e5", ",v1="+strings.Repeat("00", 32)) // the same
	fire(http.StatusUnauthorized, now.Add(-6*time.Minute), "e6", "")          // too old
	fire(http.StatusUnauthorized, now.Add(6*time.Minute), "e7", "")           // not yet
	fire(http.StatusUnprocessableEntity, now, strings.Repeat("e", 201), "")   // an id that is too long
	anonymous := fire(http.StatusCreated, now.Add(-3*time.Second), "", "")    // without an id it is its own
	if got := fire(http.StatusOK, now.Add(-3*time.Second), "", ""); got != anonymous {
		t.Errorf("the same request started %s, want %s", got, anonymous)
	}
}

func TestTriggerRefusesWhatIsNotSigned(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.want(http.StatusOK, f.tenant, "PUT", "/triggers/build", build)
	f.want(http.StatusOK, f.tenant, "PUT", "/triggers/queue", `{"kind":"sqs","queue":"https://sqs.eu-west-1.amazonaws.com/1/q","run":{"tenant":"acme","document":`+one+`}}`)
	f.want(http.StatusOK, f.other, "PUT", "/triggers/theirs", strings.ReplaceAll(build, "acme", "globex"))
	body := `{"ref":"x"}`
	wrong := secret.New("another key")
	var first []byte
	for what, c := range map[string]struct{ name, header string }{
		"no signature":             {"build", "X-A: b"},
		"another key":              {"build", github(wrong, body)},
		"another key, Berth's way": {"build", berth(wrong, body, time.Now())},
		"another body":             {"build", github(triggerKey, body+" ")},
		"no algorithm":             {"build", strings.Replace(github(triggerKey, body), "sha256=", "", 1)},
		"no hexadecimal":           {"build", "X-Hub-Signature-256: sha256=zz"},
		"a malformed header":       {"build", "Berth-Signature: t=,v1="},
		"an empty key":             {"build", github(secret.New(""), body)},
		"no trigger":               {"nothing", github(triggerKey, body)},
		"a queue's trigger":        {"queue", github(triggerKey, body)},
		"a secret of others":       {"theirs", github(triggerKey, body)},
	} {
		a := f.do("", "POST", "/triggers/"+c.name+"/fire", body, c.header)
		if a.status != http.StatusUnauthorized {
			t.Errorf("%s: %d, want 401\n%s", what, a.status, a.body)
		}
		if first == nil {
			first = a.body
		}
		if string(a.body) != string(first) {
			t.Errorf("%s: the answer tells: %s", what, a.body)
		}
	}
}

func TestTriggerSaysWhatAnEventLacks(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.want(http.StatusOK, f.tenant, "PUT", "/triggers/build", build)
	for body, want := range map[string]string{
		`{"zen":"ping"}`: "${event.body.ref} leads nowhere",
		`not json`:       "event.body is a text",
		`{"ref":{}}`:     "no text",
		`{"ref":1}`:      "ref",
	} {
		a := f.want(http.StatusUnprocessableEntity, "", "POST", "/triggers/build/fire", body, github(triggerKey, body))
		if !strings.Contains(string(a.body), want) {
			t.Errorf("%s is answered %s, want %q in it", body, a.body, want)
		}
	}
	paused := strings.Replace(build, `"kind":"webhook"`, `"kind":"webhook","paused":true`, 1)
	f.want(http.StatusOK, f.tenant, "PUT", "/triggers/build", paused)
	f.want(http.StatusConflict, "", "POST", "/triggers/build/fire", `{"ref":"x"}`, github(triggerKey, `{"ref":"x"}`))
}

func TestTriggerIsCheckedWhenItIsKept(t *testing.T) {
	t.Parallel()
	f := open(t)
	for body, want := range map[string]string{
		`{"kind":"webhook","run":{"tenant":"acme","document":` + one + `}}`:                                                                       "secret",
		`{"kind":"sqs","run":{"tenant":"acme","document":` + one + `}}`:                                                                           "queue",
		`{"kind":"mail","run":{"tenant":"acme","document":` + one + `}}`:                                                                          "kind",
		`{"kind":"webhook","secret":"s","run":{"tenant":"acme","workflow":"none"}}`:                                                               "no workflow",
		`{"kind":"webhook","secret":"s","run":{"tenant":"acme","document":{"name":"x"}}}`:                                                         "steps",
		`{"kind":"webhook","secret":"s","run":{"tenant":"acme","document":` + one + `,"params":{"a":"${params.a}"}}}`:                             "params is nothing to refer to here",
		`{"kind":"webhook","secret":"s","run":{"tenant":"acme","document":` + one + `,"params":{"a":"${event.a"}}}`:                               "}",
		`{"kind":"webhook","secret":"s","run":{"tenant":"acme","document":` + one + `,"parent":"` + f.submit(one) + `"}}`:                         "parent",
		`{"kind":"webhook","secret":"s","run":{"tenant":"acme","queue":"none","document":` + one + `}}`:                                           "no queue",
		`{"kind":"webhook","secret":"s","run":{"tenant":"acme","document":{"name":"x","steps":[{"name":"a","run":"w","with":"${event.body}"}]}}}`: "no event",
	} {
		a := f.want(http.StatusUnprocessableEntity, f.tenant, "PUT", "/triggers/t", body)
		if !strings.Contains(string(a.body), want) {
			t.Errorf("%s is answered %s, want %q in it", body, a.body, want)
		}
	}
	var p struct {
		Problems []struct{ Path, Message string }
	}
	f.want(http.StatusUnprocessableEntity, f.tenant, "PUT", "/triggers/t",
		`{"kind":"webhook","secret":"s","run":{"tenant":"acme","document":`+one+`,"params":{"a":{"b":"${run.id}"}}}}`).json(t, &p)
	if len(p.Problems) != 1 || p.Problems[0].Path != "a.b" {
		t.Errorf("the problems are %+v", p.Problems)
	}
	if !json.Valid([]byte(build)) {
		t.Fatal("the test's trigger is no JSON")
	}
}

// TestRunOfATriggerDoesNotSeeWhatProvesSomething: its author may be another
// than whoever sends.
func TestRunOfATriggerDoesNotSeeWhatProvesSomething(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.want(http.StatusOK, f.tenant, "PUT", "/triggers/push",
		`{"kind":"webhook","secret":"hook","run":{"tenant":"acme","queue":"quick","params":{"headers":"${event.headers}"},"document":`+quick+`}}`)
	var receipt struct{ ID string }
	f.want(http.StatusCreated, "", "POST", "/triggers/push/fire", `{}`,
		outbox.SignatureHeader+": "+outbox.Sign([]byte(`{}`), time.Now(), triggerKey),
		"Authorization: Bearer sesame", "Cookie: session=1", "X-Kind: push").json(t, &receipt)
	var run struct {
		Params struct {
			Headers map[string]string `json:"headers"`
		} `json:"params"`
	}
	f.want(http.StatusOK, f.tenant, "GET", "/runs/"+receipt.ID, nil).json(t, &run)
	if run.Params.Headers["x-kind"] != "push" {
		t.Fatalf("the run has the headers %v", run.Params.Headers)
	}
	for _, name := range []string{"authorization", "cookie", "berth-signature"} {
		if v, there := run.Params.Headers[name]; there {
			t.Errorf("the run has %s: %s", name, v)
		}
	}
}
