package transcript

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/berth-project/berth/workflow/machine"
)

// maxMessage bounds the texts a directive carries, in bytes.
const maxMessage = 1 << 10

// Directive is a line that the program of a step writes for Berth:
//
//	::progress 40 second pass      how far it is, 0 to 100, and a word for people
//	::save {"job":"7f3a"}          what the next attempt is given back
//	::fail {"code":"bad-input","message":"no video track","fatal":true}
//
// The last names the failure, should the attempt fail. One of the fields is set.
type Directive struct {
	Progress *Progress
	Save     json.RawMessage
	Fail     *machine.Failure
}

// Progress is how far an attempt is.
type Progress struct {
	Percent float64 // 0 to 100
	Message string
}

// Parse reads a line without its end. A line that only resembles a directive
// is not one: it is output.
func Parse(line []byte) (Directive, bool) {
	word, rest, _ := bytes.Cut(bytes.TrimRight(line, " \t\r"), []byte(" "))
	rest = bytes.TrimSpace(rest)
	switch string(word) {
	case "::progress":
		p, ok := parseProgress(string(rest))
		return Directive{Progress: p}, ok
	case "::save":
		return Directive{Save: bytes.Clone(rest)}, json.Valid(rest)
	case "::fail":
		f, ok := parseFail(rest)
		return Directive{Fail: f}, ok
	}
	return Directive{}, false
}

func parseProgress(text string) (*Progress, bool) {
	number, message, _ := strings.Cut(text, " ")
	percent, err := strconv.ParseFloat(strings.TrimSuffix(number, "%"), 64)
	if err != nil || !(percent >= 0 && percent <= 100) { // NaN is neither
		return nil, false
	}
	return &Progress{percent, Clip(strings.TrimSpace(message), maxMessage)}, true
}

func parseFail(text []byte) (*machine.Failure, bool) {
	var f struct {
		Code    string          `json:"code"`
		Message string          `json:"message"`
		Fatal   bool            `json:"fatal"`
		Detail  json.RawMessage `json:"detail"`
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if dec.Decode(&f) != nil || dec.InputOffset() != int64(len(text)) || !validCode(f.Code) {
		return nil, false
	}
	return &machine.Failure{Code: f.Code, Message: Clip(f.Message, maxMessage), Fatal: f.Fatal, Detail: f.Detail}, true
}

// validCode keeps failure codes to what a retry rule can name.
func validCode(code string) bool {
	if code == "" || len(code) > 64 {
		return false
	}
	for _, c := range code {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// Clip makes text of at most limit bytes that is valid UTF-8.
func Clip(text string, limit int) string {
	if len(text) > limit {
		text = text[:limit]
		for len(text) > 0 && !utf8.RuneStart(text[len(text)-1]) {
			text = text[:len(text)-1]
		}
		if r, _ := utf8.DecodeLastRuneInString(text); r == utf8.RuneError && text != "" {
			text = text[:len(text)-1] // a rune that was cut
		}
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}
