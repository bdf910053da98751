package catalog_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam/catalog"
	"github.com/berth-project/berth/internal/glob"
)

func TestCountsAreThoseOfTheIndex(t *testing.T) {
	t.Parallel()
	index := readJSON[map[string]struct{ Actions, Resources, ConditionKeys int }](t, "index.json")
	if got := len(catalog.Default().Services()); got != len(index) {
		t.Errorf("there are %d services, want %d", got, len(index))
	}
	for prefix, want := range index {
		s, ok := catalog.Default().Service(strings.ToUpper(prefix))
		if !ok {
			t.Errorf("Service(%q) is not there", prefix)
			continue
		}
		if len(s.Actions) != want.Actions || len(s.Resources) != want.Resources || len(s.Keys) != want.ConditionKeys {
			t.Errorf("%s has %d actions, %d resources, %d keys, want %+v", prefix, len(s.Actions), len(s.Resources), len(s.Keys), want)
		}
	}
}

func TestEveryResourceAnActionTakesIsThere(t *testing.T) {
	t.Parallel()
	for _, s := range catalog.Default().Services() {
		for _, a := range s.Actions {
			for _, u := range a.Resources {
				if u.Resource == nil {
					t.Fatalf("%s takes a type of resource that %s does not have", a.FullName(), s.Prefix)
				}
				if !u.Resource.Denotes(u.Resource.Pattern()) {
					t.Errorf("%s: %s does not denote itself", a.FullName(), u.Resource.Template)
				}
			}
		}
	}
}

func TestAction(t *testing.T) {
	t.Parallel()
	a, ok := catalog.Default().Action("S3:getobject")
	if !ok || a.FullName() != "s3:GetObject" || a.Access != catalog.Read || a.StarOnly() {
		t.Errorf("Action(S3:getobject) = %+v, %v", a, ok)
	}
	if a, _ := catalog.Default().Action("ecr:GetAuthorizationToken"); !a.StarOnly() {
		t.Error("ecr:GetAuthorizationToken takes a resource")
	}
	for _, name := range []string{"s3:HeadBucket", "s3", "", "nowhere:Go", ":GetObject"} {
		if a, ok := catalog.Default().Action(name); ok {
			t.Errorf("Action(%q) = %s, want none", name, a.FullName())
		}
	}
}

func TestExpandIsWhatTheWildcardMatches(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"*", "s3:*", "s3:Get*", "SQS:*message", "dynamodb:*Table", "iam:PassRole", "*:List*", "s?s:Send*", "sqs:*MessageBatch", "s3", "nowhere:*"} {
		var want []string
		for _, s := range catalog.Default().Services() {
			for _, a := range s.Actions {
				if glob.MatchFold(pattern, a.FullName()) {
					want = append(want, a.FullName())
				}
			}
		}
		var got []string
		for _, a := range catalog.Default().Expand(pattern) {
			got = append(got, a.FullName())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Expand(%q) (-want +got):\n%s", pattern, diff)
		}
	}
}

func TestRCPSupported(t *testing.T) {
	t.Parallel()
	for _, prefix := range readJSON[[]string](t, "rcp-supported-services.json") {
		if !catalog.RCPSupported(prefix) || !catalog.RCPSupported(strings.ToUpper(prefix)) {
			t.Errorf("RCPSupported(%q) = false", prefix)
		}
		if !catalog.Default().KnownPrefix(prefix) {
			t.Errorf("KnownPrefix(%q) = false", prefix)
		}
	}
	for _, prefix := range []string{"ec2", "iam", "", "s", "s3x", "[", `"s3"`} {
		if catalog.RCPSupported(prefix) {
			t.Errorf("RCPSupported(%q) = true", prefix)
		}
	}
}

// Names are searched for by halves, so they have to be in order.
func TestNamesAreInOrder(t *testing.T) {
	t.Parallel()
	inOrder := func(what string, names []string) {
		for i := 1; i < len(names); i++ {
			if strings.ToLower(names[i-1]) >= strings.ToLower(names[i]) {
				t.Errorf("%s: %q stands before %q", what, names[i-1], names[i])
			}
		}
	}
	c := catalog.Default()
	inOrder("prefixes", c.Prefixes())
	inOrder("calls", c.Calls())
	var services []string
	for _, s := range c.Services() {
		services = append(services, s.Prefix)
		var actions, resources []string
		for _, a := range s.Actions {
			actions = append(actions, a.Name)
			if got, ok := c.Action(strings.ToUpper(a.FullName())); !ok || got != a {
				t.Errorf("Action(%q) is another one", a.FullName())
			}
		}
		for _, r := range s.Resources {
			resources = append(resources, r.Type)
		}
		inOrder(s.Prefix, actions)
		inOrder(s.Prefix, resources)
		if !c.KnownPrefix(s.Prefix) {
			t.Errorf("KnownPrefix(%q) = false", s.Prefix)
		}
	}
	inOrder("services", services)
}

// What the packed catalogue says is what data/ says, action by action.
func TestActionsAreThoseOfTheData(t *testing.T) {
	t.Parallel()
	for _, prefix := range prefixes(t) {
		want := readService(t, prefix)
		s, _ := catalog.Default().Service(prefix)
		got := serviceFile{Service: s.Prefix, Name: s.Name}
		for _, a := range s.Actions {
			facts := actionFacts{Access: a.Access.String(), ConditionKeys: a.Keys, DependentActions: a.Dependent}
			for _, u := range a.Resources {
				facts.Resources = append(facts.Resources, use{u.Resource.Type, u.Required, u.Keys, u.Dependent})
			}
			if diff := cmp.Diff(want.Actions[a.Name], facts); diff != "" {
				t.Errorf("%s (-want +got):\n%s", a.FullName(), diff)
			}
		}
		for _, r := range s.Resources {
			if w := want.Resources[r.Type]; !slices.Equal(r.Keys, w.ConditionKeys) || !strings.HasPrefix(w.ARN, r.Template) {
				t.Errorf("%s %s is %+v, want %+v", prefix, r.Type, r, w)
			}
		}
		for _, k := range s.Keys {
			word := k.Type.String()
			if k.Multi {
				word = "ArrayOf" + word
			}
			if word != want.ConditionKeys[k.Name] {
				t.Errorf("%s is of type %s, want %s", k.Name, word, want.ConditionKeys[k.Name])
			}
		}
		if got.Service != want.Service || got.Name != want.Name {
			t.Errorf("service %s is %q %q, want %q", prefix, got.Service, got.Name, want.Name)
		}
	}
}

func TestQuestionsDoNotAllocate(t *testing.T) {
	c := catalog.Default()
	put, _ := c.Action("s3:PutObject")
	service := []byte("s3") // as the evaluator has it
	for name, ask := range map[string]func(){
		"Action":      func() { c.Action("S3:GetObject") },
		"KnownPrefix": func() { c.KnownPrefix("DynamoDB") },
		"Key":         func() { c.Key("s3:ExistingObjectTag/team") },
		"Supports":    func() { c.Supports(put, "aws:requesttag/team") },
		"Call":        func() { c.Call("S3.ListObjectsV2") },
		"RCP":         func() { catalog.RCPSupported(string(service)) },
	} {
		ask()
		if n := testing.AllocsPerRun(50, ask); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func TestLicenceGoesAlong(t *testing.T) {
	t.Parallel()
	if l := catalog.License(); !strings.HasPrefix(l, "MIT License") || !strings.Contains(l, "Copyright (c) 2024 Cloud Copilot") {
		t.Errorf("License() = %.60q", l)
	}
}

func BenchmarkUnpack(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		catalog.Unpack()
	}
}

func BenchmarkAction(b *testing.B) {
	c := catalog.Default()
	for b.Loop() {
		c.Action("s3:GetObject")
	}
}

func BenchmarkExpand(b *testing.B) {
	c := catalog.Default()
	for _, pattern := range []string{"s3:Get*", "ec2:*", "*"} {
		b.Run(pattern, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.Expand(pattern)
			}
		})
	}
}

func BenchmarkTakes(b *testing.B) {
	a, _ := catalog.Default().Action("s3:GetObject")
	b.ReportAllocs()
	for b.Loop() {
		a.Takes("arn:aws:s3:::bucket/path/*")
	}
}
