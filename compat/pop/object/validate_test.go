package object_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/token"
)

func TestValidateTellsAtMostTenIssues(t *testing.T) {
	t.Parallel()
	a := object.Agenda{Common: object.Common{CustomerID: "c"}}
	for i := range 15 {
		a.Operations = append(a.Operations, object.Operation{
			Name: fmt.Sprintf("o%d", i), Payload: json.RawMessage(`"@<nobody.out>"`),
		})
	}
	got := issues(t, a.Validate(token.Native))
	if n := strings.Count(got, "Invalid references"); n != object.MaxIssues || !strings.HasSuffix(got, "and 5 more") {
		t.Errorf("Validate told %d issues: %s", n, got)
	}
}

func TestValidateInEachReading(t *testing.T) {
	t.Parallel()
	agenda := func(operations string) *object.Agenda {
		a := decode[object.Agenda](t, []byte(`{"customerId": "c", "operations": [`+operations+`]}`))
		return &a
	}
	for _, c := range []struct{ operations, native, quirks string }{
		{`{"name": "a"}, {"name": "b"}, {"name": "c", "payload": "@<a.out::/x>/@<b.out>"}`, "", ""},
		{`{"name": "a"}, {"name": "b"}, {"name": "c", "payload": "@<a.out>/@<b.out>"}`, "", "Invalid references in operation c: @<a.out>/@<b.out>"},
		{`{"name": "a"}, {"name": "b", "params": {"dependsOn": " a , a,"}}`, "", ""},
		{`{"name": "a", "params": {"dependsOn": "b"}}, {"name": "b", "payload": "@<a.out>"}`, "circular reference: a → b → a", ""},
		{`{"name": "a", "payload": "@<A.out>"}`, "Invalid references in operation a: @<A.out>", "Invalid references in operation a: @<A.out>"},
		{`{"name": "a", "payload": "@<static>"}`, "Invalid references in operation a: @<static>", "Invalid references"},
		{`{"name": "` + strings.Repeat("n", object.MaxName+1) + `"}`, "longer than", "longer than"},
	} {
		check := func(m token.Mode, want string) {
			if got := issues(t, agenda(c.operations).Validate(m)); !strings.Contains(got, want) || want == "" && got != "" {
				t.Errorf("Validate of %s, mode %d: %q, want %q", c.operations, m, got, want)
			}
		}
		check(token.Native, c.native)
		check(token.Quirks, c.quirks)
	}
}
