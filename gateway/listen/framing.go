package listen

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/berth-project/berth/gateway/grammar"
)

// framing follows the bytes of an HTTP/1 connection and finds what RFC 9112
// lets a server refuse because two servers in a row may read it in two ways:
//
//   - a line ended by LF alone (section 2.2)
//   - a line folded onto the next (section 5.2)
//   - whitespace before a field's colon, or a line without a colon (section 5)
//   - Content-Length beside Transfer-Encoding, either one twice, and a
//     Transfer-Encoding that is not "chunked" (section 6.3)
//   - Transfer-Encoding in HTTP/1.0 (section 6.1)
//   - an absolute-form target for another host than Host (section 3.2.2)
//
// net/http tolerates several of these. To find them framing has to know where
// a head begins, and so it follows bodies as well: by a counter, and for
// chunked ones by the sizes of the chunks.
type framing struct {
	state   framingState
	line    []byte // the part of the line in hand that came with earlier reads
	left    int64  // bytes of the body, or of the chunk, to come
	first   bool   // no line of the head has been seen
	old     bool   // HTTP/1.0
	length  bool   // Content-Length seen
	chunked bool   // Transfer-Encoding seen
	size    int64  // the Content-Length
	target  string // authority of an absolute-form target
	h2c     bool   // the HTTP/2 preface is let through
}

type framingState uint8

const (
	inHead framingState = iota
	inLength
	inChunkSize
	inChunk
	inChunkEnd
	inTrailer
	inAnything // framing is no longer followed
)

// maxFramedLine bounds the part of a line that is held between reads; servers
// refuse heads of that size anyway.
const maxFramedLine = 1 << 20

// scan follows p and returns how many bytes of it are fine: len(p), or the
// index of the LF that ends the first line that is not.
func (f *framing) scan(p []byte) int {
	for i := 0; i < len(p); {
		switch f.state {
		case inAnything:
			return len(p)
		case inLength, inChunk:
			n := min(f.left, int64(len(p)-i))
			f.left -= n
			i += int(n)
			if f.left == 0 {
				f.endOfData()
			}
		default:
			n := bytes.IndexByte(p[i:], '\n')
			if n < 0 {
				return f.hold(p, i)
			}
			line := p[i : i+n]
			if len(f.line) > 0 {
				line = append(f.line, line...)
				f.line = line[:0]
			}
			if !f.endOfLine(line) {
				return i + n
			}
			i += n + 1
		}
	}
	return len(p)
}

// hold keeps the beginning of a line for the next read.
func (f *framing) hold(p []byte, i int) int {
	if len(f.line)+len(p)-i > maxFramedLine {
		return i
	}
	f.line = append(f.line, p[i:]...)
	return len(p)
}

func (f *framing) endOfData() {
	if f.state == inChunk {
		f.state = inChunkEnd
		return
	}
	f.startHead()
}

// inBody reports whether a body is being followed.
func (f *framing) inBody() bool { return f.state != inHead && f.state != inAnything }

func (f *framing) startHead() {
	*f = framing{line: f.line[:0], first: true, h2c: f.h2c}
}

// endOfLine takes a line without its LF and reports whether it is fine.
func (f *framing) endOfLine(line []byte) bool {
	if len(line) == 0 || line[len(line)-1] != '\r' {
		return false
	}
	line = line[:len(line)-1]
	if bytes.IndexByte(line, '\r') >= 0 {
		return false
	}
	switch f.state {
	case inChunkSize:
		return f.chunkSize(line)
	case inChunkEnd:
		f.state = inChunkSize
		return len(line) == 0
	case inTrailer:
		if len(line) == 0 {
			f.startHead()
			return true
		}
		return field(line) > 0
	}
	switch {
	case f.first:
		return f.requestLine(line)
	case len(line) == 0:
		return f.endOfHead()
	}
	return f.header(line)
}

func (f *framing) requestLine(line []byte) bool {
	f.first = false
	if f.h2c && string(line) == "PRI * HTTP/2.0" {
		f.state = inAnything
		return true
	}
	f.old = bytes.HasSuffix(line, []byte(" HTTP/1.0"))
	if bytes.Count(line, []byte(" ")) != 2 || !f.old && !bytes.HasSuffix(line, []byte(" HTTP/1.1")) {
		return false
	}
	_, rest, _ := bytes.Cut(line, []byte(" "))
	if len(rest) > 0 && rest[0] != '/' {
		if _, after, ok := bytes.Cut(rest, []byte("://")); ok {
			f.target = string(after[:authorityLen(after)])
		}
	}
	return true
}

func authorityLen(b []byte) int {
	if i := bytes.IndexAny(b, "/? "); i >= 0 {
		return i
	}
	return len(b)
}

// field returns the length of the name of a field line, 0 when it has none.
func field(line []byte) int {
	n := bytes.IndexByte(line, ':')
	if n <= 0 || line[n-1] == ' ' || line[n-1] == '\t' || line[0] == ' ' || line[0] == '\t' {
		return 0
	}
	return n
}

func (f *framing) header(line []byte) bool {
	n := field(line)
	if n == 0 {
		return false
	}
	// Three names matter; their lengths tell them from nearly all others.
	switch n {
	case len("host"), len("content-length"), len("transfer-encoding"):
	default:
		return true
	}
	name, value := line[:n], bytes.Trim(line[n+1:], " \t")
	switch {
	case bytes.EqualFold(name, []byte("content-length")):
		return f.contentLength(value)
	case bytes.EqualFold(name, []byte("transfer-encoding")):
		ok := !f.chunked && !f.length && !f.old && bytes.EqualFold(value, []byte("chunked"))
		f.chunked = true
		return ok
	case bytes.EqualFold(name, []byte("host")):
		return f.target == "" || strings.EqualFold(f.target, string(value))
	}
	return true
}

func (f *framing) contentLength(value []byte) bool {
	size, ok := grammar.Length(string(value))
	if !ok || f.length || f.chunked {
		return false
	}
	f.length, f.size = true, size
	return true
}

func (f *framing) endOfHead() bool {
	switch {
	case f.chunked:
		f.state = inChunkSize
	case f.size > 0:
		f.state, f.left = inLength, f.size
	default:
		f.startHead()
	}
	return true
}

// chunkSize reads the line before a chunk. Extensions mean nothing to anyone
// and are refused: they are where two readers differ (RFC 9112 section 7.1.1
// lets a recipient limit them).
func (f *framing) chunkSize(line []byte) bool {
	if len(line) > 15 {
		return false
	}
	size, err := strconv.ParseUint(string(line), 16, 64)
	if err != nil {
		return false
	}
	f.state, f.left = inChunk, int64(size)
	if f.left == 0 {
		f.state = inTrailer
	}
	return true
}
