package http

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/berth-project/berth/work/internal/egress"
	"github.com/berth-project/berth/work/internal/transcript"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Response is the output of a step of type "http".
type Response struct {
	// Status is that of the answer.
	Status int `json:"status"`
	// Headers have names in lower case; several of a name are one, with ", "
	// between them. Cookies are not among them.
	Headers map[string]string `json:"headers"`
	// Body is JSON where the answer says it is, else a text; null when there
	// is none, or when it is no text.
	Body json.RawMessage `json:"body"`
	// Base64 is a body that is no text.
	Base64 []byte `json:"base64,omitempty"`
}

// quoted is how much of a body a failure has.
const quoted = 2 << 10

var errLarge = errors.New("the answer is too large")

// read reads the body of an answer, without the secrets that were sent.
func (c *call) read(resp *http.Response, most int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > most {
		return nil, fmt.Errorf("%w: more than %d bytes", errLarge, most)
	}
	return c.redactor.Bytes(body), nil
}

// output returns what an answer is as the output of the step.
func (c *call) output(resp *http.Response, body []byte) (json.RawMessage, *machine.Failure) {
	answer := Response{Status: resp.StatusCode, Headers: map[string]string{}, Body: json.RawMessage("null")}
	for name, values := range resp.Header {
		if name != "Set-Cookie" {
			text := strings.ToValidUTF8(strings.Join(values, ", "), "\uFFFD")
			answer.Headers[strings.ToLower(name)] = c.redactor.String(text)
		}
	}
	switch {
	case len(body) == 0:
	case isJSON(resp.Header.Get("Content-Type")):
		if !json.Valid(body) {
			return nil, &machine.Failure{Code: "result", Message: fmt.Sprintf("%s answered with JSON that is none; it begins %.60q", c.place(), body)}
		}
		answer.Body = body
	case utf8.Valid(body):
		answer.Body, _ = json.Marshal(string(body)) // a text: it cannot fail
	default:
		answer.Base64 = body
	}
	output, err := json.Marshal(answer)
	if err != nil {
		return nil, &machine.Failure{Code: "result", Message: err.Error()}
	}
	return output, nil
}

// unexpected is the failure of an answer that does not mean success.
func (c *call) unexpected(resp *http.Response, body []byte, now time.Time) *machine.Failure {
	status := resp.StatusCode
	detail := struct {
		Status     int    `json:"status"`
		RetryAfter *int64 `json:"retry-after,omitempty"` // seconds
		Body       string `json:"body,omitempty"`
	}{Status: status, Body: transcript.Clip(string(body), quoted)}
	after, named := egress.RetryAfter(resp.Header.Get("Retry-After"), now)
	if named {
		seconds := int64((after + time.Second - 1) / time.Second)
		detail.RetryAfter = &seconds
	}
	f := &machine.Failure{
		Code:       fmt.Sprintf("http.%d", status),
		Message:    fmt.Sprintf("%s %s answered %s", c.request.Method, c.place(), c.status(resp)),
		Fatal:      forGood(status) && !among(c.Temporary, status),
		RetryAfter: workflow.Duration(after),
	}
	if location := resp.Header.Get("Location"); status/100 == 3 && location != "" {
		f.Message += ": redirects are followed for GET and HEAD on the same server only; name the URL it leads to"
	}
	f.Detail, _ = json.Marshal(detail) // of texts and numbers: it cannot fail
	return f
}

// maxStatus bounds what is kept of the words behind a status, in bytes.
const maxStatus = 200

// status returns the status of an answer with the server's words for it, which may
// be anything.
func (c *call) status(resp *http.Response) string {
	return transcript.Clip(c.redactor.String(resp.Status), maxStatus)
}

// forGood reports whether the same request would be answered the same again.
func forGood(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return status < 500
}

// transportFailure is the failure of a request that was not answered, or not
// to the end.
func (c *call) transportFailure(ctx, limited context.Context, err error) *machine.Failure {
	if ctx.Err() != nil {
		return interrupted(ctx)
	}
	f := &machine.Failure{Message: c.redactor.String(fmt.Sprintf("%s %s: %v", c.request.Method, c.place(), reason(err)))}
	var op *net.OpError
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.Is(err, egress.ErrRefused):
		f.Code, f.Fatal = "refused", true
	case errors.Is(err, errLarge):
		f.Code, f.Fatal = "limit.output", true
	case limited.Err() != nil:
		f.Code, f.Message = "http.timeout", fmt.Sprintf("%s %s: no answer within %s", c.request.Method, c.place(), c.timeout)
	case isTLS(err):
		f.Code = "http.tls"
	case errors.As(err, &dns), errors.As(err, &op) && op.Op == "dial":
		f.Code = "http.connect"
	case errors.As(err, &timeout) && timeout.Timeout():
		f.Code = "http.timeout"
	default:
		f.Code = "http.broken"
	}
	return f
}

// reason is err without the method and URL that package net/http puts before
// it: the URL's query may be secret.
func reason(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

func isTLS(err error) bool {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	return errors.As(err, &certificate) || errors.As(err, &record) || errors.As(err, &alert) ||
		errors.As(err, &authority) || errors.As(err, &host) ||
		errors.Is(err, http.ErrSchemeMismatch) || strings.Contains(err.Error(), "tls: ")
}
