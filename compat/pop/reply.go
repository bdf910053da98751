package pop

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
)

// EnvelopeHeader asks for POP's status codes, with the value "envelope": 200 for
// most errors, which are told in the body alone.
const EnvelopeHeader = "X-Pop-Compat"

// CIDHeader brings the correlation id of a request. It is told in the answer.
const CIDHeader = "X-Pop-Cid"

const envelopeValue = "envelope"

// answer is the body of an answer: POP's fields, and those of problem details
// (RFC 9457) of an error.
type answer struct {
	Count *int `json:"count,omitempty"`
	// All are the objects.
	All any `json:"all,omitempty"`

	Agendas    any               `json:"agendas,omitempty"`
	Agenda     any               `json:"agenda,omitempty"`
	Progresses any               `json:"agendaProgresses,omitempty"`
	Leases     map[string]string `json:"leases,omitempty"`

	ProgressList any      `json:"progressList,omitempty"`
	State        string   `json:"processingState,omitempty"`
	Percent      *float64 `json:"processingPercent,omitempty"`

	Failed        bool           `json:"error"`
	CID           string         `json:"cid"`
	ErrorResponse *errorResponse `json:"errorResponse,omitempty"`

	Type   string `json:"type,omitempty"`
	Title  string `json:"title,omitempty"`
	Status int    `json:"status,omitempty"`
	Detail string `json:"detail,omitempty"`

	etag int64 // of the one object, 0 for none
	own  int   // POP's code of an error, where it is another
}

// errorResponse is how POP tells of an error.
type errorResponse struct {
	Title         string `json:"title"`
	Description   string `json:"description"`
	ResponseCode  int    `json:"responseCode"`
	CorrelationID string `json:"correlationId,omitempty"`
}

// fail makes an answer tell of an error. What it holds besides stays: some
// services do a part of what they were asked.
func (a *answer) fail(err error, cid string) {
	code := codeOf(err)
	text := err.Error()
	if code == http.StatusInternalServerError {
		text = "internal error; the log has more under correlation id " + cid
	}
	var p *problem
	if errors.As(err, &p) {
		a.own = p.envelope
	}
	a.Failed = true
	a.ErrorResponse = &errorResponse{Title: title(code), Description: text, ResponseCode: code, CorrelationID: cid}
	a.Type, a.Title, a.Status, a.Detail = "about:blank", http.StatusText(code), code, text
}

// write sends an answer. With envelope, errors of which POP tells in the body have
// the status 200.
func (a *answer) write(w http.ResponseWriter, envelope bool) {
	status := http.StatusOK
	contentType := "application/json"
	if a.Failed {
		status, contentType = a.Status, "application/problem+json"
	}
	if envelope {
		contentType = "application/json"
		if status = enveloped(status); a.own != 0 {
			status, a.ErrorResponse.ResponseCode, a.ErrorResponse.Title = a.own, a.own, title(a.own)
		}
		a.Type, a.Title, a.Status, a.Detail = "", "", 0, ""
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // tokens stay readable
	if err := enc.Encode(a); err != nil {
		http.Error(w, "answer cannot be written as JSON", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	if a.etag > 0 {
		h.Set("ETag", etag(a.etag))
	}
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the client may be gone
}

// enveloped is the status that POP gives an answer that has another by right: 200
// for what its services refuse. What its gateway answers, and what a client should
// try again, keeps its own.
func enveloped(status int) int {
	switch status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusConflict,
		http.StatusPreconditionFailed, http.StatusUnprocessableEntity:
		return http.StatusOK
	}
	return status
}

// etag is the entity tag of a version.
func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// objects is an answer with objects.
func objects[T any](list []T) *answer {
	n := len(list)
	if list == nil {
		list = []T{}
	}
	return &answer{Count: &n, All: list}
}
