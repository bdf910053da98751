package console

import (
	"net/http"
	"slices"
	"strings"
)

// maxQuestion bounds each field of a question, in bytes.
const maxQuestion = 8 << 10

// methods are those the form offers.
var methods = [...]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// explanation is the page: the question, and the answer when it was asked.
type explanation struct {
	Question Question `json:"question"`
	Answer   *Answer  `json:"answer,omitempty"`
	Verdict  string   `json:"verdict,omitempty"`
	Problem  string   `json:"problem,omitempty"`
	Methods  []string `json:"-"`
}

func (c *Console) explain(r *http.Request) (*page, *fault) {
	q := r.URL.Query()
	e := explanation{
		Question: Question{Method: strings.ToUpper(q.Get("method")), URL: q.Get("url"), As: q.Get("as")},
		Methods:  methods[:],
	}
	if e.Question.Method == "" {
		e.Question.Method = http.MethodGet
	}
	if !slices.Contains(e.Methods, e.Question.Method) {
		e.Methods = append(slices.Clone(e.Methods), e.Question.Method)
	}
	if e.Question.URL != "" {
		c.ask(r, &e)
	}
	return &page{
		title: "Explain a request", template: "explain", room: "/routes/explain", up: "/routes",
		twin: "/routes/explain.json", params: []string{"method", "url", "as"},
		command: c.ofData(c.ofManifest(e.command())), data: e,
	}, nil
}

// ask puts the answer, or why there is none, into e.
func (c *Console) ask(r *http.Request, e *explanation) {
	q := e.Question
	switch {
	case c.src.Explain == nil:
		e.Problem = "There is no gateway to ask."
		return
	case len(q.URL) > maxQuestion || len(q.As) > maxQuestion || !token(q.Method):
		e.Problem = "The method is no word, or a field is too long."
		return
	}
	a, err := c.src.Explain(r.Context(), q)
	if err != nil {
		e.Problem = err.Error()
		return
	}
	e.Answer, e.Verdict = &a, verdict(&a)
}

// token reports whether s can be a method (RFC 9110 section 9.1).
func token(s string) bool {
	return s != "" && len(s) <= 32 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '-' && r != '_'
	})
}

// verdict is the answer in a word.
func verdict(a *Answer) string {
	switch {
	case a.Closed:
		return "closed"
	case a.Status >= 300 && a.Status < 400:
		return "redirected"
	case a.Status >= 400:
		return "refused"
	}
	return "allowed"
}

// Reason is the code of the answer; the rule's own where a rule decided.
func (e explanation) Reason() string {
	a := e.Answer
	if a.Rules != nil && !a.Rules.Decision.Allowed {
		return string(a.Rules.Decision.Reason)
	}
	return a.Code
}

// command asks the same in a terminal.
func (e explanation) command() string {
	if e.Question.URL == "" {
		return "berth explain request METHOD URL --as USER"
	}
	words := []string{"berth explain request", quote(e.Question.Method), quote(e.Question.URL)}
	if e.Question.As != "" {
		words = append(words, "--as", quote(e.Question.As))
	}
	return strings.Join(words, " ")
}
