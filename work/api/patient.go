package api

import (
	"net/http"
	"time"
)

// stalled is how long a client may take none of what is written to it.
const stalled = 30 * time.Second

// patient writes an answer that has no end: each part of it has time of its
// own, in place of the server's limit for the whole. A client that takes
// nothing would otherwise hold its stream for ever.
type patient struct{ http.ResponseWriter }

// Write implements io.Writer.
func (p patient) Write(data []byte) (int, error) {
	_ = http.NewResponseController(p.ResponseWriter).SetWriteDeadline(time.Now().Add(stalled))
	return p.ResponseWriter.Write(data)
}

// Unwrap is for http.ResponseController.
func (p patient) Unwrap() http.ResponseWriter { return p.ResponseWriter }
