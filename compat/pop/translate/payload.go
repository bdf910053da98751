package translate

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/berth-project/berth/compat/pop/token"
)

// What POP tells every operation, by the names in tokens.
const (
	tokenAgendaID      = "pop.agendaId"
	tokenOperationName = "pop.operationName"
	tokenCID           = "pop.cid"
	tokenCustomerID    = "pop.customerId"
	tokenAttempt       = "pop.attempt"
	outSuffix          = ".out"
)

// payload returns the payload of an operation with references in place of tokens.
// Text that would be a reference is escaped. The error names a token that has no
// meaning.
func payload(operation string, raw json.RawMessage) (json.RawMessage, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	return token.Rewrite(raw, func(s string) (string, bool, error) {
		if !strings.Contains(s, "@<") && !strings.Contains(s, "${") {
			return "", false, nil
		}
		text, err := text(operation, s)
		if err != nil {
			return "", false, err
		}
		return quote(text), true, nil
	})
}

// text translates one string.
func text(operation, s string) (string, error) {
	var b strings.Builder
	from := 0
	for _, t := range token.Native.Find(s) {
		ref, literal, err := reference(operation, t)
		if err != nil {
			return "", err
		}
		if literal {
			ref = escape(ref, false)
		}
		b.WriteString(escape(s[from:t.Start], !literal))
		b.WriteString(ref)
		from = t.Start + len(t.Text)
	}
	b.WriteString(escape(s[from:], false))
	return b.String(), nil
}

// escape writes text so that nothing of it begins a reference: dollars before a
// brace, or before a reference that follows, are doubled.
func escape(s string, beforeReference bool) string {
	if !strings.Contains(s, "$") {
		return s
	}
	var b strings.Builder
	for at := 0; at < len(s); {
		n := len(s[at:]) - len(strings.TrimLeft(s[at:], "$"))
		if n == 0 {
			b.WriteByte(s[at])
			at++
			continue
		}
		at += n
		if at < len(s) && s[at] == '{' || at == len(s) && beforeReference {
			n *= 2
		}
		b.WriteString(strings.Repeat("$", n))
	}
	return b.String()
}

// reference returns the reference for a token, or the text it stands for.
func reference(operation string, t token.Token) (ref string, literal bool, err error) {
	path := ""
	switch t.Name {
	case tokenOperationName:
		if t.Pointer == "" || t.Pointer == "/" {
			return operation, true, nil
		}
		return "", false, fmt.Errorf("token %s points into a text", t.Text)
	case tokenAgendaID:
		path = `run.labels[` + quote(LabelAgenda) + `]`
	case tokenCID:
		path = `run.labels[` + quote(LabelCID) + `]`
	case tokenCustomerID:
		path = `run.tenant`
	case tokenAttempt:
		path = `run.attempt`
	default:
		name, ok := strings.CutSuffix(t.Name, outSuffix)
		if !ok {
			return "", false, fmt.Errorf("token %s is neither the output of an operation nor one of %s, %s, %s, %s and %s",
				t.Text, tokenAgendaID, tokenOperationName, tokenCID, tokenCustomerID, tokenAttempt)
		}
		path = outputOf(name)
	}
	return "${" + path + pointer(t.Pointer) + fallback(t) + "}", false, nil
}

// outputOf is the path to the output of an operation.
func outputOf(operation string) string {
	return `steps[` + quote(StepName(operation)) + `].output`
}

// pointer writes the pointer of a token as a reference does.
func pointer(p string) string {
	p = strings.TrimPrefix(p, "/")
	if p == "" {
		return ""
	}
	parts := strings.Split(p, "/")
	for i, part := range parts {
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		parts[i] = strings.NewReplacer("~", "~0", "/", "~1").Replace(part)
	}
	return "#" + quote("/"+strings.Join(parts, "/"))
}

// fallback writes the fallback of a token as a reference does. An operation
// without output has an empty object for it.
func fallback(t token.Token) string {
	whole := strings.TrimPrefix(t.Pointer, "/") == "" && strings.HasSuffix(t.Name, outSuffix)
	switch {
	case whole:
		return " ?? {}"
	case !t.HasFallback:
		return ""
	case t.Fallback == "":
		return " ?? null"
	}
	return " ?? " + quote(t.Fallback)
}

// quote returns a text as a JSON string, with the characters of HTML as they are.
func quote(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return `""` // a string can always be written
	}
	return strings.TrimSuffix(b.String(), "\n")
}
