package http

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/berth-project/berth/work/internal/with"
	"github.com/berth-project/berth/workflow"
)

// Request is the "with" of a step of type "http". Unknown keys are refused.
type Request struct {
	// URL is what is called: http or https.
	URL string `json:"url"`
	// Query is added to that of the URL.
	Query map[string]string `json:"query,omitempty"`
	// Method is GET by default, POST with a body.
	Method string `json:"method,omitempty"`
	// Headers are texts, or {"secret": "name", "prefix": "Bearer "}.
	Headers map[string]Value `json:"headers,omitempty"`
	// Body is sent as it is; JSON is any JSON, Form are fields of a form. At
	// most one of them.
	Body string            `json:"body,omitempty"`
	JSON json.RawMessage   `json:"json,omitempty"`
	Form map[string]string `json:"form,omitempty"`
	// Timeout is how long it may take, the answer included; at most the
	// operator's, which is the default.
	Timeout workflow.Duration `json:"timeout,omitempty"`
	// Expect are the statuses that mean success: 200, or "2xx" for a hundred
	// of them. Default "2xx".
	Expect []Expect `json:"expect,omitempty"`
	// Temporary are the statuses that may be others the next time, so that a
	// retry rule decides about them: 404 for what is not there yet. 408, 425,
	// 429 and all from 500 on are in any case.
	Temporary []Expect `json:"temporary,omitempty"`
	// Sign names the key that signs the request.
	Sign string `json:"sign,omitempty"`
	// Async is true when the result comes later, "accepted" when it does if
	// the answer is 202.
	Async Async `json:"async,omitempty"`
}

// Value is the value of a header: a text, or the name of a secret that is.
type Value = with.Value

// Expect is a status, or the hundred that begins with it.
type Expect struct{ From, To int }

// UnmarshalJSON implements [json.Unmarshaler].
func (e *Expect) UnmarshalJSON(data []byte) error {
	var class string
	if json.Unmarshal(data, &e.From) == nil && e.From >= 200 && e.From <= 599 {
		e.To = e.From
		return nil
	}
	if json.Unmarshal(data, &class) == nil && len(class) == 3 && class[1:] == "xx" && class[0] >= '2' && class[0] <= '5' {
		e.From = int(class[0]-'0') * 100
		e.To = e.From + 99
		return nil
	}
	return fmt.Errorf(`%.20s: want a status from 200 to 599, or "2xx" to "5xx"`, data)
}

// MarshalJSON implements [json.Marshaler].
func (e Expect) MarshalJSON() ([]byte, error) {
	if e.From == e.To {
		return json.Marshal(e.From)
	}
	return json.Marshal(fmt.Sprintf("%dxx", e.From/100))
}

// Async says when the result of a call comes.
type Async string

// The values of [Async].
const (
	Synchronous Async = ""         // with the answer
	Always      Async = "true"     // later
	Accepted    Async = "accepted" // later, if the answer is 202
)

// UnmarshalJSON implements [json.Unmarshaler].
func (a *Async) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case "false", "null":
		*a = Synchronous
	case "true":
		*a = Always
	case `"accepted"`:
		*a = Accepted
	default:
		return errors.New(`async: want true, false or "accepted"`)
	}
	return nil
}

// MarshalJSON implements [json.Marshaler].
func (a Async) MarshalJSON() ([]byte, error) {
	if a == Accepted {
		return []byte(`"accepted"`), nil
	}
	return json.Marshal(a == Always)
}

const maxHeaders = 100

// parseRequest reads a "with", and checks what does not depend on the options.
func parseRequest(data json.RawMessage) (Request, error) {
	var r Request
	if err := with.Decode(data, &r); err != nil {
		return Request{}, err
	}
	if len(r.Expect) == 0 {
		r.Expect = []Expect{{200, 299}}
	}
	bodies := 0
	for _, there := range []bool{r.Body != "", len(r.JSON) > 0, len(r.Form) > 0} {
		if there {
			bodies++
		}
	}
	if r.Method == "" {
		r.Method = http.MethodGet
		if bodies > 0 {
			r.Method = http.MethodPost
		}
	}
	var errs []error
	switch {
	case r.URL == "":
		errs = append(errs, errors.New("url: missing"))
	case bodies > 1:
		errs = append(errs, errors.New("want one of body, json and form"))
	case !slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, r.Method):
		errs = append(errs, fmt.Errorf("method: %.20q: want GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS", r.Method))
	case len(r.Headers) > maxHeaders:
		errs = append(errs, fmt.Errorf("headers: %d are more than the %d allowed", len(r.Headers), maxHeaders))
	}
	for name, value := range r.Headers {
		errs = append(errs, validHeader(name, value))
	}
	return r, errors.Join(errs...)
}

// own are the headers that are not a step's to set.
var own = []string{
	"Connection", "Content-Length", "Host", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer",
	"Transfer-Encoding", "Upgrade",
}

func validHeader(name string, value Value) error {
	canonical := textproto.CanonicalMIMEHeaderKey(name)
	switch {
	case !validName(name):
		return fmt.Errorf("headers: %.60q is not the name of a header", name)
	case slices.Contains(own, canonical) || strings.HasPrefix(canonical, "Berth-"):
		return fmt.Errorf("headers: %s is not a step's to set", canonical)
	case !validValue(value.Text) || !validValue(value.Prefix):
		return fmt.Errorf("headers: %s: the value has characters that no header can have", canonical)
	}
	return nil
}

// validName reports whether a name is a token of RFC 9110, section 5.6.2.
func validName(name string) bool {
	return name != "" && strings.IndexFunc(name, func(c rune) bool {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		return !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", c)
	}) < 0
}

// validValue reports whether a value has no characters that end a header.
func validValue(value string) bool {
	return strings.IndexFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) < 0
}

// body returns what is sent and its type.
func (r Request) body() (data []byte, contentType string) {
	switch {
	case r.Body != "":
		return []byte(r.Body), "text/plain; charset=utf-8"
	case len(r.JSON) > 0:
		return r.JSON, "application/json"
	case len(r.Form) > 0:
		fields := url.Values{}
		for name, value := range r.Form {
			fields.Set(name, value)
		}
		return []byte(fields.Encode()), "application/x-www-form-urlencoded"
	}
	return nil, ""
}

// target returns the URL with the query.
func (r Request) target() (*url.URL, error) {
	u, err := url.Parse(r.URL)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	if len(r.Query) > 0 {
		query := u.Query()
		for name, value := range r.Query {
			query.Set(name, value)
		}
		u.RawQuery = query.Encode()
	}
	u.Fragment = ""
	return u, nil
}

func (r Request) expects(status int) bool { return among(r.Expect, status) }

func among(list []Expect, status int) bool {
	return slices.ContainsFunc(list, func(e Expect) bool { return e.From <= status && status <= e.To })
}

// isJSON reports whether a content type is JSON.
func isJSON(contentType string) bool {
	typ, _, err := mime.ParseMediaType(contentType)
	return err == nil && (typ == "application/json" || strings.HasSuffix(typ, "+json"))
}
