package upstream

import (
	"bytes"
	"net/http"
	"net/textproto"
	"strings"

	"github.com/berth-project/berth/gateway/grammar"
)

// maxFields bounds the fields of one head or trailer section.
const maxFields = 256

// field is one header field, its name as it came.
type field struct{ name, value string }

// responseHead is a response head taken apart. Its strings share one copy of
// the bytes. It is reused from request to request.
type responseHead struct {
	status int
	minor  byte // of the version: '0' or '1'
	// length is the Content-Length, -1 when there is none.
	length  int64
	chunked bool
	close   bool
	// named says that Connection lists fields that are not to pass.
	named   bool
	trailer bool
	fields  []field
}

// parse reads a complete head, strictly (RFC 9112 sections 4 and 5): what two
// readers could understand differently is refused.
func (h *responseHead) parse(raw []byte) error {
	*h = responseHead{length: -1, fields: h.fields[:0]}
	text := string(raw)
	line, rest, ok := strings.Cut(text, "\r\n")
	if !ok {
		return protocolError("response head has no status line")
	}
	if err := h.parseStatus(line); err != nil {
		return err
	}
	var err error
	if h.fields, err = appendFields(h.fields, rest); err != nil {
		return err
	}
	for i := range h.fields {
		if err := h.note(&h.fields[i]); err != nil {
			return err
		}
	}
	return h.checkFraming()
}

// parseStatus reads "HTTP/1.x NNN reason"; the blank before an absent reason
// may be absent too, as many servers have it.
func (h *responseHead) parseStatus(line string) error {
	const bad = protocolError("malformed status line")
	if len(line) < 12 || line[:7] != "HTTP/1." || line[7] != '0' && line[7] != '1' || line[8] != ' ' {
		return bad
	}
	if len(line) > 12 && line[12] != ' ' || !grammar.IsValue(line[12:]) {
		return bad
	}
	for _, c := range []byte(line[9:12]) {
		if c < '0' || c > '9' {
			return bad
		}
		h.status = h.status*10 + int(c-'0')
	}
	if h.status < 100 || h.status > 599 {
		return protocolError("status out of range")
	}
	h.minor = line[7]
	return nil
}

// appendFields reads field lines up to the empty one.
func appendFields(fields []field, text string) ([]field, error) {
	for {
		line, rest, ok := strings.Cut(text, "\r\n")
		switch {
		case !ok:
			return fields, protocolError("header section has no end")
		case line == "":
			return fields, nil
		case len(fields) == maxFields:
			return fields, protocolError("too many header fields")
		}
		colon := strings.IndexByte(line, ':')
		if colon <= 0 || !grammar.IsToken(line[:colon]) {
			return fields, protocolError("malformed header field name")
		}
		value := trimBlanks(line[colon+1:])
		if !grammar.IsValue(value) {
			return fields, protocolError("control byte in a header field")
		}
		fields = append(fields, field{line[:colon], value})
		text = rest
	}
}

// note takes what frames the message from a field. A length said twice loses
// its name the second time: it is not forwarded again.
func (h *responseHead) note(f *field) error {
	switch len(f.name) {
	case len("Connection"):
		if strings.EqualFold(f.name, "Connection") {
			h.noteConnection(f.value)
		}
	case len("Content-Length"):
		if strings.EqualFold(f.name, "Content-Length") {
			return h.noteLength(f)
		}
	case len("Transfer-Encoding"):
		if !strings.EqualFold(f.name, "Transfer-Encoding") {
			return nil
		}
		if h.chunked || !strings.EqualFold(f.value, "chunked") {
			return protocolError("transfer coding other than chunked")
		}
		h.chunked = true
	case len("Trailer"):
		if strings.EqualFold(f.name, "Trailer") {
			h.trailer = true
		}
	}
	return nil
}

func (h *responseHead) noteConnection(value string) {
	for item := range strings.SplitSeq(value, ",") {
		switch item = trimBlanks(item); {
		case strings.EqualFold(item, "close"):
			h.close = true
		case item != "" && !strings.EqualFold(item, "keep-alive"):
			h.named = true
		}
	}
}

func (h *responseHead) noteLength(f *field) error {
	n, ok := grammar.Length(f.value)
	switch {
	case !ok:
		return protocolError("malformed content length")
	case h.length >= 0 && h.length != n:
		return protocolError("conflicting content lengths")
	case h.length >= 0:
		f.name = ""
	}
	h.length = n
	return nil
}

// checkFraming refuses the combinations that request smuggling is made of
// (RFC 9112 section 6.3).
func (h *responseHead) checkFraming() error {
	if h.chunked && h.length >= 0 {
		return protocolError("both content length and transfer coding")
	}
	if h.chunked && h.minor == '0' {
		return protocolError("transfer coding in HTTP/1.0")
	}
	if h.minor == '0' {
		h.close = true
	}
	return nil
}

// bodyless reports whether the status never has a body (RFC 9110 section 6.4.1).
func bodyless(status int) bool {
	return status == http.StatusNoContent || status == http.StatusNotModified || status < 200
}

// keeps reports whether a field is forwarded to the client.
func (h *responseHead) keeps(f *field) bool {
	if f.name == "" || hopByHop(f.name) {
		return false
	}
	if !h.named {
		return true
	}
	for i := range h.fields {
		c := &h.fields[i]
		if strings.EqualFold(c.name, "Connection") && grammar.HasToken([]string{c.value}, f.name) {
			return false
		}
	}
	return true
}

// header fills dst with the fields to forward. All values share one array.
func (h *responseHead) header(dst http.Header) {
	values := make([]string, 0, len(h.fields))
	for i := range h.fields {
		f := &h.fields[i]
		if !h.keeps(f) {
			continue
		}
		key := textproto.CanonicalMIMEHeaderKey(f.name)
		if have, ok := dst[key]; ok {
			dst[key] = append(have, f.value)
			continue
		}
		n := len(values)
		values = append(values, f.value)
		dst[key] = values[n : n+1 : n+1]
	}
	if h.status == http.StatusNoContent {
		delete(dst, "Content-Length")
	}
}

// hopByHop reports whether a field concerns one connection only (RFC 9110
// section 7.6.1, with the names of older practice).
func hopByHop(name string) bool {
	switch len(name) {
	case 2:
		return strings.EqualFold(name, "Te")
	case 7:
		return strings.EqualFold(name, "Trailer") || strings.EqualFold(name, "Upgrade")
	case 10:
		return strings.EqualFold(name, "Connection") || strings.EqualFold(name, "Keep-Alive")
	case 16:
		return strings.EqualFold(name, "Proxy-Connection")
	case 17:
		return strings.EqualFold(name, "Transfer-Encoding")
	case 18:
		return strings.EqualFold(name, "Proxy-Authenticate")
	case 19:
		return strings.EqualFold(name, "Proxy-Authorization")
	}
	return false
}

// trailerFields reads a trailer section of a chunked body.
func trailerFields(raw []byte) ([]field, error) {
	if bytes.Equal(raw, []byte("\r\n")) {
		return nil, nil
	}
	return appendFields(nil, string(raw))
}
