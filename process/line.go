package process

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strconv"
	"strings"
	"unicode"
)

// maxFields is how many fields of a JSON line are passed on.
const maxFields = 64

// reservedKeys are the attributes Berth puts on every line itself. A field of
// that name from the program is passed on as app_<name>: it can say what it
// wants without passing for somebody else.
var reservedKeys = map[string]bool{
	"process": true, "instance": true, "stream": true, "hook": true, "truncated": true, "dropped": true,
	slog.TimeKey: true, slog.LevelKey: true, slog.MessageKey: true, slog.SourceKey: true,
}

// entry is one line of a program as a log record.
type entry struct {
	level   slog.Level
	message string
	attrs   []slog.Attr
}

// parseLine makes a log record of a line: of a JSON object its fields, of
// anything else the line itself as the message.
func parseLine(line []byte) entry {
	if trimmed := bytes.TrimSpace(line); len(trimmed) > 1 && trimmed[0] == '{' && trimmed[len(trimmed)-1] == '}' {
		if e, ok := parseObject(trimmed); ok {
			return e
		}
	}
	return entry{level: slog.LevelInfo, message: clean(line)}
}

// clean makes text of bytes that may not be.
func clean(line []byte) string { return strings.ToValidUTF8(string(line), "\uFFFD") }

func parseObject(line []byte) (entry, bool) {
	dec := json.NewDecoder(bytes.NewReader(bytes.ToValidUTF8(line, []byte("\uFFFD"))))
	dec.UseNumber()
	if _, err := dec.Token(); err != nil {
		return entry{}, false
	}
	var e entry
	var levelSet, messageSet, truncated bool
	for dec.More() {
		token, err := dec.Token()
		key, isText := token.(string)
		if err != nil || !isText {
			return entry{}, false
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return entry{}, false
		}
		switch {
		case !levelSet && isLevelKey(key):
			if e.level, levelSet = parseLevel(raw); !levelSet {
				e.attrs = append(e.attrs, field(key, raw))
			}
		case !messageSet && (key == "msg" || key == "message") && raw[0] == '"':
			messageSet = json.Unmarshal(raw, &e.message) == nil
		case len(e.attrs) == maxFields:
			truncated = true
		default:
			e.attrs = append(e.attrs, field(key, raw))
		}
	}
	if _, err := dec.Token(); err != nil || dec.More() {
		return entry{}, false
	}
	if truncated {
		e.attrs = append(e.attrs, slog.Bool("truncated", true))
	}
	return e, true
}

func field(key string, raw json.RawMessage) slog.Attr {
	key = strings.Map(keyRune, key)
	// Readers that ignore case would take "Process" for "process".
	if reservedKeys[strings.ToLower(key)] || key == "" {
		key = "app_" + key
	}
	var scalar any
	switch raw[0] {
	case '{', '[':
		return slog.Any(key, raw)
	case '"', 't', 'f', 'n':
		_ = json.Unmarshal(raw, &scalar) // the decoder has seen it already
		return slog.Any(key, scalar)
	}
	if i, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return slog.Int64(key, i)
	}
	if f, err := strconv.ParseFloat(string(raw), 64); err == nil {
		return slog.Float64(key, f)
	}
	return slog.String(key, string(raw))
}

// keyRune replaces what in a key could pass for another field or another line
// where a log does not quote its keys.
func keyRune(r rune) rune {
	if r == ' ' || r == '=' || r == '"' || !unicode.IsPrint(r) {
		return '_'
	}
	return r
}

func isLevelKey(key string) bool {
	return key == "level" || key == "severity" || key == "levelname" || key == "lvl"
}

// parseLevel understands the names in use and the numbers of bunyan and pino
// (10 to 60).
func parseLevel(raw json.RawMessage) (slog.Level, bool) {
	var name string
	if json.Unmarshal(raw, &name) != nil {
		return numericLevel(raw)
	}
	switch strings.ToLower(name) {
	case "trace", "debug":
		return slog.LevelDebug, true
	case "info", "information", "notice":
		return slog.LevelInfo, true
	case "warn", "warning":
		return slog.LevelWarn, true
	case "error", "err", "critical", "crit", "fatal", "panic", "alert", "emergency":
		return slog.LevelError, true
	}
	return 0, false
}

func numericLevel(raw json.RawMessage) (slog.Level, bool) {
	n, err := strconv.Atoi(string(raw))
	switch {
	case err != nil || n < 10 || n > 60:
		return 0, false
	case n < 30:
		return slog.LevelDebug, true
	case n < 40:
		return slog.LevelInfo, true
	case n < 50:
		return slog.LevelWarn, true
	}
	return slog.LevelError, true
}
