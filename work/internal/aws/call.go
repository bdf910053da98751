package aws

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Call is one request to a service.
type Call struct {
	Scope
	// Endpoint is where it goes; see [Endpoint].
	Endpoint string
	// ContentType and Target are headers; Target is that of the JSON protocols.
	ContentType, Target string
	Body                []byte
	// MaxAnswer bounds what is read of the answer, in bytes. Default 1 MiB.
	MaxAnswer int64
}

// Endpoint returns the regional endpoint of a service.
func Endpoint(service, region string) string {
	domain := "amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		domain = "amazonaws.com.cn"
	}
	if region == "" {
		return "https://" + service + "." + domain
	}
	return "https://" + service + "." + region + "." + domain
}

// Error is what a service answered in place of a result.
type Error struct {
	Status  int
	Code    string // without what stands before "#": "AccessDenied"
	Message string
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("status %d, %s: %s", e.Status, e.Code, e.Message)
}

// expired are the codes of credentials that have to be fetched again.
var expired = map[string]bool{
	"ExpiredToken": true, "ExpiredTokenException": true, "InvalidClientTokenId": true, "UnrecognizedClientException": true,
}

// Do makes a call and returns the answer's body. The error is an [*Error] when
// the service answered one.
func (p *Provider) Do(ctx context.Context, client *http.Client, call Call) ([]byte, error) {
	now := time.Now()
	credentials, err := p.Credentials(ctx, now)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, call.Endpoint, bytes.NewReader(call.Body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", call.ContentType)
	if call.Target != "" {
		req.Header.Set("X-Amz-Target", call.Target)
	}
	Sign(req, call.Body, credentials, call.Scope, now)
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, cmp.Or(call.MaxAnswer, maxAnswer)))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 == 2 {
		return data, nil
	}
	failure := parseError(resp, data)
	if expired[failure.Code] {
		p.Forget()
	}
	return nil, failure
}

// parseError reads the errors of the JSON and of the query protocol.
func parseError(resp *http.Response, data []byte) *Error {
	e := &Error{Status: resp.StatusCode, Code: "Unknown", Message: http.StatusText(resp.StatusCode)}
	var inJSON struct {
		Type    string `json:"__type"`
		Message string `json:"message"` // or Message: encoding/json ignores case
	}
	var inXML struct {
		Code    string `xml:"Error>Code"`
		Message string `xml:"Error>Message"`
	}
	switch {
	case json.Unmarshal(data, &inJSON) == nil && inJSON.Type != "":
		e.Code, e.Message = inJSON.Type, inJSON.Message
	case xml.Unmarshal(data, &inXML) == nil && inXML.Code != "":
		e.Code, e.Message = inXML.Code, inXML.Message
	}
	if _, after, ok := strings.Cut(e.Code, "#"); ok {
		e.Code = after
	}
	return e
}

// sender are the beginnings of codes that are about who sends, or about a key or
// a resource that is not ready, whatever else their names have in them: a clock
// that is wrong makes every signature invalid, and no event the worse.
var sender = []string{"InvalidSignature", "InvalidSecurity", "InvalidAccessKeyId", "InvalidIdentityToken", "InvalidToken", "InvalidState", "Kms", "KMS"}

// Temporary reports whether the same call may succeed later. Only answers about
// what was sent are for good: a right, a queue or a key that is missing may be
// there later.
func Temporary(err error) bool {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok || e.Status >= 500 || e.Status == http.StatusTooManyRequests || e.Status == http.StatusForbidden:
		return true
	case e.Status == http.StatusRequestEntityTooLarge:
		return false
	case slices.ContainsFunc(sender, func(begin string) bool {
		return strings.HasPrefix(strings.TrimPrefix(e.Code, "AWS.SimpleQueueService."), begin)
	}):
		return true
	}
	for _, word := range []string{"Invalid", "Malformed", "TooLong", "TooLarge", "Validation", "Unsupported", "MissingParameter"} {
		if strings.Contains(e.Code, word) && !expired[e.Code] {
			return false
		}
	}
	return true
}
