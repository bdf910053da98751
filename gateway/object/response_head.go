package object

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/berth-project/berth/gateway/grammar"
)

// responseHead is what matters of an origin's status line and fields.
type responseHead struct {
	status  int
	length  int64 // of the body; -1: chunked, or until the connection closes
	chunked bool
	close   bool              // the connection cannot be used again
	fields  map[string]string // those of originKeeps and Vary, by canonical name
}

var errHead = errors.New("response head is not HTTP/1.1")

// parseHead reads a complete head without its final empty line. It is strict:
// what two readers could understand differently is refused (RFC 9112 §2.2, §5,
// §6.3).
func parseHead(text string) (*responseHead, error) {
	line, rest, _ := strings.Cut(text, "\r\n")
	head := &responseHead{length: -1, fields: make(map[string]string, 8)}
	if err := head.parseStatus(line); err != nil {
		return nil, err
	}
	for rest != "" {
		line, rest, _ = strings.Cut(rest, "\r\n")
		name, value, ok := strings.Cut(line, ":")
		value = strings.Trim(value, " \t")
		if !ok || !grammar.IsToken(name) || !grammar.IsValue(value) {
			return nil, errHead
		}
		if err := head.note(http.CanonicalHeaderKey(name), value); err != nil {
			return nil, err
		}
	}
	if head.chunked && head.length >= 0 {
		return nil, errors.New("response has both a length and a transfer coding")
	}
	if bodyless(head.status) {
		head.length, head.chunked = 0, false
	}
	return head, nil
}

// parseStatus reads "HTTP/1.1 200 OK".
func (h *responseHead) parseStatus(line string) error {
	version, rest, ok := strings.Cut(line, " ")
	code, reason, _ := strings.Cut(rest, " ")
	if !ok || version != "HTTP/1.1" && version != "HTTP/1.0" || len(code) != 3 || !grammar.IsValue(reason) {
		return errHead
	}
	for _, c := range []byte(code) {
		if c < '0' || c > '9' {
			return errHead
		}
		h.status = h.status*10 + int(c-'0')
	}
	if h.status < 100 || h.status > 599 {
		return errHead
	}
	h.close = version == "HTTP/1.0"
	return nil
}

// note takes what is needed from one field.
func (h *responseHead) note(name, value string) error {
	switch name {
	case "Content-Length":
		n, ok := grammar.Length(value)
		if !ok || h.length >= 0 && h.length != n {
			return errors.New("response has no sound length")
		}
		h.length = n
	case "Transfer-Encoding":
		if !strings.EqualFold(value, "chunked") || h.chunked {
			return errors.New("response has an unknown transfer coding")
		}
		h.chunked = true
	case "Connection":
		h.close = h.close || grammar.HasToken([]string{value}, "close")
	default:
		if _, seen := h.fields[name]; !seen && (name == "Vary" || slices.Contains(originKeeps, name)) {
			h.fields[name] = value
		}
	}
	return nil
}

// bodyless reports whether a status has no body whatever its fields say (RFC
// 9112 §6.3).
func bodyless(status int) bool {
	return status < 200 || status == http.StatusNoContent || status == http.StatusNotModified
}
