package iam

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
)

// TestStepsOfTemplatesAreBounded matches what makes matching slow, as
// arn.TestStepsAreBounded does.
func TestStepsOfTemplatesAreBounded(t *testing.T) {
	t.Parallel()
	const n = 1024
	most := 0
	var c Context
	c.Set("v", strings.Repeat("a", n/4))
	check := func(rule wildcards, text, s string) {
		var e expansion
		if !e.fill(compileTemplate(text, rule), &c) || !e.rule(rule) {
			return
		}
		ok, steps := e.match(s)
		most = max(most, steps)
		if bound := 6 * (e.n + 1) * (len(s) + 1); steps > bound {
			t.Errorf("%.40q of %d with %.40q of %d = %v in %d steps, want at most %d", text, len(text), s, len(s), ok, steps, bound)
		}
	}
	as := strings.Repeat("a", 2*n)
	check(anyCharacters, "*${v}"+strings.Repeat("a?", n/4)+"b*", as)
	check(resourceSegments, "*:*${v}"+strings.Repeat("a", n/4)+"b:c", strings.Repeat(strings.Repeat("a", 63)+":", n/32))
	check(resourceSegments, "*:*:*:*:*:*${v}"+strings.Repeat("a", n/2)+"b", "a:a:a:a:a:"+as)
	check(resourceSegments, "*:"+strings.Repeat("*a", n/4)+"${v}b:c", strings.Repeat(strings.Repeat("a", n-1)+":", 2))
	check(arnComponents, strings.Repeat("*a*:", 5)+"*${v}b*", strings.Repeat("a:", 5)+as)
	if quadratic := n * n / 8; most < quadratic {
		t.Errorf("the worst takes %d steps: these are no slow patterns", most)
	}
	random := rand.New(rand.NewPCG(1, 2))
	c.Set("v", "a:")
	pieces := []string{"a", "a", "b", ":", ":", "*", "*", "?", "${v}"}
	for range 50_000 {
		var text, s strings.Builder
		for range random.IntN(16) {
			text.WriteString(pieces[random.IntN(len(pieces))])
		}
		for range random.IntN(48) {
			s.WriteByte("aab::"[random.IntN(5)])
		}
		check([]wildcards{anyCharacters, resourceSegments, arnComponents}[random.IntN(3)], text.String(), s.String())
	}
}

// TestCompilingIsBounded reads documents as long as are read, which would take
// memory or time of their length squared if something in them were added up or
// searched naively.
func TestCompilingIsBounded(t *testing.T) {
	var services strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&services, `"%x:b",`, i)
	}
	half := services.String()[:strings.IndexByte(services.String()[services.Len()/2:], ',')+services.Len()/2]
	const all = `"Effect":"Deny","Action":"*","Resource":"*"`
	for name, statements := range map[string]string{
		"escapes in a value":       `{` + all + `,"Condition":{"StringEquals":{"a:b":"` + strings.Repeat("${*}", 200_000) + `"}}}`,
		"services in a statement":  `{"Effect":"Deny","Resource":"*","Action":[` + services.String() + `"z:z"]}`,
		"services and other lists": `{"Effect":"Deny","Resource":"*","Action":[` + half + `]}` + strings.Repeat(",{"+all+"}", 5000),
		"unclosed variables":       `{` + all + `,"Condition":{"StringEquals":{"a:b":"` + strings.Repeat("${a,'", 100_000) + `"}}}`,
	} {
		text := `{"Version":"2012-10-17","Statement":[` + statements + `]}`
		p, problems := Read([]byte(text), ParseOptions{Lenient: true})
		if p == nil {
			t.Fatalf("%s: %v", name, problems)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		c := Compile(p)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > uint64(200*len(text)) {
			t.Errorf("%s: compiling %d bytes takes %d bytes of memory", name, len(text), used)
		}
		indexed := len(c.index.always)
		for _, s := range c.index.services {
			indexed += len(s.statements)
		}
		if indexed > maxIndexed {
			t.Errorf("%s: the index has %d entries", name, indexed)
		}
		set := PolicySet{Identity: []*Compiled{c}}
		if d := set.Decide(&Request{Principal: Principal{Kind: User, Account: "1"}, Action: "3:b", Resource: "*", ResourceAccount: "1"}); (d.Outcome == ExplicitDeny) != strings.Contains(name, "services") {
			t.Errorf("%s: %s", name, d.Reason)
		}
	}
}
