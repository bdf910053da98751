package source

import (
	"strconv"
	"strings"

	"github.com/berth-project/berth/internal/jsonsource"
)

// resolver writes a part of a template with its intrinsic functions replaced by
// what they return, as far as the template says, and by stand-ins else
// (CloudFormation Template Reference, "Intrinsic function reference").
type resolver struct {
	*walker
	tpl  *template
	out  builder
	subs []Substitution
	// naming counts the names of resources that are being worked out.
	naming int
}

// substitutable is how much text substitution may make of a file: a few functions
// within each other could otherwise make any amount.
func substitutable(size int) int { return 1<<20 + 8*size }

// maxDefault is the longest default of a parameter that is used. What stands in
// a policy is shorter.
const maxDefault = 2_048

// value is what a function returns.
type value struct {
	form valueForm
	text text             // of a string, decoded
	list []value          // of a list
	node *jsonsource.Node // of a part of the template
}

type valueForm uint8

const (
	absent valueForm = iota // AWS::NoValue: as if nothing were there
	str
	list
	node
)

// intrinsic returns the function an object calls.
func intrinsic(n *jsonsource.Node) (name string, arg *jsonsource.Node) {
	if n.Kind != jsonsource.Object || len(n.Members) != 1 {
		return "", nil
	}
	m := &n.Members[0]
	if m.Name == "Ref" || strings.HasPrefix(m.Name, "Fn::") {
		return m.Name, &m.Value
	}
	return "", nil
}

// subject returns the name of the first thing an expression refers to.
func subject(n *jsonsource.Node) string {
	name, arg := intrinsic(n)
	switch {
	case name == "":
		for i := range n.Items {
			if s := subject(&n.Items[i]); s != "" {
				return s
			}
		}
		return ""
	case name == "Fn::Sub" && arg.Kind == jsonsource.String:
		if _, rest, ok := strings.Cut(arg.Text, "${"); ok {
			ref, _, _ := strings.Cut(rest, "}")
			logical, _, _ := strings.Cut(ref, ".")
			return logical
		}
		return arg.Text
	case arg.Kind == jsonsource.String:
		logical, _, _ := strings.Cut(arg.Text, ".")
		return logical
	case name == "Fn::GetAtt" && len(arg.Items) > 0:
		return arg.Items[0].Text
	}
	return subject(arg)
}

// spend takes from what substitution may cost and reports whether there was
// enough.
func (r *resolver) spend(n int) bool {
	r.substituted += n + 16
	if r.substituted <= substitutable(r.in.size) {
		return true
	}
	if !r.exhausted {
		r.exhausted = true
		r.note(0, "the template's functions make too much text", "simplify them")
	}
	return false
}

// emit writes a value, what stands between its parts as it is.
func (r *resolver) emit(n *jsonsource.Node, p place) {
	if name, _ := intrinsic(n); name != "" {
		r.write(r.eval(n, p), n, p)
		return
	}
	switch n.Kind {
	case jsonsource.Object:
		if e := n.Member("Effect"); e != nil {
			p.services = servicesOf(n)
		}
		r.object(n, p)
	case jsonsource.Array:
		r.array(n, p)
	default:
		r.out.copy(r.t, n.Start, n.End)
	}
}

func (r *resolver) object(n *jsonsource.Node, p place) {
	end, kept := n.Start+1, 0
	r.out.copy(r.t, n.Start, end)
	for i := range n.Members {
		m := &n.Members[i]
		if !r.vanishes(&m.Value) {
			if kept == 0 && i > 0 {
				end = m.NameStart // the comma behind what vanished
			}
			kept++
			r.out.copy(r.t, end, m.Value.Start)
			r.emit(&m.Value, p.member(m.Name))
		}
		end = m.Value.End
	}
	r.out.copy(r.t, end, n.End)
}

func (r *resolver) array(n *jsonsource.Node, p place) {
	end, kept := n.Start+1, 0
	r.out.copy(r.t, n.Start, end)
	for i := range n.Items {
		item := &n.Items[i]
		if !r.vanishes(item) {
			if kept == 0 && i > 0 {
				end = item.Start
			}
			kept++
			r.out.copy(r.t, end, item.Start)
			r.emit(item, p)
		}
		end = item.End
	}
	r.out.copy(r.t, end, n.End)
}

// vanishes reports whether a value is as if it were not there: a reference to
// AWS::NoValue. Of two branches the first is taken that is something.
func (r *resolver) vanishes(n *jsonsource.Node) bool {
	name, arg := intrinsic(n)
	switch name {
	case "Ref":
		return arg.Text == "AWS::NoValue"
	case "Fn::If":
		return len(arg.Items) == 3 && r.vanishes(&arg.Items[1]) && r.vanishes(&arg.Items[2])
	}
	return false
}

// write writes what a function returned.
func (r *resolver) write(v value, n *jsonsource.Node, p place) {
	from := r.t.origin(n.Start)
	switch v.form {
	case absent:
		r.out.put("null", from)
	case str:
		quote(&r.out, v.text, from)
	case list:
		r.out.put("[", from)
		for i, item := range v.list {
			if i > 0 {
				r.out.put(",", from)
			}
			r.write(item, n, p)
		}
		r.out.put("]", from)
	case node:
		r.emit(v.node, p)
	}
}

// eval returns the value of a part of the template.
func (r *resolver) eval(n *jsonsource.Node, p place) value {
	if !r.spend(0) {
		return value{form: str}
	}
	name, arg := intrinsic(n)
	switch name {
	case "":
		return r.literal(n, p)
	case "Ref":
		return r.ref(arg.Text, n, p)
	case "Fn::GetAtt":
		return r.getAtt(arg, n, p)
	case "Fn::Sub":
		return r.sub(arg, p)
	case "Fn::Join":
		return r.join(arg, n, p)
	case "Fn::If":
		return r.branch(arg, n, p)
	case "Fn::Select":
		return r.selection(arg, n, p)
	case "Fn::Split":
		return r.split(arg, n, p)
	case "Fn::FindInMap":
		return r.findInMap(arg, n, p)
	case "Fn::ImportValue":
		if v := r.eval(arg, place{part: true}); v.form == str && len(v.text.bytes) > 0 {
			return r.replace(n, string(v.text.bytes), p)
		}
	}
	return r.replace(n, subject(n), p)
}

// literal is the value of what calls no function.
func (r *resolver) literal(n *jsonsource.Node, p place) value {
	switch n.Kind {
	case jsonsource.String:
		return value{form: str, text: unquote(r.t.slice(n.Start, n.End))}
	case jsonsource.Number, jsonsource.Bool:
		return value{form: str, text: r.t.slice(n.Start, n.End)}
	case jsonsource.Array:
		v := value{form: list}
		for i := range n.Items {
			if !r.vanishes(&n.Items[i]) {
				v.list = append(v.list, r.eval(&n.Items[i], p))
			}
		}
		return v
	}
	return value{form: node, node: n}
}

// replace returns the stand-in for something of which the name is known, and
// notes it.
func (r *resolver) replace(n *jsonsource.Node, name string, p place) value {
	return r.known(r.t.origin(n.Start), string(r.t.bytes[n.Start:min(n.End, n.Start+maxDefault)]), standIn(name, p))
}

// branch takes the first of two that is something.
func (r *resolver) branch(arg, n *jsonsource.Node, p place) value {
	if len(arg.Items) != 3 {
		return r.replace(n, "", p)
	}
	chosen, which := &arg.Items[1], "what it is where the condition holds"
	if r.vanishes(chosen) {
		chosen, which = &arg.Items[2], "what it is where the condition does not hold"
	}
	r.known(r.t.origin(n.Start), "Fn::If "+arg.Items[0].Text, which)
	if name, _ := intrinsic(chosen); name == "" && (chosen.Kind == jsonsource.Object || chosen.Kind == jsonsource.Array) {
		return value{form: node, node: chosen}
	}
	return r.eval(chosen, p)
}

func (r *resolver) join(arg, n *jsonsource.Node, p place) value {
	if len(arg.Items) != 2 {
		return r.replace(n, subject(n), p)
	}
	delimiter := arg.Items[0].Text
	p.part = true
	parts := r.eval(&arg.Items[1], p)
	if parts.form != list {
		return r.replace(n, subject(n), p)
	}
	var b builder
	for i, part := range parts.list {
		if i > 0 {
			b.put(delimiter, r.t.origin(arg.Items[0].Start))
		}
		if part.form != str || !r.spend(len(part.text.bytes)+len(delimiter)) {
			continue
		}
		b.copy(part.text, 0, len(part.text.bytes))
	}
	return value{form: str, text: b.text()}
}

func (r *resolver) selection(arg, n *jsonsource.Node, p place) value {
	if len(arg.Items) == 2 {
		i, err := strconv.Atoi(arg.Items[0].Text)
		if v := r.eval(&arg.Items[1], p); err == nil && v.form == list && i >= 0 && i < len(v.list) {
			return v.list[i]
		}
	}
	return r.replace(n, subject(n), p)
}

func (r *resolver) split(arg, n *jsonsource.Node, p place) value {
	if len(arg.Items) != 2 || arg.Items[0].Text == "" {
		return r.replace(n, subject(n), p)
	}
	// What is split is taken apart by what it is, not by where it stands.
	v := r.eval(&arg.Items[1], place{})
	if v.form != str {
		return r.replace(n, subject(n), p)
	}
	parts := value{form: list}
	delimiter, at := arg.Items[0].Text, 0
	for _, part := range strings.Split(string(v.text.bytes), delimiter) {
		parts.list = append(parts.list, value{form: str, text: v.text.slice(at, at+len(part))})
		at += len(part) + len(delimiter)
	}
	return parts
}

func (r *resolver) findInMap(arg, n *jsonsource.Node, p place) value {
	if len(arg.Items) >= 3 {
		var keys [3]string
		for i := range keys {
			if v := r.eval(&arg.Items[i], place{part: true}); v.form == str {
				keys[i] = string(v.text.bytes)
			}
		}
		if found := r.tpl.mappings[keys]; found != nil && r.spend(found.End-found.Start) {
			return r.eval(found, p)
		}
		return r.replace(n, keys[2], p)
	}
	return r.replace(n, "", p)
}

// sub replaces the references in a text: ${Name}, ${Name.Attribute}. ${!Name}
// is the text ${Name}.
func (r *resolver) sub(arg *jsonsource.Node, p place) value {
	var names map[string]*jsonsource.Node
	if arg.Kind == jsonsource.Array && len(arg.Items) == 2 {
		names = members(&arg.Items[1])
		arg = &arg.Items[0]
	}
	if arg.Kind != jsonsource.String {
		return r.replace(arg, subject(arg), p)
	}
	t := unquote(r.t.slice(arg.Start, arg.End))
	s := string(t.bytes)
	var b builder
	at := 0
	for r.spend(0) {
		i := strings.Index(s[at:], "${")
		end := -1
		if i >= 0 {
			end = strings.IndexByte(s[at+i:], '}')
		}
		if end < 0 {
			break
		}
		b.copy(t, at, at+i)
		start, stop := at+i, at+i+end+1
		inside := p
		inside.part = p.part || start > 0 || stop < len(s)
		r.variable(&b, t, start, stop, names, inside)
		at = stop
	}
	b.copy(t, at, len(s))
	r.spend(len(s))
	return value{form: str, text: b.text()}
}

// variable writes the value of one reference in a text.
func (r *resolver) variable(b *builder, t text, start, stop int, names map[string]*jsonsource.Node, p place) {
	name := string(t.bytes[start+2 : stop-1])
	if strings.HasPrefix(name, "!") {
		b.copy(t, start, start+2)
		b.copy(t, start+3, stop)
		return
	}
	name = strings.TrimSpace(name)
	var v value
	logical, attribute, dotted := strings.Cut(name, ".")
	switch {
	case names[name] != nil:
		v = r.eval(names[name], p)
	case dotted:
		v = r.known(t.origin(start), "${"+name+"}", r.attribute(logical, attribute, p))
	default:
		v = r.named(name, t.origin(start), "${"+name+"}", p)
	}
	parts := []value{v}
	if v.form == list {
		parts = v.list
	}
	for i, part := range parts {
		if part.form != str || !r.spend(len(part.text.bytes)) {
			continue
		}
		if i > 0 {
			b.put(",", t.origin(start))
		}
		b.copy(part.text, 0, len(part.text.bytes))
	}
}
