package gateway

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"
)

// statusClientGone is what the record says when nobody was left to answer.
const statusClientGone = 499

//go:embed page.html
var pageSource string

//go:embed page.css
var pageStyle string

var (
	pageTemplate = template.Must(template.New("page").Parse(pageSource))
	// pagePolicy lets the page use its own style and nothing else.
	pagePolicy = "default-src 'none'; style-src 'sha256-" + styleHash() + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

func styleHash() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// problem is what an error page says; as JSON it is RFC 9457.
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail,omitempty"`
	Code      string `json:"code"`
	RequestID string `json:"request_id"`
	Rule      string `json:"rule,omitempty"`
	SignIn    string `json:"sign_in_url,omitempty"`

	Service string       `json:"-"`
	Style   template.CSS `json:"-"`
}

// writeFault is the one place the gateway answers for itself.
func (x *exchange) writeFault(f *fault) {
	h := x.out.Header()
	for name := range h { // what a handler had prepared for another answer
		if name != "Allow" && name != "Content-Range" {
			delete(h, name)
		}
	}
	x.abandonBody(f.closing)
	f.setHeaders(h)
	if f.closing && x.r.ProtoMajor == 1 {
		h.Set("Connection", "close")
	}
	if f.location != "" {
		h.Set("Location", f.location)
		x.out.WriteHeader(f.status)
		return
	}
	x.writePage(x.problem(f))
}

func (f *fault) setHeaders(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if f.challenge != "" {
		h.Set("Www-Authenticate", f.challenge)
	}
	if f.allow != "" {
		h.Set("Allow", f.allow)
	}
	if f.retryAfter > 0 {
		h.Set("Retry-After", retrySeconds(f.retryAfter))
	}
}

func (x *exchange) problem(f *fault) *problem {
	p := &problem{
		Type: "about:blank", Title: title(f.status), Status: f.status, Detail: f.detail,
		Code: f.code, RequestID: x.ident.id, Service: x.table.service,
	}
	if f.status == http.StatusForbidden {
		p.Rule = x.decision.RuleID
	}
	if f.status == http.StatusUnauthorized {
		p.SignIn = x.table.signIn
	}
	return p
}

// writePage writes p in the form the client likes best.
func (x *exchange) writePage(p *problem) {
	h := x.out.Header()
	h.Set("Vary", "Accept")
	a := accepts(x.r.Header["Accept"])
	var b bytes.Buffer
	switch {
	case a.html > 0 && a.html >= a.json && a.html >= a.text:
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("Referrer-Policy", "no-referrer")
		p.Style = template.CSS(pageStyle) //nolint:gosec // embedded in the program
		_ = pageTemplate.Execute(&b, p)   // a template over plain strings into memory
	case a.text > a.json:
		h.Set("Content-Type", "text/plain; charset=utf-8")
		p.writeText(&b)
	default:
		h.Set("Content-Type", "application/problem+json")
		_ = json.NewEncoder(&b).Encode(p) // strings and an int
	}
	x.out.WriteHeader(p.Status)
	_, _ = x.out.Write(b.Bytes()) // who has left needs no page
}

func (p *problem) writeText(b *bytes.Buffer) {
	lines := []string{p.Title}
	if p.Detail != "" {
		lines = append(lines, p.Detail)
	}
	lines = append(lines, "", "code: "+p.Code, "request: "+p.RequestID)
	if p.Rule != "" {
		lines = append(lines, "rule: "+p.Rule)
	}
	b.WriteString(strings.Join(lines, "\n") + "\n")
}
