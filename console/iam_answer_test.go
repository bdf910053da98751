package console_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/berth-project/berth/console"
)

// answerOf is the answer for programs to a question that is sent as a form.
func answerOf(t *testing.T, c *console.Console, form url.Values) (decision, reason string) {
	t.Helper()
	w := post(c, "/iam/simulate.json", form)
	var doc struct {
		Data struct {
			Answer  struct{ Decision, Reason string }
			Problem string
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || w.Code != http.StatusOK || doc.Data.Problem != "" {
		t.Fatalf("POST /iam/simulate.json = %d, %v, %q", w.Code, err, doc.Data.Problem)
	}
	return doc.Data.Answer.Decision, doc.Data.Answer.Reason
}

func statement(rest string) string {
	return `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", ` + rest + `}]}`
}

func TestStatementsAreShownWhereTheyWerePasted(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{}, console.Sources{})
	two := statement(`"Action": "sqs:*", "Resource": "*"`) + "\n\n\n" + readAll
	body := post(c, "/iam/simulate", url.Values{"action": {"s3:GetObject"}, "resource": {"arn:aws:s3:::media/raw/1.jpg"}, "identity": {two}}).Body.String()
	decided := body[strings.Index(body, "statement decided"):]
	if !strings.Contains(decided[:strings.Index(decided, "</details>")], "from line 6 of the pasted text") {
		t.Error("the statement of the second policy is not shown at its line of the text")
	}
}

func TestAnswersAreThoseOfTheCommandLine(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{}, console.Sources{})
	const role = "arn:aws:iam::111122223333:role/app"
	tags := statement(`"Action": "sqs:TagQueue", "Resource": "*", "Condition": {"StringEquals": {"aws:TagKeys": "team"}}`)
	anyTags := strings.Replace(tags, "StringEquals", "ForAnyValue:StringEquals", 1)
	queue := "arn:aws:sqs:eu-central-1:111122223333:jobs"
	for name, test := range map[string]struct {
		form url.Values
		want string
	}{
		"a key that may have several values has them though one is given": {
			url.Values{"action": {"sqs:TagQueue"}, "resource": {queue}, "identity": {anyTags}, "context": {"aws:TagKeys = team"}}, "allow-identity",
		},
		"a key in two spellings is one key": {
			url.Values{"action": {"sqs:TagQueue"}, "resource": {queue}, "identity": {anyTags}, "context": {"aws:TagKeys = a\nAWS:tagkeys = team"}}, "allow-identity",
		},
		"several values need a set operator": {
			url.Values{"action": {"sqs:TagQueue"}, "resource": {queue}, "identity": {tags}, "context": {"aws:TagKeys = team\naws:TagKeys = b"}}, "implicit-deny-no-allow",
		},
		"a role is assumed only through its trust policy": {
			url.Values{"action": {"sts:AssumeRole"}, "resource": {role}, "identity": {statement(`"Action": "*", "Resource": "*"`)}}, "implicit-deny-trust",
		},
		"a key's policy must let the account in": {
			url.Values{
				"action": {"kms:Decrypt"}, "resource": {"arn:aws:kms:eu-central-1:111122223333:alias/x"}, "target": {"kms-key"},
				"identity": {statement(`"Action": "*", "Resource": "*"`)},
			}, "implicit-deny-key-policy",
		},
		"nobody is refused what is not theirs": {
			url.Values{"principal": {"anonymous"}, "action": {"s3:ListAllMyBuckets"}, "identity": {statement(`"Action": "*", "Resource": "*"`)}}, "implicit-deny-no-allow",
		},
	} {
		if _, got := answerOf(t, c, test.form); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
	if w := post(c, "/iam/simulate", url.Values{"target": {"bucket"}}); w.Code != http.StatusBadRequest {
		t.Errorf("a target there is not = %d, want 400", w.Code)
	}
	if w := post(c, "/iam/lint", url.Values{"kind": {"nonsense"}}); w.Code != http.StatusBadRequest {
		t.Errorf("a kind there is not = %d, want 400", w.Code)
	}
}

func TestTheCommandSaysTheWholeQuestion(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{}, console.Sources{})
	body := post(c, "/iam/simulate", url.Values{
		"action": {"s3:GetObject"}, "identity": {readAll}, "context": {"aws:SourceIp = 203.0.113.7\n"}, "target": {"kms-key"},
	}).Body.String()
	for _, want := range []string{"--policy identity.json", "--context aws:SourceIp=203.0.113.7", "--target kms-key"} {
		if !strings.Contains(body, want) {
			t.Errorf("the command lacks %q", want)
		}
	}
}

func TestAnswersOfLargeQuestionsAreBounded(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{}, console.Sources{})
	one := `{"Effect": "Allow", "Action": "a:b", "Resource": "*"}`
	many := `{"Version": "2012-10-17", "Statement": [` + strings.Repeat(one+",", 3000) + `{"Sid": "Last", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}`
	form := url.Values{"action": {"s3:GetObject"}, "resource": {"arn:aws:s3:::m/" + strings.Repeat("x", 2000)}, "identity": {many}}
	body := post(c, "/iam/simulate", form).Body.String()
	if len(body) > 1<<20 || !strings.Contains(body, "· Last") || !strings.Contains(body, "and 2900 more statements") {
		t.Errorf("the page of 3001 statements has %d bytes, the one that decided %v", len(body), strings.Contains(body, "· Last"))
	}
	if w := post(c, "/iam/simulate.json", form); w.Body.Len() > 1<<20 {
		t.Errorf("the answer for programs has %d bytes", w.Body.Len())
	}
	policies := url.Values{"action": {"s3:GetObject"}, "identity": {strings.Repeat(statement(`"Action": "a:b", "Resource": "*"`)+"\n", 101)}}
	if body := post(c, "/iam/simulate", policies).Body.String(); !strings.Contains(body, "at most 100 are taken") {
		t.Error("101 policies of a caller are taken")
	}
	long := url.Values{"action": {"s3:GetObject"}, "resource": {strings.Repeat("x", 9<<10)}}
	if body := post(c, "/iam/simulate", long).Body.String(); !strings.Contains(body, "longer than 8 KiB") {
		t.Error("a resource of 9 KiB is taken")
	}
	var sids strings.Builder
	for range 900 {
		sids.WriteString(`{"Sid": "", "Effect": "Allow", "Action": "s3:Nothing", "Resource": "*"},`)
	}
	found := post(c, "/iam/lint", url.Values{"text": {`{"Version": "2012-10-17", "Statement": [` + strings.TrimSuffix(sids.String(), ",") + `]}`}}).Body.String()
	if n := strings.Count(found, "What it means"); n != 300 || !strings.Contains(found, "The first 300 are told") {
		t.Errorf("%d findings are told, want 300 and that there are more", n)
	}
}

func TestOnlyFormsOfPoliciesMayBeLong(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{BasePath: "/ops"}, busySources(t, 1, "quickly"))
	long := url.Values{"signal": {"HUP"}, "x": {strings.Repeat("x", 20<<10)}}
	if w := post(c, "/ops/processes/iam/signal", long); w.Code != http.StatusBadRequest {
		t.Errorf("a long form for a process named iam = %d, want 400", w.Code)
	}
	if w := post(c, "/ops/iam/lint", url.Values{"text": {deadList + strings.Repeat(" ", 20<<10)}}); w.Code != http.StatusOK {
		t.Errorf("a policy of 20 KiB below a base path = %d, want 200", w.Code)
	}
}

func TestActionsAreDescribedAsOnTheCommandLine(t *testing.T) {
	t.Parallel()
	c := newConsole(t, console.Config{}, console.Sources{})
	var doc struct {
		Data struct {
			Actions []struct {
				Action    string
				StarOnly  bool
				Resources []struct{ ConditionKeys []string }
			}
		}
	}
	w := ask(c, "GET", "/iam/actions.json?name=s3:GetObject", "")
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if a := doc.Data.Actions; len(a) != 1 || a[0].Action != "s3:GetObject" || a[0].StarOnly || fmt.Sprint(a[0].Resources) == "[]" {
		t.Errorf("s3:GetObject is described as %+v", a)
	}
	for name, want := range map[string]string{
		"s3:GetObject": "s3:ExistingObjectTag", "s3:HeadBucket": "name=s3%3AListBucket", "s3:GetObjet": "name=s3%3AGetObject",
		"dynamdb:x": "there is no such service", "sqs": "sqs:SendMessage",
	} {
		if body := ask(c, "GET", "/iam/actions?name="+name, "").Body.String(); !strings.Contains(body, want) {
			t.Errorf("the page of %s lacks %q", name, want)
		}
	}
}
