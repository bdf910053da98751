package environ

import (
	"fmt"
	"strings"
)

// Expand replaces references to variables in a template:
//
//	${VAR}            the value; an error when VAR is not set
//	${VAR:-default}   the value, or default when VAR is not set or empty
//	${VAR:?message}   the value, or an error with message
//	$$                a dollar sign
//
// Any other "$" is an error: a template never means something else than it
// says. Values are put in as they are and not expanded again. The result may
// hold secrets. Errors are [*ExpandError] and hold no value.
func Expand(template string, set *Set) (string, error) {
	var b strings.Builder
	err := scan(template, func(literal string) { b.WriteString(literal) }, func(r Reference) error {
		v, ok := set.Lookup(r.Variable)
		switch {
		case ok && !(v.Value.IsZero() && r.operator != 0):
			b.WriteString(v.Value.Reveal())
		case r.operator == '-':
			b.WriteString(r.Default)
		case r.operator == '?':
			return &ExpandError{Variable: r.Variable, Offset: r.Offset, Reason: r.message()}
		default:
			return &ExpandError{Variable: r.Variable, Offset: r.Offset, Reason: "is not set"}
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return b.String(), nil
}

// References returns the variables a template refers to, in order, or what is
// wrong with its syntax. It needs no environment, so a manifest can be checked
// without one.
func References(template string) ([]Reference, error) {
	var refs []Reference
	err := scan(template, func(string) {}, func(r Reference) error {
		refs = append(refs, r)
		return nil
	})
	return refs, err
}

// Reference is one ${VAR} of a template.
type Reference struct {
	// Variable is the name.
	Variable string
	// Offset is where in the template it begins, in bytes.
	Offset int
	// Default is the text after ":-".
	Default string
	// Message is the text after ":?".
	Message string
	// operator is '-', '?' or 0.
	operator byte
}

// Optional reports whether the template can be expanded without the variable.
func (r Reference) Optional() bool { return r.operator == '-' }

func (r Reference) message() string {
	if r.Message == "" {
		return "is not set or empty"
	}
	return "is not set or empty: " + r.Message
}

// ExpandError says which reference of a template could not be expanded.
type ExpandError struct {
	// Field is the field of the template, for the caller to set.
	Field string
	// Variable is the name; empty when there is no valid reference.
	Variable string
	// Offset is where in the template, in bytes.
	Offset int
	// Reason says why, without any value.
	Reason string
}

// Error implements error.
func (e *ExpandError) Error() string {
	var b strings.Builder
	if e.Field != "" {
		b.WriteString(e.Field + ": ")
	}
	if e.Variable != "" {
		fmt.Fprintf(&b, "${%s} %s", e.Variable, e.Reason)
	} else {
		fmt.Fprintf(&b, "at byte %d: %s", e.Offset+1, e.Reason)
	}
	return b.String()
}

// scan calls literal and reference for the parts of a template in order.
func scan(template string, literal func(string), reference func(Reference) error) error {
	for at := 0; at < len(template); {
		i := strings.IndexByte(template[at:], '$')
		if i < 0 {
			literal(template[at:])
			return nil
		}
		literal(template[at : at+i])
		at += i
		if strings.HasPrefix(template[at:], "$$") {
			literal("$")
			at += 2
			continue
		}
		r, end, err := parseReference(template, at)
		if err != nil {
			return err
		}
		if err := reference(r); err != nil {
			return err
		}
		at = end
	}
	return nil
}

// parseReference parses the reference at template[at:] and returns where it
// ends.
func parseReference(template string, at int) (Reference, int, error) {
	fail := func(reason string) (Reference, int, error) {
		return Reference{}, 0, &ExpandError{Offset: at, Reason: reason}
	}
	if !strings.HasPrefix(template[at:], "${") {
		return fail("a single $: write $$ for a dollar sign, ${NAME} for a variable")
	}
	length := strings.IndexByte(template[at:], '}')
	if length < 0 {
		return fail("${ without a closing }")
	}
	body := template[at+2 : at+length]
	name, rest, _ := strings.Cut(body, ":")
	r := Reference{Variable: name, Offset: at}
	switch {
	case !ValidName(name):
		return fail("between ${ and } stands no variable name")
	case len(body) == len(name):
	case strings.Contains(rest, "$"):
		return fail("a default or message cannot hold another reference")
	case strings.HasPrefix(rest, "-"):
		r.operator, r.Default = '-', rest[1:]
	case strings.HasPrefix(rest, "?"):
		r.operator, r.Message = '?', rest[1:]
	default:
		return fail("after the name only :-default or :?message can follow")
	}
	return r, at + length + 1, nil
}
