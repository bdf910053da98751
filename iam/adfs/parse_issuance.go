package adfs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// issuance reads issue(...) or add(...).
func (p *parser) issuance() (issuance, error) {
	i := issuance{at: p.tok.at}
	switch {
	case p.word("issue"):
		i.issue = true
	case p.word("add"):
	default:
		return i, p.errorf("", "%s behind =>: want issue or add", p.tok)
	}
	if err := p.advance(); err != nil {
		return i, err
	}
	if err := p.expect("(", "behind issue or add"); err != nil {
		return i, err
	}
	for {
		if len(i.fields) == maxList {
			return i, p.errorf("", "more than %d properties", maxList)
		}
		if err := p.assignment(&i); err != nil {
			return i, err
		}
		if more, err := p.take(","); err != nil {
			return i, err
		} else if !more {
			break
		}
	}
	if err := p.expect(")", "behind what is issued"); err != nil {
		return i, err
	}
	return i, p.complete(&i)
}

// assignment reads one name = value of an issuance.
func (p *parser) assignment(i *issuance) error {
	switch key := strings.ToLower(p.tok.text); {
	case p.tok.kind != name:
		return p.errorf("", "%s: want what is issued, such as Type = or claim =", p.tok)
	case key == "claim":
		return p.copied(i)
	case slices.Contains([]string{"store", "types", "query", "param"}, key):
		if i.query == nil {
			i.query = &query{}
		}
		return p.queried(i.query, key)
	}
	at := p.tok
	pr, err := p.property()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(i.fields, func(f field) bool { return f.property == pr }) {
		return &Error{at.at, fmt.Sprintf("%s is given twice", at.text), ""}
	}
	if err := p.expect("=", "behind a property"); err != nil {
		return err
	}
	value, err := p.expression()
	i.fields = append(i.fields, field{pr, value})
	return err
}

// copied reads claim = c.
func (p *parser) copied(i *issuance) error {
	if err := p.advance(); err != nil {
		return err
	}
	if err := p.expect("=", "behind claim"); err != nil {
		return err
	}
	if i.copy != "" {
		return p.errorf("", "claim is given twice")
	}
	if err := p.known(); err != nil {
		return err
	}
	i.copy = p.tok.text
	return p.advance()
}

// known wants the name of a claim that a condition has bound.
func (p *parser) known() error {
	if p.tok.kind != name || !slices.Contains(p.bound, p.tok.text) {
		return p.errorf("", "%s: want a claim that a condition has named, as c in c:[...]", p.tok)
	}
	return nil
}

// queried reads store = "", types = (...), query = "" or param = ...
func (p *parser) queried(q *query, key string) error {
	if err := p.advance(); err != nil {
		return err
	}
	if err := p.expect("=", "behind "+key); err != nil {
		return err
	}
	switch key {
	case "types":
		return p.types(q)
	case "param":
		if len(q.params) == maxList {
			return p.errorf("", "more than %d parameters", maxList)
		}
		e, err := p.expression()
		q.params = append(q.params, e)
		return err
	}
	t, err := p.literal("behind " + key)
	into := &q.store
	if key == "query" {
		into = &q.text
	}
	*into = t.text
	return err
}

// types reads ("type", "type").
func (p *parser) types(q *query) error {
	if err := p.expect("(", "behind types ="); err != nil {
		return err
	}
	for len(q.types) < maxList {
		t, err := p.literal("as a claim type")
		if err != nil {
			return err
		}
		q.types = append(q.types, t.text)
		if more, err := p.take(","); err != nil {
			return err
		} else if !more {
			return p.expect(")", "behind the claim types")
		}
	}
	return p.errorf("", "more than %d claim types", maxList)
}

// complete wants one of the three forms of an issuance, whole.
func (p *parser) complete(i *issuance) error {
	bad := func(format string, args ...any) error {
		return &Error{i.at, fmt.Sprintf(format, args...), ""}
	}
	has := func(name string) bool {
		return slices.ContainsFunc(i.fields, func(f field) bool { return f.property.name == name })
	}
	switch {
	case i.copy != "":
		if len(i.fields) > 0 || i.query != nil {
			return bad("claim = %s stands alone: nothing else can be given", i.copy)
		}
	case i.query != nil:
		if len(i.fields) > 0 {
			return bad("a query makes the claims: no property can be given besides")
		}
		return p.completeQuery(i)
	case !has("type") || !has("value"):
		return bad("a new claim needs Type and Value")
	}
	return nil
}

// activeDirectory is the name of the store that is the directory.
const activeDirectory = "Active Directory"

var placeholder = regexp.MustCompile(`\{([0-9]+)\}`)

// completeQuery takes the query for the directory apart: filter;attributes;account.
func (p *parser) completeQuery(i *issuance) error {
	q := i.query
	bad := func(format string, args ...any) error {
		return &Error{i.at, fmt.Sprintf(format, args...), `want store = "Active Directory", types = ("..."), query = ";tokenGroups;{0}", param = c.Value`}
	}
	if q.store == "" || len(q.types) == 0 || q.text == "" {
		return bad("a query needs store, types and query")
	}
	for _, m := range placeholder.FindAllStringSubmatch(q.text, -1) {
		if len(m[1]) > 2 || len(q.params) <= number10(m[1]) {
			return bad("query has %s and %d parameters", m[0], len(q.params))
		}
	}
	if q.store != activeDirectory {
		return nil
	}
	part := strings.Split(q.text, ";")
	if len(part) != 3 {
		return bad("query %q of the directory has %d parts", clip(q.text), len(part))
	}
	q.filter, q.account = strings.TrimSpace(part[0]), strings.TrimSpace(part[2])
	for a := range strings.SplitSeq(part[1], ",") {
		q.attributes = append(q.attributes, strings.TrimSpace(a))
	}
	if len(q.attributes) != len(q.types) {
		return bad("query asks for %d attributes and has %d claim types", len(q.attributes), len(q.types))
	}
	return nil
}

// number10 returns a number of at most two digits.
func number10(s string) int {
	n := 0
	for i := range len(s) {
		n = 10*n + int(s[i]-'0')
	}
	return n
}

// expression reads value + value ...
func (p *parser) expression() (expression, error) {
	if p.depth++; p.depth > maxNesting {
		return expression{}, p.errorf("", "calls nested more than %d deep", maxNesting)
	}
	defer func() { p.depth-- }()
	first, err := p.operand()
	if err != nil || !p.is("+") {
		return first, err
	}
	sum := expression{kind: join, parts: []expression{first}, at: first.at}
	for p.is("+") {
		if len(sum.parts) == maxList {
			return sum, p.errorf("", "more than %d texts joined", maxList)
		}
		if err := p.advance(); err != nil {
			return sum, err
		}
		next, err := p.operand()
		if err != nil {
			return sum, err
		}
		sum.parts = append(sum.parts, next)
	}
	return sum, nil
}

// operand reads a text, c.Property or RegExReplace(...).
func (p *parser) operand() (expression, error) {
	e := expression{at: p.tok.at}
	if p.tok.kind == text {
		e.text = p.tok.text
		return e, p.advance()
	}
	if p.word("RegExReplace") {
		return p.call(e)
	}
	if err := p.known(); err != nil {
		return e, err
	}
	e.kind, e.variable = reference, p.tok.text
	if err := p.advance(); err != nil {
		return e, err
	}
	if err := p.expect(".", "behind a claim"); err != nil {
		return e, err
	}
	var err error
	e.property, err = p.property()
	return e, err
}

// call reads RegExReplace(input, "pattern", "replacement").
func (p *parser) call(e expression) (expression, error) {
	e.kind = regexReplace
	if err := p.advance(); err != nil {
		return e, err
	}
	if err := p.expect("(", "behind RegExReplace"); err != nil {
		return e, err
	}
	input, err := p.expression()
	if err != nil {
		return e, err
	}
	if err := p.expect(",", "behind the input of RegExReplace"); err != nil {
		return e, err
	}
	pat, err := p.literal("as the pattern of RegExReplace")
	if err != nil {
		return e, err
	}
	if err := p.expect(",", "behind the pattern of RegExReplace"); err != nil {
		return e, err
	}
	with, err := p.literal("as the replacement of RegExReplace")
	if err != nil {
		return e, err
	}
	compiled, err := compile(pat)
	if err != nil {
		return e, err
	}
	e.parts = []expression{input}
	e.replace = &replacement{pattern: compiled, with: parseTemplate(with.text, compiled), text: with.text}
	return e, p.expect(")", "behind the replacement of RegExReplace")
}
