package synth

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
)

// Recording says how recorded calls become policies.
type Recording struct {
	// Place fills what the calls do not say.
	Place Place
	// Generalise is how many different names under a common prefix become
	// PREFIX*: 5 where zero; below zero names are never generalised.
	Generalise int
	// FailedOnly takes only the calls that failed, to see what is missing.
	// Otherwise failed calls are left out.
	FailedOnly bool
}

// Program is what one principal of a recording was seen to do.
type Program struct {
	// Principal is who called; empty where the recording does not say.
	Principal string
	Result
	// Calls is how many calls the policies come from.
	Calls int
	// Unmapped are calls about which nothing is known, by name, with their number.
	Unmapped map[string]int
	// Incomplete are the actions on whose resource something was missing, with the
	// names of the missing fields.
	Incomplete map[string][]string
}

const defaultGeneralise = 5

// FromCalls writes a policy for each principal of a recording, in order of
// their names: every call that succeeded is allowed, and as little else as the
// recording gives away.
func FromCalls(calls []Call, r Recording) ([]Program, error) {
	r.Place.Partition = cmp.Or(r.Place.Partition, "aws")
	r.Generalise = cmp.Or(r.Generalise, defaultGeneralise)
	programs := map[string]*trace{}
	for i := range calls {
		c := &calls[i]
		if c.Failed != r.FailedOnly {
			continue
		}
		who := programOf(c.Principal)
		t := programs[who]
		if t == nil {
			t = &trace{recording: r, cat: catalog.Default(), seen: map[string]map[string]int{}, program: Program{
				Principal: who, Unmapped: map[string]int{}, Incomplete: map[string][]string{},
			}}
			programs[who] = t
		}
		t.call(c)
	}
	var out []Program
	for _, who := range slices.Sorted(maps.Keys(programs)) {
		p, err := programs[who].finish()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", cmp.Or(who, "the recording"), err)
		}
		out = append(out, p)
	}
	return out, nil
}

// programOf is the role of a session: one program, however many sessions.
func programOf(principal string) string {
	a, err := arn.Parse(principal)
	if err != nil || a.Service != "sts" {
		return principal
	}
	name, ok := strings.CutPrefix(a.Resource, "assumed-role/")
	if !ok {
		return principal
	}
	role, _, _ := strings.Cut(name, "/")
	return arn.ARN{Partition: a.Partition, Service: "iam", Account: a.Account, Resource: "role/" + role}.String()
}

// trace gathers what one program did.
type trace struct {
	recording Recording
	cat       *catalog.Catalog
	program   Program
	// seen counts the calls of each action on each resource.
	seen map[string]map[string]int
}

func (t *trace) call(c *Call) {
	if c.Action != "" {
		t.authorised(c)
		return
	}
	permissions, free, ok := t.cat.Call(c.Name)
	if free {
		return
	}
	if !ok {
		t.program.Unmapped[c.Name]++
		return
	}
	t.program.Calls++
	for _, p := range permissions {
		if !happened(p.When, c.Parameters) {
			continue
		}
		a, ok := t.cat.Action(p.Action)
		if !ok {
			t.program.Unmapped[c.Name]++
			continue
		}
		f := t.filler(c)
		for _, resource := range f.resources(a, p.Template) {
			t.saw(a.FullName(), resource)
		}
		if len(f.missing) > 0 {
			t.incomplete(a.FullName(), f.missing.sorted())
		}
	}
}

// authorised takes a call of which the recorder knows action and resource.
func (t *trace) authorised(c *Call) {
	a, ok := t.cat.Action(c.Action)
	resource := c.Resource
	if resource == "" || ok && a.StarOnly() {
		resource = "*"
	}
	if !ok || resource != "*" && !usable(a, resource) {
		t.program.Unmapped[c.Action]++
		return
	}
	t.program.Calls++
	if resource != "*" {
		resource = quoted.Replace(resource)
	}
	if resource == "*" && a.NeedsResource() {
		t.incomplete(a.FullName(), []string{"resource"})
	}
	t.saw(a.FullName(), resource)
}

func (t *trace) saw(action, resource string) {
	if t.seen[action] == nil {
		t.seen[action] = map[string]int{}
	}
	t.seen[action][resource]++
}

func (t *trace) incomplete(action string, missing []string) {
	all := append(t.program.Incomplete[action], missing...)
	slices.Sort(all)
	t.program.Incomplete[action] = slices.Compact(all)
}

// finish turns what was seen into policies.
func (t *trace) finish() (Program, error) {
	b := builder{place: t.recording.Place, cat: t.cat, parts: map[part]set{}, why: map[part]set{}}
	for _, action := range slices.Sorted(maps.Keys(t.seen)) {
		a, _ := t.cat.Action(action)
		resources := slices.Sorted(maps.Keys(t.seen[action]))
		if a.Access != catalog.PermissionsManagement {
			resources = generalise(resources, t.recording.Generalise)
		}
		for _, resource := range resources {
			b.add(part{title: seenTitle(resource), resource: resource}, a.Access.String(), action)
		}
	}
	result, err := fit(b.statements(), t.notes())
	t.program.Result = result
	return t.program, err
}

// seenTitle begins the Sid of a resource that was seen: its service and name.
func seenTitle(resource string) string {
	a, err := arn.Parse(resource)
	if err != nil {
		return ""
	}
	return "Seen" + camel(a.Service) + camel(strings.TrimRight(a.Resource, "*"))
}

func (t *trace) notes() []string {
	var notes []string
	for _, name := range slices.Sorted(maps.Keys(t.program.Unmapped)) {
		notes = append(notes, fmt.Sprintf("%s (%d times) is not known: find out which action it takes and add it", name, t.program.Unmapped[name]))
	}
	for _, action := range slices.Sorted(maps.Keys(t.program.Incomplete)) {
		notes = append(notes, fmt.Sprintf("the recording does not say everything about %s: %s is * in its resource; write what it is",
			action, strings.Join(t.program.Incomplete[action], ", ")))
	}
	return notes
}

// Allowed are the actions the policies of a program allow, sorted.
func (p Program) Allowed() []string {
	actions := set{}
	for _, policy := range p.Policies {
		for _, s := range policy.Statements {
			for _, a := range s.Actions.Values {
				actions[a] = true
			}
		}
	}
	return actions.sorted()
}

// Unused returns the known actions that policies allow and the program was not
// seen to use, sorted.
func (p Program) Unused(policies []*iam.Policy) []string {
	used := set{}
	for _, a := range p.Allowed() {
		used[a] = true
	}
	unused := set{}
	for _, policy := range policies {
		for _, s := range policy.Statements {
			if s.Effect != iam.Allow || s.Actions.Not {
				continue
			}
			for _, pattern := range s.Actions.Values {
				for _, a := range catalog.Default().Expand(pattern) {
					if !used[a.FullName()] {
						unused[a.FullName()] = true
					}
				}
			}
		}
	}
	return unused.sorted()
}
