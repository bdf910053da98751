package adfs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/berth-project/berth/iam"
)

// The bounds of a text of rules.
const (
	maxText       = 256 << 10
	maxRules      = 500
	maxConditions = 8
	maxList       = 100 // tests, fields, types, parameters
	maxNesting    = 16
)

// Parse reads claim rules. The error is an [*Error].
func Parse(src string) (*Rules, error) {
	if len(src) > maxText {
		return nil, &Error{iam.Position{Line: 1, Column: 1}, fmt.Sprintf("%d bytes of rules: at most %d", len(src), maxText), ""}
	}
	p := &parser{scanner: newScanner(src)}
	if err := p.advance(); err != nil {
		return nil, err
	}
	rules := &Rules{}
	for p.tok.kind != end {
		if len(rules.rules) == maxRules {
			return nil, p.errorf("", "more than %d rules", maxRules)
		}
		r, err := p.rule()
		if err != nil {
			return nil, err
		}
		rules.rules = append(rules.rules, r)
	}
	return rules, nil
}

type parser struct {
	*scanner
	tok   token
	depth int
	// bound are the variables that the conditions so far have bound.
	bound []string
}

func (p *parser) advance() (err error) {
	p.tok, err = p.next()
	return err
}

func (p *parser) errorf(help, format string, args ...any) error {
	return &Error{p.tok.at, fmt.Sprintf(format, args...), help}
}

// is reports whether the token is the sign.
func (p *parser) is(s string) bool { return p.tok.kind == sign && p.tok.text == s }

// word reports whether the token is the key word, in any case.
func (p *parser) word(w string) bool { return p.tok.kind == name && strings.EqualFold(p.tok.text, w) }

// take moves behind the sign if it is there.
func (p *parser) take(s string) (bool, error) {
	if !p.is(s) {
		return false, nil
	}
	return true, p.advance()
}

// expect moves behind the sign, which must be there.
func (p *parser) expect(s, where string) error {
	if !p.is(s) {
		return p.errorf("", "%s %s: want %q", p.tok, where, s)
	}
	return p.advance()
}

// literal moves behind a text.
func (p *parser) literal(where string) (token, error) {
	t := p.tok
	if t.kind != text {
		return t, p.errorf("", "%s %s: want a text in quotes", t, where)
	}
	return t, p.advance()
}

// rule reads one rule with its annotations.
func (p *parser) rule() (rule, error) {
	r := rule{at: p.tok.at}
	p.bound = nil
	for p.is("@") {
		if err := p.annotation(&r); err != nil {
			return r, err
		}
	}
	if !p.is("=>") {
		if err := p.conditions(&r); err != nil {
			return r, err
		}
	}
	if err := p.expect("=>", "behind the conditions"); err != nil {
		return r, err
	}
	var err error
	if r.issuance, err = p.issuance(); err != nil {
		return r, err
	}
	return r, p.expect(";", "behind the rule")
}

// annotation reads @RuleName = "..." or @RuleTemplate = "...".
func (p *parser) annotation(r *rule) error {
	if err := p.advance(); err != nil {
		return err
	}
	into := map[string]*string{"rulename": &r.name, "ruletemplate": &r.template}[strings.ToLower(p.tok.text)]
	if p.tok.kind != name || into == nil {
		return p.errorf("", "%s behind @: want RuleName or RuleTemplate", p.tok)
	}
	if err := p.advance(); err != nil {
		return err
	}
	if err := p.expect("=", "in an annotation"); err != nil {
		return err
	}
	t, err := p.literal("in an annotation")
	*into = t.text
	return err
}

// conditions reads condition && condition ...
func (p *parser) conditions(r *rule) error {
	for {
		if len(r.conditions) == maxConditions {
			return p.errorf("", "more than %d conditions", maxConditions)
		}
		c, err := p.condition()
		if err != nil {
			return err
		}
		r.conditions = append(r.conditions, c)
		if more, err := p.take("&&"); err != nil || !more {
			return err
		}
	}
}

// condition reads [tests], c:[tests], EXISTS([tests]), NOT EXISTS([tests]) or
// COUNT([tests]) >= 2.
func (p *parser) condition() (condition, error) {
	var c condition
	switch {
	case p.word("not"):
		if err := p.advance(); err != nil {
			return c, err
		}
		if !p.word("exists") {
			return c, p.errorf("", "%s behind NOT: want EXISTS", p.tok)
		}
		c.aggregate = notExists
	case p.word("exists"):
		c.aggregate = exists
	case p.word("count"):
		c.aggregate = count
	}
	if c.aggregate != each {
		return c, p.aggregate(&c)
	}
	if p.tok.kind == name {
		if slices.Contains(p.bound, p.tok.text) {
			return c, p.errorf("", "a condition before already has the name %q", p.tok.text)
		}
		c.variable = p.tok.text
		if err := p.advance(); err != nil {
			return c, err
		}
		if err := p.expect(":", "behind the name of a claim"); err != nil {
			return c, err
		}
	}
	err := p.tests(&c)
	if c.variable != "" {
		p.bound = append(p.bound, c.variable)
	}
	return c, err
}

// aggregate reads a function from its name on.
func (p *parser) aggregate(c *condition) error {
	if err := p.advance(); err != nil {
		return err
	}
	if err := p.expect("(", "behind a function of claims"); err != nil {
		return err
	}
	if err := p.tests(c); err != nil {
		return err
	}
	if err := p.expect(")", "behind the claims of a function"); err != nil {
		return err
	}
	if c.aggregate != count {
		return nil
	}
	c.operator = p.tok.text
	if !slices.Contains([]string{"==", "!=", ">=", "<=", ">", "<"}, c.operator) || p.tok.kind != sign {
		return p.errorf("", "%s behind COUNT: want a comparison such as >= 2", p.tok)
	}
	if err := p.advance(); err != nil {
		return err
	}
	n, err := strconv.Atoi(p.tok.text)
	if p.tok.kind != number || err != nil {
		return p.errorf("", "%s: want a number", p.tok)
	}
	c.number = n
	return p.advance()
}

// tests reads [property == "text", ...].
func (p *parser) tests(c *condition) error {
	if err := p.expect("[", "in a condition"); err != nil {
		return err
	}
	if closed, err := p.take("]"); err != nil || closed {
		return err
	}
	for {
		if len(c.tests) == maxList {
			return p.errorf("", "more than %d comparisons", maxList)
		}
		t, err := p.test()
		if err != nil {
			return err
		}
		c.tests = append(c.tests, t)
		if more, err := p.take(","); err != nil {
			return err
		} else if !more {
			return p.expect("]", "in a condition")
		}
	}
}

func (p *parser) test() (test, error) {
	var t test
	var err error
	if t.property, err = p.property(); err != nil {
		return t, err
	}
	t.operator = p.tok.text
	if p.tok.kind != sign || !slices.Contains([]string{"==", "!=", "=~", "!~"}, t.operator) {
		return t, p.errorf("", "%s behind a property: want ==, !=, =~ or !~", p.tok)
	}
	if err := p.advance(); err != nil {
		return t, err
	}
	if t.operator == "==" || t.operator == "!=" {
		t.operand, err = p.expression()
		return t, err
	}
	lit, err := p.literal("as a regular expression")
	if err != nil {
		return t, err
	}
	t.pattern, err = compile(lit)
	return t, err
}

// property reads Type, Value, Properties["key"] ...
func (p *parser) property() (property, error) {
	pr := property{name: strings.ToLower(p.tok.text)}
	if p.tok.kind != name || !slices.Contains([]string{"type", "value", "valuetype", "issuer", "originalissuer", "properties"}, pr.name) {
		return pr, p.errorf("", "%s: want a property of a claim: Type, Value, ValueType, Issuer, OriginalIssuer or Properties", p.tok)
	}
	if err := p.advance(); err != nil || pr.name != "properties" {
		return pr, err
	}
	if err := p.expect("[", "behind Properties"); err != nil {
		return pr, err
	}
	key, err := p.literal("as the key of a property")
	if err != nil {
		return pr, err
	}
	pr.key = key.text
	return pr, p.expect("]", "behind the key of a property")
}
