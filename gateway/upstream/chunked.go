package upstream

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"

	"github.com/berth-project/berth/gateway/grammar"
)

const (
	// maxChunkLine bounds a size line, its extensions included.
	maxChunkLine = 1 << 10
	// maxChunkExtensions bounds the extension bytes of one body: they are
	// overhead that nobody reads.
	maxChunkExtensions = 16 << 10
	maxTrailerBytes    = 8 << 10

	errLineTooLong = protocolError("line of a chunked body is too long")
)

// copyChunked decodes a chunked body (RFC 9112 section 7.1), strictly: sizes
// of up to 15 hexadecimal digits, CR LF and nothing like it.
func (x *exchange) copyChunked(b *bodyReader, h *responseHead) error {
	extensions := 0
	for {
		size, ext, err := b.chunkSize()
		if err != nil {
			return err
		}
		if extensions += ext; extensions > maxChunkExtensions {
			return protocolError("too many chunk extensions")
		}
		if size == 0 {
			return x.copyTrailer(b, h)
		}
		if err := b.copyChunk(size); err != nil {
			return err
		}
	}
}

func (b *bodyReader) copyChunk(size int64) error {
	if have := b.c.buffered(); len(have) > 0 {
		have = have[:min(size, int64(len(have)))]
		if err := b.write(have); err != nil {
			return err
		}
		b.c.r += len(have)
		size -= int64(len(have))
	}
	if err := b.copyBuffered(size); err != nil {
		return err
	}
	for len(b.c.buffered()) < 2 {
		if err := b.fill(); err != nil {
			return err
		}
	}
	if have := b.c.buffered(); have[0] != '\r' || have[1] != '\n' {
		return protocolError("chunk data is not followed by CR LF")
	}
	b.c.r += 2
	return nil
}

// chunkSize reads a size line and tells the length of its extensions.
func (b *bodyReader) chunkSize() (size int64, extensions int, err error) {
	line, err := b.line(maxChunkLine)
	if err != nil {
		return 0, 0, err
	}
	digits := len(line)
	if i := bytes.IndexByte(line, ';'); i >= 0 {
		digits = i
	}
	n, err := strconv.ParseUint(string(line[:digits]), 16, 64)
	if err != nil || digits > 15 || !grammar.IsValue(string(line[digits:])) {
		return 0, 0, protocolError("malformed chunk size")
	}
	return int64(n), len(line) - digits, nil
}

// line returns the next line without its CR LF; it is valid until the next
// read.
func (b *bodyReader) line(limit int) ([]byte, error) {
	pos := 0
	for {
		have := b.c.buffered()
		if i := bytes.IndexByte(have[pos:], '\n'); i >= 0 {
			i += pos
			if i >= limit {
				return nil, errLineTooLong
			}
			if i == 0 || have[i-1] != '\r' {
				return nil, protocolError("line of a chunked body does not end with CR LF")
			}
			b.c.r += i + 1
			return have[:i-1], nil
		}
		if pos = len(have); pos >= limit {
			return nil, errLineTooLong
		}
		if err := b.fill(); err != nil {
			return nil, err
		}
	}
}

// copyTrailer reads the trailer section and sends on the fields that the head
// announced and that may be there.
func (x *exchange) copyTrailer(b *bodyReader, h *responseHead) error {
	var raw []byte
	for {
		line, err := b.line(maxTrailerBytes)
		if err != nil {
			return err
		}
		raw = append(append(raw, line...), "\r\n"...)
		if len(line) == 0 {
			break
		}
		if len(raw) > maxTrailerBytes {
			return protocolError("trailer section is too large")
		}
	}
	fields, err := trailerFields(raw)
	if err != nil {
		return err
	}
	announced := x.w.Header()["Trailer"]
	for _, f := range fields {
		if h.trailer && grammar.HasToken(announced, f.name) {
			x.w.Header().Add(f.name, f.value)
		}
	}
	return nil
}

// announceTrailer tells the client which trailer fields will follow.
func (h *responseHead) announceTrailer(dst http.Header) {
	var names []string
	for _, f := range h.fields {
		if !strings.EqualFold(f.name, "Trailer") {
			continue
		}
		for name := range strings.SplitSeq(f.value, ",") {
			if name = trimBlanks(name); trailable(name) {
				names = append(names, http.CanonicalHeaderKey(name))
			}
		}
	}
	if len(names) > 0 {
		dst["Trailer"] = []string{strings.Join(names, ", ")}
	}
}

// trailable reports whether a field may be in a trailer section: nothing that
// frames, routes or authenticates (RFC 9110 section 6.5.1).
func trailable(name string) bool {
	if !grammar.IsToken(name) || hopByHop(name) {
		return false
	}
	switch http.CanonicalHeaderKey(name) {
	case "Content-Length", "Content-Type", "Content-Encoding", "Content-Range", "Host", "Cache-Control", "Expires",
		"Set-Cookie", "Location", "Date", "Vary", "Authorization", "Www-Authenticate", "Age", "Retry-After":
		return false
	}
	return true
}
