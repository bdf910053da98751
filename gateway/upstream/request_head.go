package upstream

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/berth-project/berth/gateway/grammar"
)

// upgradeProtocol is the one protocol a client may switch to.
const upgradeProtocol = "websocket"

// check refuses what would not be one line of a request head. Client headers
// need no check: the server accepted them.
func (r *Request) check() error {
	switch {
	case !validTarget(r.Target):
		return &phaseError{BadRequest, errors.New("target is not an encoded path")}
	case !validHost(r.Host):
		return &phaseError{BadRequest, errors.New("host is malformed")}
	case !grammar.IsToken(r.In.Method) || r.In.Method == http.MethodConnect:
		return &phaseError{BadRequest, errors.New("method cannot be forwarded")}
	case !validLines(r.Header):
		return &phaseError{BadRequest, errors.New("added header lines are malformed")}
	}
	return nil
}

// forwards reports whether a client header is sent on.
func (r *Request) forwards(name string) bool {
	switch name {
	case "Content-Length", "Expect", "Host", "Http2-Settings":
		return false
	}
	if hopByHop(name) || strings.IndexByte(name, '_') >= 0 {
		return false
	}
	if r.Drop != nil && r.Drop(name) {
		return false
	}
	lists := r.In.Header["Connection"]
	return len(lists) == 0 || plainConnection(lists) || !grammar.HasToken(lists, name)
}

// plainConnection is the common case: nothing but keep-alive or close.
func plainConnection(lists []string) bool {
	return len(lists) == 1 && (lists[0] == "keep-alive" || lists[0] == "close" || lists[0] == "Keep-Alive")
}

// upgrades reports whether the client asks for a tunnel we allow.
func (r *Request) upgrades() bool {
	u := r.In.Header["Upgrade"]
	return len(u) == 1 && strings.EqualFold(u[0], upgradeProtocol) && r.In.Method == http.MethodGet &&
		r.In.ProtoMajor == 1 && grammar.HasToken(r.In.Header["Connection"], "upgrade")
}

// hasBody reports whether a request body follows the head.
func (r *Request) hasBody() bool {
	return r.In.ContentLength != 0 && r.In.Body != nil && r.In.Body != http.NoBody
}

// repeatable reports whether sending the request twice is as good as once
// (RFC 9110 section 9.2.2), and can be done.
func (r *Request) repeatable() bool {
	switch r.In.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return !r.hasBody()
	}
	return false
}

// appendHead appends the whole request head.
func (r *Request) appendHead(b []byte) []byte {
	b = append(b, r.In.Method...)
	b = append(b, ' ')
	b = append(b, r.Target...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, r.Host...)
	b = append(b, "\r\n"...)
	for name, values := range r.In.Header {
		if !r.forwards(name) {
			continue
		}
		for _, v := range values {
			b = append(b, name...)
			b = append(b, ": "...)
			b = append(b, v...)
			b = append(b, "\r\n"...)
		}
	}
	b = append(b, r.Header...)
	switch n := r.In.ContentLength; {
	case r.hasBody() && n < 0:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case r.hasBody() || lengthExpected(r.In.Method):
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, max(n, 0), 10)
		b = append(b, "\r\n"...)
	}
	return append(b, "\r\n"...)
}

// lengthExpected says which methods tell a length even without a body (RFC
// 9110 section 8.6).
func lengthExpected(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

// header is the same head as fields, for the standard path.
func (r *Request) header() http.Header {
	h := make(http.Header, len(r.In.Header)+8)
	for name, values := range r.In.Header {
		if r.forwards(name) {
			h[name] = append([]string(nil), values...)
		}
	}
	for lines := string(r.Header); lines != ""; {
		var line string
		line, lines, _ = strings.Cut(lines, "\r\n")
		name, value, _ := strings.Cut(line, ":")
		h.Add(name, trimBlanks(value))
	}
	return h
}
