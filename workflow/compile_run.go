package workflow

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"

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
		to := top.child("callbacks").item(i).child("to")
		p.callbacks = append(p.callbacks, c.text(d.Callbacks[i].To, to, site{}))
		c.destination(d.Callbacks[i].To, to)
	}
}

// destination tells of a callback that can reach nobody. What has references in it
// is known only when a run begins.
func (c *compiler) destination(to string, t *trail) {
	if strings.Contains(to, "${") || to == "" {
		return
	}
	if formats["type"].pattern.MatchString(to) && !strings.Contains(to, "://") {
		return
	}
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		c.problems.add(codeCallback, t, fmt.Sprintf("%.80q is neither an http or https URL nor the name of a destination", to), "")
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
