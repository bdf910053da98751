package space

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/internal/glob"
)

func joined(random *rand.Rand, pieces []string, most int) string {
	var b strings.Builder
	for range random.IntN(most) {
		b.WriteString(pieces[random.IntN(len(pieces))])
	}
	return b.String()
}

// TestTemplatesMatchAsTheEvaluator compares patterns with the matchers of the
// evaluator, by every rule.
func TestTemplatesMatchAsTheEvaluator(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 1))
	matched := 0
	for range 60_000 {
		pattern := joined(random, []string{"a", "b", ":", ":", "*", "*", "?", "a:", "::"}, 12)
		value := joined(random, []string{"a", "b", ":", ":", "::", "é"}, 12)
		for r, want := range map[rule]bool{
			noWildcards:      pattern == value,
			anyCharacters:    glob.Match(pattern, value),
			resourceSegments: arn.MatchResource(pattern, value),
			arnComponents:    arn.Match(pattern, value),
		} {
			tmpl := newTemplate(pattern, r, false)
			p, none := tmpl.exact(nil)
			if got := !none && p.Match(value); got != want {
				t.Fatalf("rule %d: %q matches %q: %v, want %v", r, pattern, value, got, want)
			}
			x := tmpl.text(symbols{})
			if x.finish(); x.matches(value) != want {
				t.Fatalf("rule %d: text %q matches %q: %v, want %v", r, pattern, value, !want, want)
			}
			if want {
				matched++
			}
		}
	}
	if matched < 1000 {
		t.Errorf("only %d pairs match", matched)
	}
}

// TestVariablesMatchAsTheEvaluator does the same with values in place of
// variables, and checks what is said of them while they are open: what the
// template matches its pattern matches.
func TestVariablesMatchAsTheEvaluator(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 1))
	matched := 0
	for range 20_000 {
		pattern := joined(random, []string{"a", "b", ":", ":", "*", "?", "::", "${v}", "${V}", "${w, 'b:'}", "${*}"}, 10)
		value := joined(random, []string{"a", "b", ":", ":", "::", "*"}, 12)
		v := joined(random, []string{"a", ":", "b", "*"}, 4)
		p := iam.Policy{Version: iam.Version2012, Statements: []iam.Statement{{
			Effect: iam.Allow, Actions: iam.Elements{Values: []string{"*"}}, Resources: iam.Elements{Values: []string{pattern}},
		}}}
		req := iam.Request{Principal: iam.Principal{Kind: iam.User, Account: "1"}, Action: "a:b", Resource: value, ResourceAccount: "1"}
		req.Context.Set("v", v)
		want := NewJudge([]*iam.Policy{&p}, Any).Allows(&req)
		tmpl := newTemplate(pattern, resourceSegments, true)
		got, none := tmpl.exact(values{"v": v})
		if (!none && got.Match(value)) != want {
			t.Fatalf("%q with %q matches %q: %v, want %v", pattern, v, value, !want, want)
		}
		open := tmpl.text(symbols{})
		if want && (open.none || !open.pattern.Match(value)) {
			t.Fatalf("%q with %q matches %q, but not while open", pattern, v, value)
		}
		if want {
			matched++
		}
	}
	if matched < 500 {
		t.Errorf("only %d match", matched)
	}
}
