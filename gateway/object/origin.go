package object

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/berth-project/berth/gateway/grammar"
)

// statusClientGone is what logs call a request whose client did not wait.
const statusClientGone = 499

// origin fetches objects from HTTP hosts.
type origin struct {
	allow    allowList
	pool     *pool
	times    Timeouts
	log      *slog.Logger
	requests sync.Pool // of *[]byte, request heads
}

func newOrigin(cfg Config, log *slog.Logger) *origin {
	times := cfg.Timeouts.withDefaults()
	return &origin{
		allow:    newAllowList(cfg),
		pool:     newPool(cfg, times),
		times:    times,
		log:      log,
		requests: sync.Pool{New: func() any { return new([]byte) }},
	}
}

// serve fetches what ref names and streams it to the client.
func (o *origin) serve(w http.ResponseWriter, r *http.Request, ref Ref, app http.Header) error {
	to, err := parseReference(ref)
	if err != nil {
		return refuse(CodeMalformed, "reference %w", err)
	}
	if !o.allow.allows(to) {
		return refuse(CodeRefused, "%s is not an allowed origin", to.origin())
	}
	d := &download{origin: o, to: to, r: asDownload(r), head: r.Method == http.MethodHead}
	c, head, err := d.fetch()
	if err != nil {
		return err
	}
	return d.answer(w, c, head, app)
}

// download is one object on its way.
type download struct {
	origin *origin
	to     reference
	r      *http.Request
	head   bool // the client wants no body
}

// fetch exchanges request and response head with the origin, on an unused
// connection if there is one. Such a connection may have been closed by the
// origin in the meantime, with a 408 or without a word; then, and only then, the
// request is repeated on a new one.
func (d *download) fetch() (*conn, *responseHead, error) {
	o, ctx := d.origin, d.r.Context()
	request := o.requests.Get().(*[]byte)
	defer o.requests.Put(request)
	*request = d.appendRequest((*request)[:0])
	if c := o.pool.take(d.to.origin()); c != nil {
		head, err := c.exchange(ctx, *request, o.times.ResponseHead)
		if err == nil && head.status != http.StatusRequestTimeout {
			return c, head, nil
		}
		c.Close()
		if err != nil && c.answered || ctx.Err() != nil || isTimeout(err) {
			return nil, nil, d.failure(err)
		}
		o.log.DebugContext(ctx, "object connection was closed by the origin", "upstream", d.to.host)
	}
	c, err := o.pool.dial(ctx, d.to)
	if err != nil {
		return nil, nil, d.dialFailure(err)
	}
	head, err := c.exchange(ctx, *request, o.times.ResponseHead)
	if err != nil {
		c.Close()
		return nil, nil, d.failure(err)
	}
	return c, head, nil
}

// appendRequest writes the request head.
func (d *download) appendRequest(b []byte) []byte {
	b = append(b, "GET "...)
	b = append(b, d.to.path...)
	b = append(b, d.to.query...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, d.to.authority...)
	b = append(b, "\r\n"...)
	for _, name := range requestKeeps {
		b = d.appendField(b, name)
	}
	if len(d.r.Header["Accept-Encoding"]) == 0 {
		b = append(b, "Accept-Encoding: identity\r\n"...)
	}
	for _, name := range requestConditions {
		if !d.head || name != "Range" && name != "If-Range" {
			b = d.appendField(b, name)
		}
	}
	if d.head {
		b = append(b, "Range: bytes=0-0\r\n"...)
	}
	return append(b, "\r\n"...)
}

// appendField writes a field of the client's request, if it has it.
func (d *download) appendField(b []byte, name string) []byte {
	for _, value := range d.r.Header[name] {
		if !grammar.IsValue(value) {
			continue // net/http refuses these; a second lock costs nothing
		}
		b = append(b, name...)
		b = append(b, ": "...)
		b = append(b, value...)
		b = append(b, "\r\n"...)
	}
	return b
}

// answer decides what the client gets for what the origin said.
func (d *download) answer(w http.ResponseWriter, c *conn, head *responseHead, app http.Header) error {
	if d.head {
		d.undoOneByte(c, head)
	}
	status := head.status
	switch {
	case status == http.StatusOK,
		status == http.StatusPartialContent && d.asked("Range"),
		status == http.StatusNotModified && (d.asked("If-None-Match") || d.asked("If-Modified-Since")):
		return d.stream(w, c, head, app)
	case status == http.StatusRequestedRangeNotSatisfiable && d.asked("Range"):
		if value := head.fields["Content-Range"]; value != "" {
			w.Header()["Content-Range"] = []string{value}
		}
		return d.turnDown(c, head, CodeRange, status)
	case status == http.StatusPreconditionFailed && (d.asked("If-Match") || d.asked("If-Unmodified-Since")):
		return d.turnDown(c, head, CodePrecondition, status)
	case status == http.StatusForbidden || status == http.StatusNotFound || status == http.StatusGone:
		return d.turnDown(c, head, CodeNotFound, http.StatusNotFound)
	}
	return d.turnDown(c, head, CodeOrigin, http.StatusBadGateway)
}

// asked reports whether the request to the origin had a field.
func (d *download) asked(name string) bool { return len(d.r.Header[name]) > 0 }

// undoOneByte turns the answer to the one byte asked for in place of HEAD into
// that of the whole object. An empty object has no first byte and is a 416.
func (d *download) undoOneByte(c *conn, head *responseHead) {
	total, known := strings.CutPrefix(head.fields["Content-Range"], "bytes 0-0/")
	switch {
	case head.status == http.StatusPartialContent && known:
		if !c.skip(head.length) || head.chunked {
			head.close = true
		}
	case head.status == http.StatusRequestedRangeNotSatisfiable && head.fields["Content-Range"] == "bytes */0":
		if !c.skip(head.length) {
			head.close = true
		}
		total = "0"
		clear(head.fields) // they describe an error document
	case head.status == http.StatusOK:
		if !c.skip(head.length) {
			head.close = true // the body is on its way and not wanted
		}
		return
	default:
		return
	}
	head.status, head.chunked = http.StatusOK, false
	delete(head.fields, "Content-Range")
	if n, ok := grammar.Length(total); ok {
		head.length = n
	} else {
		head.length = -1
	}
}

// turnDown gives the connection back and returns the error the client gets.
func (d *download) turnDown(c *conn, head *responseHead, code Code, status int) error {
	upstream := head.status
	if c.skip(head.length) {
		d.release(c, head)
	} else {
		c.Close()
	}
	return &Error{Code: code, Status: status, Err: fmt.Errorf("%s answered %d", d.to.origin(), upstream)}
}

// stream sends header and body to the client.
func (d *download) stream(w http.ResponseWriter, c *conn, head *responseHead, app http.Header) error {
	h := w.Header()
	keepAppHeader(h, app)
	keepOriginHeader(h, head)
	if head.length >= 0 && head.status != http.StatusNotModified {
		h["Content-Length"] = []string{strconv.FormatInt(head.length, 10)}
	}
	w.WriteHeader(head.status)
	if d.head || head.status == http.StatusNotModified {
		d.release(c, head)
		return nil
	}
	if err := c.copyBody(w, head, d.origin.times.BodyIdle); err != nil {
		c.Close()
		return &Error{Code: d.brokenBy(err), Status: head.status, Written: true, Err: fmt.Errorf("stream from %s: %w", d.to.origin(), err)}
	}
	d.release(c, head)
	return nil
}

// release keeps the connection for the next exchange where that is sound.
func (d *download) release(c *conn, head *responseHead) {
	if head.close || head.chunked || head.length < 0 || !c.clean() || c.SetDeadline(time.Time{}) != nil {
		c.Close()
		return
	}
	d.origin.pool.put(c)
}

func (d *download) brokenBy(err error) Code {
	switch {
	case d.r.Context().Err() != nil:
		return CodeCanceled
	case isTimeout(err):
		return CodeTimeout
	}
	return CodeBroken
}

// failure is the error for an exchange that brought no response.
func (d *download) failure(err error) *Error {
	out := &Error{Code: CodeOrigin, Status: http.StatusBadGateway, Err: fmt.Errorf("%s: %w", d.to.origin(), err)}
	switch {
	case d.r.Context().Err() == context.Canceled:
		out.Code, out.Status = CodeCanceled, statusClientGone
	case isTimeout(err):
		out.Code, out.Status = CodeTimeout, http.StatusGatewayTimeout
	}
	return out
}

// dialFailure is the error for an origin that could not be reached.
func (d *download) dialFailure(err error) error {
	if refused, ok := errors.AsType[*addressError](err); ok {
		return refuse(CodeRefused, "%s: %w", d.to.origin(), refused)
	}
	out := d.failure(err)
	if out.Code == CodeOrigin {
		out.Code = CodeDial
	}
	return out
}
