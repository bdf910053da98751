package console_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/berth-project/berth/console"
)

const (
	readAll = `{"Version": "2012-10-17", "Statement": [
  {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/*"},
  {"Sid": "NotRaw", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::media/raw/*"}
]}`
	deadList = `{"Version": "2012-10-17", "Statement": [{"Sid": "", "Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "arn:aws:s3:::media/*"}]}`
)

var (
	simulatePath = "/iam/simulate?" + url.Values{
		"principal": {"arn:aws:iam::210987654321:role/app"}, "action": {"s3:GetObject"},
		"resource": {"arn:aws:s3:::media/raw/1.jpg"}, "identity": {readAll},
	}.Encode()
	lintPath = "/iam/lint?" + url.Values{"text": {deadList}, "kind": {"identity"}}.Encode()
)

// post sends a form as the console's own page does.
func post(c *console.Console, path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "http://localhost"+path, strings.NewReader(form.Encode()))
	r.RemoteAddr = "127.0.0.1:50000"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w
}

func TestSimulateShowsWhatDecided(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{}, console.Sources{})
	body := post(c, "/iam/simulate", url.Values{
		"principal": {"arn:aws:iam::210987654321:role/app"}, "action": {"s3:GetObject"},
		"resource": {"arn:aws:s3:::media/raw/1.jpg"}, "identity": {readAll},
	}).Body.String()
	for _, want := range []string{"denied", "explicit-deny-identity", "statement decided", "Statement 2 · NotRaw", "decided here", "from line 3", "with an explicit deny", "Link to this question"} {
		if !strings.Contains(body, want) {
			t.Errorf("the answer does not show %q", want)
		}
	}
	if strings.Count(body, "statement decided") != 1 {
		t.Error("more than one statement is marked as the one that decided")
	}
	body = post(c, "/iam/simulate", url.Values{"action": {"s3:GetObject"}, "resource": {"arn:aws:s3:::media/1.jpg"}, "identity": {readAll}}).Body.String()
	if !strings.Contains(body, "allow-identity") || !strings.Contains(body, "allowed") {
		t.Error("what is allowed is not shown as allowed")
	}
	body = post(c, "/iam/simulate", url.Values{"action": {"s3:PutObject"}, "resource": {"arn:aws:s3:::media/1.jpg"}, "identity": {readAll}}).Body.String()
	for _, want := range []string{"Nearest to allowing it", "What would allow it", "s3:PutObject"} {
		if !strings.Contains(body, want) {
			t.Errorf("the refusal does not show %q", want)
		}
	}
}

func TestSimulateAnswersProgramsAsTheEvaluatorDoes(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{}, console.Sources{})
	w := ask(c, "GET", strings.Replace(simulatePath, "simulate?", "simulate.json?", 1), "")
	var doc struct {
		Schema string
		Data   struct {
			Answer struct {
				Decision, Reason string
				DecidedBy        []struct {
					Policy, Sid string
					Index       int
				}
			}
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	a := doc.Data.Answer
	if a.Decision != "ExplicitDeny" || len(a.DecidedBy) != 1 || a.DecidedBy[0].Sid != "NotRaw" {
		t.Errorf("the answer is %+v, want the explicit deny of NotRaw", a)
	}
}

func TestSimulateSaysWhatIsWrongWithTheQuestion(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{}, console.Sources{})
	for want, form := range map[string]url.Values{
		"1:16: statement has":             {"action": {"s3:GetObject"}, "identity": {`{"Statement": [{"Effect": "Allow"}]}`}},
		"There is no policy in this text": {"action": {"s3:GetObject"}, "identity": {"hello"}},
		"One policy is taken here":        {"action": {"s3:GetObject"}, "boundary": {readAll + "\n" + readAll}},
		"The action is one action":        {"action": {"s3:*"}, "identity": {readAll}},
		"The resource: ":                  {"action": {"s3:GetObject"}, "resource": {"media"}},
		"principal: ":                     {"action": {"s3:GetObject"}, "principal": {"me"}},
		"lines of KEY = VALUE":            {"action": {"s3:GetObject"}, "context": {"here"}},
		"has 12 digits":                   {"action": {"s3:GetObject"}, "account": {"1"}},
	} {
		body := post(c, "/iam/simulate", form).Body.String()
		if !strings.Contains(body, want) {
			t.Errorf("the page does not say %q", want)
		}
		if strings.Contains(body, `id="verdict"`) {
			t.Errorf("%q: a question with a mistake is answered", want)
		}
	}
}

func TestLintJudgesAndMends(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{}, console.Sources{})
	body := post(c, "/iam/lint", url.Values{"text": {deadList}}).Body.String()
	for _, want := range []string{"DEAD_ACTION_RESOURCE_MISMATCH", "EMPTY_SID_VALUE", "Apply the safe fixes", "What it means", "1:99"} {
		if !strings.Contains(body, want) {
			t.Errorf("the findings do not show %q", want)
		}
	}
	body = post(c, "/iam/lint", url.Values{"text": {deadList}, "fix": {"safe"}}).Body.String()
	if strings.Contains(body, "&#34;Sid&#34;") || !strings.Contains(body, "Mended: EMPTY_SID_VALUE") {
		t.Error("the safe fix is not made")
	}
	if body := post(c, "/iam/lint", url.Values{"text": {"not yet"}}).Body.String(); !strings.Contains(body, "There is no policy in this text yet") {
		t.Error("a text without a policy is not told")
	}
}

func TestIAMFormsAreGuardedAndBounded(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{}, console.Sources{})
	r := httptest.NewRequest("POST", "http://localhost/iam/lint", strings.NewReader("text=x"))
	r.RemoteAddr = "127.0.0.1:50000"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	if w.Code != http.StatusForbidden {
		t.Errorf("a form of another site is answered with %d, want 403", w.Code)
	}
	for _, size := range []int{300 << 10, 2 << 20} {
		if w := post(c, "/iam/lint", url.Values{"text": {strings.Repeat("x", size)}}); w.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("a form of %d bytes is answered with %d, want 413", size, w.Code)
		}
	}
	if w := post(c, "/preferences", url.Values{"theme": {strings.Repeat("x", 20<<10)}}); w.Code == http.StatusSeeOther {
		t.Error("other forms are as large as those of IAM")
	}
}

func TestPastedTextIsInert(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{}, console.Sources{})
	evil := `{"Version": "2012-10-17", "Statement": [{"Sid": "</textarea><script>alert(1)</script>", "Effect": "Allow", "Action": "s3:\u001b[31mGet\u202eObject", "Resource": "<img src=x>"}]}`
	for path, form := range map[string]url.Values{
		"/iam/lint":     {"text": {evil}},
		"/iam/simulate": {"action": {"s3:GetObject"}, "identity": {evil}, "resource": {"<script>"}, "principal": {"<b>"}, "context": {"</textarea><script>"}},
	} {
		body := post(c, path, form).Body.String()
		for _, bad := range []string{"<script>alert", "<img src=x", "</textarea><script", "\x1b", "\u202e"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s: the page holds %q as it was pasted", path, bad)
			}
		}
	}
}
