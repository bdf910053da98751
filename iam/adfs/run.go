package adfs

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
)

// Run is what rules make of a user.
type Run struct {
	// Issued are the claims that go out, in the order they were issued.
	Issued []Claim
	// Steps has an entry for each rule.
	Steps []Step
}

// Step is one rule having run.
type Step struct {
	// Rule counts from 0; Name is its RuleName.
	Rule int
	Name string
	// At is where the rule begins.
	At iam.Position
	// Times is how often its conditions held.
	Times int
	// Added are the claims it made for the rules behind it, Issued those that
	// also go out.
	Added, Issued []Claim
	// Notes say why it did nothing, or what could not be run here.
	Notes []string

	rewrites []rewrite
}

// rewrite is one RegExReplace having run.
type rewrite struct {
	call    *replacement
	in, out string
	matches int
	groups  []string
	at      iam.Position
}

// Run runs the rules for a user. The error is about the user, or about rules
// that make more of it than is sensible.
func (r *Rules) Run(u User) (*Run, error) {
	if err := u.check(); err != nil {
		return nil, err
	}
	e := engine{user: &u, claims: u.incoming(), run: &Run{}}
	for i := range r.rules {
		e.rule = &r.rules[i]
		e.step = Step{Rule: i, Name: e.rule.name, At: e.rule.at}
		if err := e.runRule(); err != nil {
			return nil, fmt.Errorf("rule %d at %d:%d: %w", i+1, e.rule.at.Line, e.rule.at.Column, err)
		}
		e.run.Steps = append(e.run.Steps, e.step)
	}
	return e.run, nil
}

// engine runs one rule after the other.
type engine struct {
	user   *User
	claims []Claim // what rules see
	run    *Run
	rule   *rule
	step   Step
	// bound are the claims that the conditions so far have chosen, as places in
	// claims.
	bound []binding
	made  []Claim // by this rule: it does not see them itself
	done  int     // units of work
}

type binding struct {
	variable string
	claim    int
}

func (e *engine) runRule() error {
	e.bound, e.made = e.bound[:0], nil
	if err := e.match(0); err != nil {
		return err
	}
	if e.step.Times == 0 {
		e.step.Notes = append(e.step.Notes, "its conditions hold for no claim")
	}
	e.claims = append(e.claims, e.made...)
	if e.rule.issuance.issue {
		e.step.Issued = e.made
		e.run.Issued = append(e.run.Issued, e.made...)
	} else {
		e.step.Added = e.made
	}
	if len(e.claims) > maxClaims {
		return fmt.Errorf("more than %d claims", maxClaims)
	}
	return nil
}

// match tries the conditions from the i-th on; where all hold, the rule runs.
func (e *engine) match(i int) error {
	if i == len(e.rule.conditions) {
		e.step.Times++
		return e.issue()
	}
	c := &e.rule.conditions[i]
	if c.aggregate != each {
		ok, err := e.aggregate(c)
		if err != nil || !ok {
			return err
		}
		return e.match(i + 1)
	}
	for j := range e.claims {
		ok, err := e.passes(c, &e.claims[j])
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		e.bound = append(e.bound, binding{c.variable, j})
		if err := e.match(i + 1); err != nil {
			return err
		}
		e.bound = e.bound[:len(e.bound)-1]
	}
	return nil
}

// aggregate evaluates EXISTS, NOT EXISTS or COUNT.
func (e *engine) aggregate(c *condition) (bool, error) {
	n := 0
	for j := range e.claims {
		ok, err := e.passes(c, &e.claims[j])
		if err != nil {
			return false, err
		}
		if ok {
			n++
		}
	}
	switch c.aggregate {
	case exists:
		return n > 0, nil
	case notExists:
		return n == 0, nil
	}
	switch c.operator {
	case "==":
		return n == c.number, nil
	case "!=":
		return n != c.number, nil
	case ">=":
		return n >= c.number, nil
	case "<=":
		return n <= c.number, nil
	case ">":
		return n > c.number, nil
	}
	return n < c.number, nil
}

// passes reports whether a claim passes the tests of a condition.
func (e *engine) passes(c *condition, claim *Claim) (bool, error) {
	if err := e.work(1); err != nil {
		return false, err
	}
	for i := range c.tests {
		t := &c.tests[i]
		value := claim.get(t.property)
		var ok bool
		if t.pattern != nil {
			if err := e.work(t.pattern.cost(value)); err != nil {
				return false, err
			}
			ok = t.pattern.re.MatchString(value)
		} else {
			operand, err := e.evaluate(&t.operand)
			if err != nil {
				return false, err
			}
			ok = value == operand
		}
		if ok == strings.HasPrefix(t.operator, "!") {
			return false, nil
		}
	}
	return true, nil
}

// work counts units of work: claims looked at, and regular expressions by what
// they can cost.
func (e *engine) work(n int) error {
	if e.done += n; e.done > maxWork {
		return errors.New("more work than is sensible: too many conditions for too many groups")
	}
	return nil
}

// cost returns the units of work of matching a value: the engine takes time in
// proportion to both.
func (p *pattern) cost(value string) int { return len(p.text) * len(value) >> 10 }

// issue makes the claims of one match.
func (e *engine) issue() error {
	i := &e.rule.issuance
	switch {
	case i.copy != "":
		c := *e.claim(i.copy)
		return e.make(c)
	case i.query != nil:
		return e.query(i.query)
	}
	c := Claim{ValueType: typeString, Issuer: federationIssuer, OriginalIssuer: federationIssuer, Groups: e.groups()}
	for f := range i.fields {
		v, err := e.evaluate(&i.fields[f].value)
		if err != nil {
			return err
		}
		c.set(i.fields[f].property, v)
	}
	return e.make(c)
}

// make appends a claim.
func (e *engine) make(c Claim) error {
	if len(e.claims)+len(e.made) >= maxClaims {
		return fmt.Errorf("more than %d claims", maxClaims)
	}
	e.made = append(e.made, c)
	return nil
}

// query asks a store.
func (e *engine) query(q *query) error {
	note := func(format string, args ...any) error {
		if s := fmt.Sprintf(format, args...); !slices.Contains(e.step.Notes, s) {
			e.step.Notes = append(e.step.Notes, s)
		}
		return nil
	}
	params := make([]string, len(q.params))
	for i := range q.params {
		v, err := e.evaluate(&q.params[i])
		if err != nil {
			return err
		}
		params[i] = v
	}
	if q.store != activeDirectory {
		return note("the store %q cannot be asked here: nothing is issued", q.store)
	}
	if q.filter != "" {
		return note("the LDAP filter %q cannot be run here: nothing is issued", clip(q.filter))
	}
	account := placeholder.ReplaceAllStringFunc(q.account, func(m string) string { return params[number10(m[1:len(m)-1])] })
	if !strings.EqualFold(account, e.user.Account) {
		return note("asks for the account %q, which is not the user's: nothing is issued", clip(account))
	}
	for i, name := range q.attributes {
		values, known := e.user.attribute(name)
		if !known {
			_ = note("%s cannot be had here: nothing is issued for it", name)
		}
		for _, v := range values {
			v.Type, v.ValueType, v.Issuer, v.OriginalIssuer = q.types[i], typeString, directoryIssuer, directoryIssuer
			v.Groups = union(e.groups(), v.Groups)
			if err := e.make(v); err != nil {
				return err
			}
		}
	}
	return nil
}

// claim returns the claim a variable stands for.
func (e *engine) claim(variable string) *Claim {
	for _, b := range e.bound {
		if b.variable == variable {
			return &e.claims[b.claim]
		}
	}
	return &Claim{} // the parser has seen to it that there is one
}

// groups are the groups that the chosen claims were made from.
func (e *engine) groups() []string {
	var out []string
	for _, b := range e.bound {
		out = union(out, e.claims[b.claim].Groups)
	}
	return out
}

// evaluate returns the text an expression stands for.
func (e *engine) evaluate(x *expression) (string, error) {
	switch x.kind {
	case literal:
		return x.text, nil
	case reference:
		return e.claim(x.variable).get(x.property), nil
	case regexReplace:
		in, err := e.evaluate(&x.parts[0])
		if err != nil {
			return "", err
		}
		if err := e.work(x.replace.pattern.cost(in)); err != nil {
			return "", err
		}
		out, n := x.replace.pattern.replace(in, x.replace.with)
		e.step.rewrites = append(e.step.rewrites, rewrite{call: x.replace, in: in, out: out, matches: n, groups: e.groups(), at: x.at})
		return out, tooLong(out)
	}
	var b strings.Builder
	for i := range x.parts {
		s, err := e.evaluate(&x.parts[i])
		if err != nil {
			return "", err
		}
		b.WriteString(s)
		if err := tooLong(b.String()); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

func tooLong(s string) error {
	if len(s) > maxValue {
		return fmt.Errorf("makes a value of more than %d bytes", maxValue)
	}
	return nil
}

func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
