package object_test

import (
	"testing"

	"github.com/berth-project/berth/compat/pop/object"
)

func TestVisibility(t *testing.T) {
	t.Parallel()
	own := object.ParseCaller("u", "user", "Acme|other", "false")
	super := object.ParseCaller("", "", "", "true")
	star := object.ParseCaller("", "", "a|*", "false")
	nobody := object.ParseCaller("", "", "", "false")
	agenda := &object.Agenda{Common: object.Common{CustomerID: "Acme"}}
	wrongCase := &object.Agenda{Common: object.Common{CustomerID: "acme"}}
	ownerless := &object.Agenda{}
	shared := &object.Insight{Common: object.Common{CustomerID: "x"}, Sharing: object.Sharing{AllowedCustomerIDs: []string{"acme"}}}
	global := &object.Template{Common: object.Common{CustomerID: "x"}, Sharing: object.Sharing{IsGlobal: true}}
	for _, c := range []struct {
		name        string
		caller      object.Caller
		object      object.Object
		reads, owns bool
	}{
		{"own", own, agenda, true, true},
		{"case counts", own, wrongCase, false, false},
		{"ownerless", own, ownerless, false, false},
		{"shared", own, shared, true, false},
		{"global", own, global, true, false},
		{"nobody shared", nobody, shared, false, false},
		{"nobody global", nobody, global, true, false},
		{"nobody ownerless", nobody, ownerless, false, false},
		{"super", super, agenda, true, true},
		{"star", star, shared, true, true},
	} {
		if got := c.caller.Reads(c.object); got != c.reads {
			t.Errorf("%s: Reads = %t", c.name, got)
		}
		if got := c.caller.Owns(c.object.Head().CustomerID); got != c.owns {
			t.Errorf("%s: Owns = %t", c.name, got)
		}
	}
}
