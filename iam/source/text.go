package source

import (
	"sort"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// text is a document, or a part of one, that knows where in the file each of
// its bytes is from. What was decoded (a string within JSON, URL encoding) or
// put in place of something else is in pieces; a part of the file as it stands
// is one piece.
type text struct {
	bytes  []byte
	pieces []piece
}

// piece is a run of bytes from one place.
type piece struct {
	// at is where the run begins in the text, from where in the file.
	at, from int
	// exact runs stand in the file byte for byte; all of another stands at from.
	exact bool
}

// whole is a file, or the part of one that begins at from.
func whole(b []byte, from int) text {
	return text{bytes: b, pieces: []piece{{from: from, exact: true}}}
}

// origin returns the offset in the file of an offset in the text, which is
// taken to lie in the text or at its end.
func (t text) origin(offset int) int {
	offset = min(max(offset, 0), len(t.bytes))
	i := sort.Search(len(t.pieces), func(i int) bool { return t.pieces[i].at > offset })
	if i == 0 {
		return 0
	}
	p := t.pieces[i-1]
	if p.exact {
		return p.from + offset - p.at
	}
	return p.from
}

// slice returns the part from i to j.
func (t text) slice(i, j int) text {
	var b builder
	b.place(t, i, j)
	return text{bytes: t.bytes[i:j:j], pieces: b.pieces}
}

// builder puts a text together.
type builder struct {
	bytes  []byte
	pieces []piece
	length int // of bytes, or what it would be when only places are kept
}

func (b *builder) text() text { return text{bytes: b.bytes, pieces: b.pieces} }

// copy adds the part of t from i to j.
func (b *builder) copy(t text, i, j int) {
	b.place(t, i, j)
	b.bytes = append(b.bytes, t.bytes[i:j]...)
}

// put adds what stands, as a whole, at an offset of the file.
func (b *builder) put(s string, from int) {
	if s == "" {
		return
	}
	b.piece(piece{at: b.length, from: from})
	b.bytes = append(b.bytes, s...)
	b.length += len(s)
}

// place notes where the bytes of t from i to j are from.
func (b *builder) place(t text, i, j int) {
	if i >= j {
		return
	}
	k := max(sort.Search(len(t.pieces), func(k int) bool { return t.pieces[k].at > i })-1, 0)
	for ; k < len(t.pieces) && t.pieces[k].at < j; k++ {
		p := t.pieces[k]
		if skip := i - p.at; skip > 0 {
			p.at = i
			if p.exact {
				p.from += skip
			}
		}
		p.at += b.length - i
		b.piece(p)
	}
	b.length += j - i
}

// piece begins a piece, unless it goes on where the last one ended.
func (b *builder) piece(p piece) {
	if n := len(b.pieces); n > 0 {
		last := b.pieces[n-1]
		if last.exact == p.exact && (!p.exact && last.from == p.from || p.exact && p.from-last.from == p.at-last.at) {
			return
		}
	}
	b.pieces = append(b.pieces, p)
}

// unquote decodes a JSON string with its quotes. The string is one that has
// been read: every escape is whole.
func unquote(t text) text {
	var b builder
	end := len(t.bytes) - 1
	run := 1
	for i := 1; i < end; {
		if t.bytes[i] != '\\' {
			i++
			continue
		}
		b.copy(t, run, i)
		s, n := unescape(t.bytes[i:end])
		b.put(s, t.origin(i))
		i += n
		run = i
	}
	if run == 1 {
		return t.slice(1, max(end, 1))
	}
	b.copy(t, run, end)
	return b.text()
}

// unescape decodes the escape s begins with and returns its length.
func unescape(s []byte) (string, int) {
	if len(s) < 2 {
		return string(s), len(s)
	}
	switch s[1] {
	case 'b':
		return "\b", 2
	case 'f':
		return "\f", 2
	case 'n':
		return "\n", 2
	case 'r':
		return "\r", 2
	case 't':
		return "\t", 2
	case 'u':
		if r, ok := unit(s); ok {
			if low, ok := unit(s[min(6, len(s)):]); ok && utf16.IsSurrogate(r) {
				if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
					return string(pair), 12
				}
			}
			return string(r), 6
		}
	}
	return string(s[1:2]), 2
}

// unit decodes "\u" and four hexadecimal digits.
func unit(s []byte) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(s[2:6]), 16, 16)
	return rune(n), err == nil
}

// unescapeURL decodes URL encoding (RFC 3986), in which the API returns
// documents. A plus is a space, as forms have it: RFC 3986 encodes the plus
// itself. What is no escape stays.
func unescapeURL(t text) text {
	var b builder
	run := 0
	for i := 0; i < len(t.bytes); {
		var decoded string
		n := 1
		switch c := t.bytes[i]; {
		case c == '+':
			decoded = " "
		case c == '%' && i+2 < len(t.bytes) && hex(t.bytes[i+1]) && hex(t.bytes[i+2]):
			v, _ := strconv.ParseUint(string(t.bytes[i+1:i+3]), 16, 8)
			decoded, n = string([]byte{byte(v)}), 3
		default:
			i++
			continue
		}
		b.copy(t, run, i)
		b.put(decoded, t.origin(i))
		i += n
		run = i
	}
	b.copy(t, run, len(t.bytes))
	return b.text()
}

func hex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
