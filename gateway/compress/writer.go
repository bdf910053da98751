package compress

import (
	"io"
	"net/http"
	"strconv"
	"strings"
)

// state is what a Writer does with what is written.
type state int

const (
	stateUndecided   state = iota // no status yet
	stateBuffering                // eligible, waiting for the minimum
	stateCompressing              // header sent, an encoder is at work
	statePassing                  // header sent, bytes go through as they are
	stateClosed
)

// Writer is an http.ResponseWriter that compresses what passes through it when
// the request and the response allow it. Like any ResponseWriter it belongs to
// one goroutine and one request.
type Writer struct {
	w        http.ResponseWriter
	r        *http.Request
	cfg      Config
	state    state
	status   int
	encoding string
	encoder  encoder
	pending  []byte // held back while buffering
}

// NewWriter returns a writer for the answer to r. The caller must call
// [Writer.Close] when the handler has returned, or [Writer.Abort] when the
// response is to be broken off.
func NewWriter(w http.ResponseWriter, r *http.Request, cfg Config) *Writer {
	c := &Writer{}
	c.Reset(w, r, cfg)
	return c
}

// Reset makes a writer what [NewWriter] returns; one that is in use must have
// been closed or aborted before.
func (w *Writer) Reset(to http.ResponseWriter, r *http.Request, cfg Config) {
	*w = Writer{w: to, r: r, cfg: cfg}
}

// Header implements http.ResponseWriter.
func (w *Writer) Header() http.Header { return w.w.Header() }

// Unwrap serves http.ResponseController.
func (w *Writer) Unwrap() http.ResponseWriter { return w.w }

// WriteHeader implements http.ResponseWriter. It decides what becomes of the
// body; the status line of a response that may still be too short to compress
// is held back until that is known.
func (w *Writer) WriteHeader(status int) {
	if w.state != stateUndecided {
		return
	}
	if status >= 100 && status < 200 {
		w.w.WriteHeader(status) // informational; a final status follows, save after 101
		return
	}
	w.status = status
	w.encoding = w.decide(status)
	switch {
	case w.encoding == "":
		w.state = statePassing
		w.w.WriteHeader(status)
	case w.declaredLength() >= 0 || w.cfg.minSize() == 0:
		w.startCompressing()
	default:
		w.state = stateBuffering
	}
}

// Write implements http.ResponseWriter.
func (w *Writer) Write(p []byte) (int, error) {
	if w.state == stateUndecided {
		w.WriteHeader(http.StatusOK)
	}
	switch w.state {
	case statePassing:
		return w.w.Write(p)
	case stateCompressing:
		return w.encoder.Write(p)
	case stateBuffering:
		return w.buffer(p)
	}
	return 0, io.ErrClosedPipe
}

// ReadFrom implements io.ReaderFrom, so that a body that is not compressed can
// still go from file or socket to socket within the kernel.
func (w *Writer) ReadFrom(src io.Reader) (int64, error) {
	if w.state == stateUndecided {
		w.WriteHeader(http.StatusOK)
	}
	if w.state == statePassing {
		if rf, ok := w.w.(io.ReaderFrom); ok {
			return rf.ReadFrom(src)
		}
	}
	buf := copyPool.Get().(*[32 << 10]byte)
	defer copyPool.Put(buf)
	return io.CopyBuffer(struct{ io.Writer }{w}, src, buf[:])
}

// FlushError sends what was written so far; a response held back for its
// minimum starts being compressed.
func (w *Writer) FlushError() error {
	switch w.state {
	case stateUndecided:
		w.WriteHeader(http.StatusOK)
		return w.FlushError()
	case stateBuffering:
		if err := w.endBuffering(); err != nil {
			return err
		}
		return w.FlushError()
	case stateCompressing:
		if err := w.encoder.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(w.w).Flush()
}

// Flush implements http.Flusher.
func (w *Writer) Flush() { _ = w.FlushError() }

// Close ends the response: a short one that was held back is sent as it is.
// Nothing may be written afterwards. It does nothing when nothing was written,
// as after a hijack.
func (w *Writer) Close() error {
	var err error
	switch w.state {
	case stateBuffering:
		err = w.sendShort()
	case stateCompressing:
		err = w.encoder.Close()
	case stateUndecided, stateClosed:
		return nil
	}
	w.Abort()
	return err
}

// Abort lets go of the encoder without ending the compressed stream, for a
// response that failed half way and must not look complete.
func (w *Writer) Abort() {
	if w.encoder != nil {
		releaseEncoder(w.encoding, w.cfg.level(), w.encoder)
		w.encoder = nil
	}
	w.pending = nil
	w.state = stateClosed
}

// buffer holds p back until the minimum is reached.
func (w *Writer) buffer(p []byte) (int, error) {
	if len(w.pending)+len(p) >= w.cfg.minSize() {
		if err := w.endBuffering(); err != nil {
			return 0, err
		}
		return w.encoder.Write(p)
	}
	if w.pending == nil {
		w.pending = make([]byte, 0, w.cfg.minSize())
	}
	w.pending = append(w.pending, p...)
	return len(p), nil
}

// endBuffering starts compressing with what was held back.
func (w *Writer) endBuffering() error {
	w.startCompressing()
	if len(w.pending) == 0 {
		return nil
	}
	_, err := w.encoder.Write(w.pending)
	w.pending = nil
	return err
}

// sendShort sends a whole response that stayed below the minimum.
func (w *Writer) sendShort() error {
	w.Header().Set("Content-Length", strconv.Itoa(len(w.pending)))
	w.w.WriteHeader(w.status)
	if len(w.pending) == 0 {
		return nil
	}
	_, err := w.w.Write(w.pending)
	return err
}

// startCompressing sends a header that describes the compressed
// representation: its length is not known, its bytes are not stable enough for
// ranges, a strong tag or a digest.
func (w *Writer) startCompressing() {
	h := w.Header()
	h.Set("Content-Encoding", w.encoding)
	for _, name := range []string{
		"Content-Length", "Accept-Ranges", "Content-Md5", "Digest", "Content-Digest", "Repr-Digest",
	} {
		h.Del(name)
	}
	if tag := h.Get("Etag"); strings.HasPrefix(tag, `"`) {
		h.Set("Etag", "W/"+tag)
	}
	w.encoder = takeEncoder(w.encoding, w.cfg.level(), w.w)
	w.state = stateCompressing
	w.w.WriteHeader(w.status)
}
