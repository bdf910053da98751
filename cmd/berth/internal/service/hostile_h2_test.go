package service

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Frame types and flags of HTTP/2 (RFC 9113 section 6).
const (
	frameData     = 0x0
	frameHeaders  = 0x1
	frameReset    = 0x3
	frameSettings = 0x4
	frameGoAway   = 0x7
	flagEnd       = 0x1 // END_STREAM, and ACK
	flagHead      = 0x4 // END_HEADERS
)

// converseH2 sends the lines "name: value" as the header block of one request,
// literally: no client library would. What follows an empty line is its body.
// A stream or connection that is reset has no answer.
func (h *hostileTarget) converseH2(t *testing.T, sent string) []answered {
	t.Helper()
	conn := h.dial(t, "h2")
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	head, body, _ := strings.Cut(sent, "\r\n\r\n")
	var block []byte
	for line := range strings.SplitSeq(strings.TrimSuffix(head, "\r\n"), "\r\n") {
		i := strings.Index(line[1:], ": ") + 1 // a pseudo-header begins with a colon
		block = append(block, 0)               // literal, not indexed (RFC 7541 section 6.2.2)
		block = appendHPACK(block, line[:i])
		block = appendHPACK(block, line[i+2:])
	}
	out := []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	out = appendFrame(out, frameSettings, 0, 0, nil)
	flags := byte(flagHead | flagEnd)
	if body != "" {
		flags = flagHead
	}
	out = appendFrame(out, frameHeaders, flags, 1, block)
	if body != "" {
		out = appendFrame(out, frameData, flagEnd, 1, []byte(strings.TrimSuffix(body, "\r\n")))
	}
	if _, err := conn.Write(out); err != nil {
		t.Fatal(err)
	}
	return readH2(t, conn)
}

func appendHPACK(b []byte, s string) []byte {
	n := len(s)
	if n < 127 {
		b = append(b, byte(n))
	} else {
		b = append(b, 127)
		for n -= 127; n >= 128; n /= 128 {
			b = append(b, byte(n%128+128))
		}
		b = append(b, byte(n))
	}
	return append(b, s...)
}

func appendFrame(b []byte, kind, flags byte, stream uint32, payload []byte) []byte {
	n := len(payload)
	b = append(b, byte(n>>16), byte(n>>8), byte(n), kind, flags)
	b = binary.BigEndian.AppendUint32(b, stream)
	return append(b, payload...)
}

// readH2 reads until stream 1 has ended.
func readH2(t *testing.T, conn net.Conn) []answered {
	t.Helper()
	var body []byte
	status := 0
	for {
		var head [9]byte
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
				t.Fatal("the gateway neither answered nor closed")
			}
			return nil
		}
		payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
		if _, err := io.ReadFull(conn, payload); err != nil {
			return nil
		}
		switch head[3] {
		case frameReset, frameGoAway:
			return nil
		case frameData:
			body = append(body, payload...)
		case frameHeaders:
			if status == 0 {
				status = statusIn(payload)
			}
		default:
			continue
		}
		if head[4]&flagEnd != 0 && status != 0 {
			return []answered{{status: status, body: string(body), header: map[string][]string{}, ended: true}}
		}
	}
}

// statusIn is the status a header block begins with: one of the static table
// (RFC 7541 appendix A), or three digits, in Huffman code or not.
func statusIn(block []byte) int {
	indexed := map[byte]int{0x88: 200, 0x89: 204, 0x8a: 206, 0x8b: 304, 0x8c: 400, 0x8d: 404, 0x8e: 500}
	if len(block) < 5 || block[0]&0x80 != 0 {
		return indexed[block[0]]
	}
	text := block[2 : 2+block[1]&0x7f]
	if block[1]&0x80 == 0 {
		n, _ := strconv.Atoi(string(text))
		return n
	}
	bits, status := 0, 0
	for _, b := range text {
		bits = bits<<8 | int(b)
	}
	for left := 8 * len(text); left >= 5 && status < 100; {
		digit, n := bits>>(left-5)&0x1f, 5 // 0, 1 and 2 have five bits,
		if digit > 2 {
			digit, n = bits>>(left-6)&0x3f-0x19+3, 6 // 3 to 9 six, from 011001
		}
		status, left = 10*status+digit, left-n
	}
	return status
}
