package workflow

import (
	"crypto/sha256"
	"maps"
	"reflect"
	"slices"

	"github.com/berth-project/berth/internal/diagnostic"
)

// check compiles a document that was built, not read.
func check(d *Document) (*Plan, diagnostic.List) {
	ps := &problems{}
	checkFields(ps, reflect.ValueOf(d).Elem())
	p := compile(d, ps)
	return p, ps.list
}

// run compiles what belongs to the run as a whole.
func (c *compiler) run() {
	d, p := c.plan.doc, c.plan
	var top *trail
	p.key = c.text(d.Key, top.child("key"), site{})
	p.output = c.template(d.Output, top.child("output"), site{steps: true})
	for _, name := range sortedKeys(d.Labels) {
		p.labels = append(p.labels, namedTemplate{name, c.text(d.Labels[name], top.child("labels").child(name), site{})})
	}
	for i := range d.Callbacks {
		p.callbacks = append(p.callbacks, c.text(d.Callbacks[i].To, top.child("callbacks").item(i).child("to"), site{}))
	}
}

// seal fills in the canonical text of a plan without problems.
func (c *compiler) seal() {
	canonical, err := c.plan.doc.Canonical()
	if err != nil { // templates and schemas have been parsed: told already
		c.problems.add(codeText, nil, err.Error(), "")
		return
	}
	c.plan.canonical, c.plan.hash = canonical, sha256.Sum256(canonical)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
