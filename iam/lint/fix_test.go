package lint_test

import (
	"strings"
	"testing"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
	"github.com/berth-project/berth/iam/lint"
)

// TestSafeFixesChangeNoDecision applies all safe fixes to every case and asks
// the documents before and after the same questions.
func TestSafeFixesChangeNoDecision(t *testing.T) {
	t.Parallel()
	asked, mendedCases := 0, 0
	for _, c := range codeCases(t) {
		if c.Repeat > 0 {
			continue // asks the same again and again
		}
		kind := c.kind(t)
		text := c.text(t)
		fixed, mended, err := lint.Mend([]byte(text), c.judge(t, text), lint.SafeFixes)
		if err != nil || len(mended) == 0 {
			continue
		}
		before, problems := iam.Read([]byte(text), iam.ParseOptions{Kind: kind})
		after, _ := iam.Read(fixed, iam.ParseOptions{Kind: kind})
		if refusedByReader(problems) || before == nil || after == nil {
			continue // it decided nothing
		}
		mendedCases++
		for _, r := range questions(before, after) {
			asked++
			was, is := decide(before, r), decide(after, r)
			if was != is {
				t.Errorf("%s: %s on %s with %v was %v and is %v after %s, from\n%s\nto\n%s",
					c.Code, r.Action, r.Resource, r.Context.Keys(), was, is, mended[0].Fix.Description, text, fixed)
			}
		}
	}
	if asked < 1000 || mendedCases < 20 {
		t.Errorf("%d questions about %d documents, too few to tell anything", asked, mendedCases)
	}
}

func refusedByReader(problems iam.Problems) bool {
	for _, p := range problems {
		if !p.Tolerated {
			return true
		}
	}
	return false
}

func decide(p *iam.Policy, r *iam.Request) iam.Outcome {
	set := &iam.PolicySet{}
	switch {
	case p.Kind == iam.TrustPolicy:
		set.Target, set.Resource = iam.RoleTrust, iam.Compile(p)
	case p.Kind.HasPrincipal():
		set.Resource = iam.Compile(p)
	default:
		set.Identity = []*iam.Compiled{iam.Compile(p)}
	}
	return set.Decide(r).Outcome
}

// questions are requests made of the patterns of the documents: what they say
// and what is close to it.
func questions(policies ...*iam.Policy) []*iam.Request {
	var actions, resources []string
	contexts := []map[string]string{{}}
	for _, p := range policies {
		for _, s := range p.Statements {
			for _, pattern := range s.Actions.Values {
				actions = append(actions, filled(pattern, "GetObject")...)
			}
			for _, pattern := range s.Resources.Values {
				resources = append(resources, filled(pattern, "x/y")...)
			}
			for _, c := range s.Conditions {
				for _, v := range c.Values {
					contexts = append(contexts, map[string]string{c.Key: v.Text}, map[string]string{c.Key: "203.0.113.200"}, map[string]string{c.Key: "50"})
				}
			}
		}
	}
	resources = append(resources, "*", "arn:aws:s3:::other/key")
	var all []*iam.Request
	for _, action := range append(actions, "s3:PutObject") {
		if _, ok := catalog.Default().Action(action); !ok {
			continue // nobody asks for what there is not
		}
		for _, resource := range resources {
			for _, keys := range contexts {
				all = append(all, &iam.Request{
					Principal: iam.Principal{Kind: iam.AssumedRole, ARN: "arn:aws:sts::111122223333:assumed-role/reader/s", RoleARN: "arn:aws:iam::111122223333:role/reader", Account: "111122223333"},
					Action:    action, Resource: resource, ResourceAccount: "111122223333", Context: iam.NewContext(keys),
				})
			}
		}
	}
	return all
}

// filled returns texts that a pattern matches.
func filled(pattern, word string) []string {
	pattern = strings.ReplaceAll(pattern, "?", "q")
	if !strings.Contains(pattern, "*") {
		return []string{pattern}
	}
	return []string{strings.ReplaceAll(pattern, "*", ""), strings.ReplaceAll(pattern, "*", word)}
}

// TestSafeFixesSettle applies safe fixes to every case until there are none.
func TestSafeFixesSettle(t *testing.T) {
	t.Parallel()
	const rounds = 6
	for _, c := range codeCases(t) {
		if c.Repeat > 0 {
			continue
		}
		text := c.text(t)
		for round := range rounds {
			fixed, mended, err := lint.Mend([]byte(text), c.judge(t, text), lint.SafeFixes)
			if err != nil || len(mended) == 0 {
				break
			}
			if round == rounds-1 {
				t.Errorf("%s: still mending %s in\n%s", c.Code, mended[0].Code, text)
			}
			text = string(fixed)
		}
	}
}
