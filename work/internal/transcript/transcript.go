// Package transcript reads what the program of a step writes: it splits the
// output into lines, obeys those meant for Berth (see [Directive]), hides
// secrets in the others, passes them on to the log and keeps the last ones for
// the failure. The executors that run programs share it.
package transcript

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/workflow/machine"
)

// Config configures a [Transcript].
type Config struct {
	// Report gets the log, the progress and the saved state.
	Report work.Reporter
	// Redactor hides secrets; nil hides nothing.
	Redactor *Redactor
	// MaxLine is how much of a line is read, in bytes; the rest of it is
	// dropped. Default 64 KiB.
	MaxLine int
	// MaxLog is how much is logged, in bytes; what comes after is read, obeyed
	// and dropped. Default 16 MiB.
	MaxLog int64
	// Keep is how many lines Last returns. Default 10.
	Keep int
}

const (
	defaultMaxLine = 64 << 10
	defaultMaxLog  = 16 << 20
	defaultKeep    = 10
	// maxKept bounds each of the last lines, in bytes.
	maxKept = 512
	// batch is how much of what is there already is logged in one go.
	batch = 32 << 10
)

// Transcript reads the output of one attempt. Several streams may be read at
// once.
type Transcript struct {
	cfg Config

	mu     sync.Mutex // guards the fields below
	logged int64
	last   []string
	fail   *machine.Failure
}

// New returns an empty transcript.
func New(cfg Config) *Transcript {
	if cfg.Redactor == nil {
		cfg.Redactor = NewRedactor()
	}
	if cfg.MaxLine <= 0 {
		cfg.MaxLine = defaultMaxLine
	}
	if cfg.MaxLog <= 0 {
		cfg.MaxLog = defaultMaxLog
	}
	if cfg.Keep <= 0 {
		cfg.Keep = defaultKeep
	}
	return &Transcript{cfg: cfg}
}

// Read reads a stream of output to its end. It returns nil at the end, or what
// kept it from getting there.
func (t *Transcript) Read(stream io.Reader) error {
	in := bufio.NewReaderSize(stream, t.cfg.MaxLine)
	var log []byte
	for {
		line, truncated, err := readLine(in)
		if len(line) > 0 || err == nil {
			log = t.line(log, line, truncated)
		}
		if err != nil || len(log) >= batch || !hasLine(in) {
			t.log(log)
			log = nil // the reporter may keep it
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// hasLine reports whether a whole line can be read without waiting.
func hasLine(in *bufio.Reader) bool {
	there, _ := in.Peek(in.Buffered()) // no more than there is: it cannot fail
	return bytes.IndexByte(there, '\n') >= 0
}

// readLine returns a line without its end; what does not fit the buffer is
// skipped. At the end of the stream it returns what is left with the error.
func readLine(in *bufio.Reader) (line []byte, truncated bool, err error) {
	line, err = in.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return bytes.TrimRight(line, "\r\n"), false, err
	}
	line = bytes.Clone(line)
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = in.ReadSlice('\n')
	}
	return line, true, err
}

// line obeys a line, or appends it to log.
func (t *Transcript) line(log, line []byte, truncated bool) []byte {
	if !truncated {
		if d, ok := Parse(line); ok {
			t.obey(d)
			return log
		}
		line = t.cfg.Redactor.Bytes(line)
	} else {
		line = append(t.cfg.Redactor.cut(line), " [cut]"...)
	}
	t.keep(string(line))
	return append(append(log, line...), '\n')
}

func (t *Transcript) obey(d Directive) {
	switch {
	case d.Progress != nil:
		t.cfg.Report.Progress(d.Progress.Percent, t.cfg.Redactor.String(d.Progress.Message))
	case d.Save != nil:
		t.cfg.Report.Save(d.Save)
	case d.Fail != nil:
		d.Fail.Message = t.cfg.Redactor.String(d.Fail.Message)
		if d.Fail.Detail = t.cfg.Redactor.Bytes(d.Fail.Detail); !json.Valid(d.Fail.Detail) {
			d.Fail.Detail = nil // the secret was more than a part of a text
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		t.fail = d.Fail
	}
}

func (t *Transcript) keep(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.last) == t.cfg.Keep {
		copy(t.last, t.last[1:])
		t.last = t.last[:t.cfg.Keep-1]
	}
	t.last = append(t.last, Clip(line, maxKept))
}

// log passes lines on while there is room.
func (t *Transcript) log(lines []byte) {
	t.mu.Lock()
	before := t.logged
	t.logged += int64(len(lines))
	t.mu.Unlock()
	switch {
	case len(lines) == 0 || before > t.cfg.MaxLog:
	case before+int64(len(lines)) > t.cfg.MaxLog:
		t.cfg.Report.Log(fmt.Appendf(nil, "[the log of this attempt has reached %d bytes: what follows is dropped]\n", t.cfg.MaxLog))
	default:
		t.cfg.Report.Log(lines)
	}
}

// Last returns the last lines, oldest first, none of them long.
func (t *Transcript) Last() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string(nil), t.last...)
}

// Failure returns the failure of an attempt: what the program named with its
// last ::fail, else code and message, with the last line of the output. The
// last lines are in its detail.
func (t *Transcript) Failure(code, message string) *machine.Failure {
	last := t.Last()
	t.mu.Lock()
	named := t.fail
	t.mu.Unlock()
	f := &machine.Failure{Code: code, Message: message}
	if named != nil {
		*f = *named
		if f.Message == "" {
			f.Message = message
		}
	} else if n := len(last); n > 0 && strings.TrimSpace(last[n-1]) != "" {
		f.Message += ": " + strings.TrimSpace(last[n-1])
	}
	if f.Detail == nil && len(last) > 0 {
		f.Detail, _ = json.Marshal(map[string][]string{"lines": last}) // of strings: it cannot fail
	}
	return f
}
