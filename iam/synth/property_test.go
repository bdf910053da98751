package synth

import (
	"strings"
	"testing"
	"time"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
	"github.com/berth-project/berth/iam/lint"
)

var place = Place{Account: "210987654321", Region: "eu-central-1"}

// inherent are findings that say what a need itself means, whatever policy
// grants it.
var inherent = map[string]string{
	"ingress open": "SEC_NETWORK_EXPOSURE",     // IAM cannot limit port and addresses
	"image pull":   "SEC_CREDENTIALS_EXPOSURE", // a pull begins with a token
	"image push":   "SEC_CREDENTIALS_EXPOSURE",
}

// needsOf is each kind with each of its words.
func needsOf(t *testing.T, visit func(t *testing.T, k *Kind, a Access, n Need)) {
	for i := range kinds {
		k := &kinds[i]
		for _, a := range k.Accesses {
			n := Need{Resource: k.Name + ":" + sampleNames[k.Name], Access: []string{a.Word}}
			if a.Word == "pass" {
				n.Service = "ecs-tasks.amazonaws.com"
			}
			t.Run(k.Name+" "+a.Word, func(t *testing.T) {
				t.Parallel()
				visit(t, k, a, n)
			})
		}
	}
}

func TestWhatIsWrittenPassesTheLinter(t *testing.T) {
	t.Parallel()
	needsOf(t, func(t *testing.T, k *Kind, a Access, n Need) {
		r, err := FromNeeds([]Need{n}, place)
		if err != nil {
			t.Fatal(err)
		}
		expected := inherent[k.Name+" "+a.Word]
		found := expected == ""
		for _, p := range r.Policies {
			read, problems := iam.Read(iam.Format(p, iam.FormatOptions{}), iam.ParseOptions{Kind: iam.IdentityPolicy})
			for _, f := range lint.Policy(read, problems, lint.Options{Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), OwnAccounts: []string{place.Account}}) {
				if f.Code == expected {
					found = true
					continue
				}
				t.Errorf("%s %s at %s: %s", f.Level, f.Code, f.Path, f.Message)
			}
		}
		if !found {
			t.Errorf("%s is not found: what the need means goes unsaid", expected)
		}
	})
}

// TestWhatIsWrittenAllowsWhatIsDeclaredOnly asks the evaluator about every
// action of the services a policy is about, on the resource, on its parts, and
// on others of the kind.
func TestWhatIsWrittenAllowsWhatIsDeclaredOnly(t *testing.T) {
	t.Parallel()
	needsOf(t, func(t *testing.T, k *Kind, a Access, n Need) {
		r, err := FromNeeds([]Need{n}, place)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Policies) != 1 {
			t.Fatalf("FromNeeds() gives %d policies, want 1", len(r.Policies))
		}
		q := question{set: &iam.PolicySet{Identity: []*iam.Compiled{iam.Compile(r.Policies[0])}}, kind: k, access: a}
		q.declared = declared(k, a)
		for prefix := range services(k, a) {
			s, _ := catalog.Default().Service(prefix)
			for _, action := range s.Actions {
				q.ask(t, action)
			}
		}
		if q.allowed == 0 {
			t.Error("nothing is allowed")
		}
	})
}

// declared are the actions of a word by the form they are granted on.
func declared(k *Kind, a Access) map[string]set {
	out := map[string]set{}
	for _, g := range a.grants {
		if out[g.on] == nil {
			out[g.on] = set{}
		}
		for _, action := range g.actions {
			out[g.on][action] = true
		}
	}
	return out
}

func services(k *Kind, a Access) set {
	out := set{k.prefix: true}
	for _, g := range a.grants {
		for _, action := range g.actions {
			prefix, _, _ := strings.Cut(action, ":")
			out[prefix] = true
		}
	}
	return out
}

type question struct {
	set      *iam.PolicySet
	kind     *Kind
	access   Access
	declared map[string]set
	allowed  int
}

func (q *question) ask(t *testing.T, action *catalog.Action) {
	name := action.FullName()
	if name == "sts:GetCallerIdentity" {
		return // nobody can be refused it
	}
	q.expect(t, name, "*", q.declared["*"][name])
	if action.StarOnly() {
		return // it is asked about no resource
	}
	for form := range q.kind.forms {
		here := concrete(sample(q.kind, form))
		want := q.declared[form][name]
		q.expect(t, name, here, want)
		q.expect(t, name, strings.Replace(here, sampleNames[q.kind.Name], "other", 1), false)
		q.expect(t, name, strings.Replace(here, place.Account, "444455556666", 1), want && !strings.Contains(here, place.Account))
		q.expect(t, name, strings.Replace(here, place.Region, "us-east-1", 1), want && !strings.Contains(here, place.Region))
	}
}

// concrete is a resource that a pattern names.
func concrete(pattern string) string {
	return strings.NewReplacer("*", "x1", "?", "a").Replace(pattern)
}

func (q *question) expect(t *testing.T, action, resource string, want bool) {
	req := iam.Request{
		Principal: iam.Principal{
			Kind: iam.AssumedRole, Account: place.Account,
			ARN:     "arn:aws:sts::210987654321:assumed-role/web/1",
			RoleARN: "arn:aws:iam::210987654321:role/web",
		},
		Action: action, Resource: resource, ResourceAccount: place.Account,
		Context: iam.NewContext(map[string]string{"iam:PassedToService": "ecs-tasks.amazonaws.com", "cloudwatch:namespace": "Acme/App"}),
	}
	got := q.set.Decide(&req).Allowed()
	if got != want {
		t.Errorf("%s on %s: allowed %v, want %v", action, resource, got, want)
	}
	if got {
		q.allowed++
	}
}

func TestConditionsNarrowWhatIsWritten(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		need              Need
		action, resource  string
		key, value, wrong string
	}{
		{Need{Resource: "bucket:media", Access: []string{"list"}, Prefix: "raw/"}, "s3:ListBucket", "arn:aws:s3:::media", "s3:prefix", "raw/2024", "private/"},
		{Need{Resource: "metric:Acme/App", Access: []string{"write"}}, "cloudwatch:PutMetricData", "*", "cloudwatch:namespace", "Acme/App", "Other"},
		{
			Need{Resource: "role:deploy", Access: []string{"pass"}, Service: "ecs-tasks.amazonaws.com"},
			"iam:PassRole", "arn:aws:iam::210987654321:role/deploy", "iam:PassedToService", "ecs-tasks.amazonaws.com", "ec2.amazonaws.com",
		},
		{
			Need{Resource: "queue:jobs", Access: []string{"send"}, Key: "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
			"kms:GenerateDataKey", "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
			"kms:ViaService", "sqs.eu-central-1.amazonaws.com", "s3.eu-central-1.amazonaws.com",
		},
	} {
		r, err := FromNeeds([]Need{c.need}, place)
		if err != nil {
			t.Fatal(err)
		}
		s := &iam.PolicySet{Identity: []*iam.Compiled{iam.Compile(r.Policies[0])}}
		ask := func(ctx map[string]string) bool {
			return s.Decide(&iam.Request{
				Principal: iam.Principal{Kind: iam.User, ARN: "arn:aws:iam::210987654321:user/u", Account: place.Account},
				Action:    c.action, Resource: c.resource, ResourceAccount: place.Account, Context: iam.NewContext(ctx),
			}).Allowed()
		}
		if !ask(map[string]string{c.key: c.value}) {
			t.Errorf("%s with %s = %s is refused", c.action, c.key, c.value)
		}
		if ask(map[string]string{c.key: c.wrong}) {
			t.Errorf("%s with %s = %s is allowed", c.action, c.key, c.wrong)
		}
		if ask(nil) {
			t.Errorf("%s without %s is allowed", c.action, c.key)
		}
	}
}
