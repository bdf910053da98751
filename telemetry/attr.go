package telemetry

import (
	"encoding/json"
	"log/slog"
)

// flatten gives each attribute of a, groups taken apart, to emit; the names of
// groups go before the key, each followed by a dot.
func flatten(prefix string, a slog.Attr, emit func(key string, v slog.Value)) {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, g := range v.Group() {
			flatten(prefix, g, emit)
		}
		return
	}
	if a.Key != "" {
		emit(prefix+a.Key, v)
	}
}

// text is a value in words. Bytes are text already: what a program logs as an
// object arrives as JSON.
func text(v slog.Value) string {
	if v.Kind() == slog.KindAny {
		switch bytes := v.Any().(type) {
		case json.RawMessage:
			return string(bytes)
		case []byte:
			return string(bytes)
		}
	}
	return v.String()
}
