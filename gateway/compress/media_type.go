package compress

import "strings"

// defaultTypes are compressed when [Config] names none.
var defaultTypes = []string{
	"text/*", "*+json", "*+xml", "*+text",
	"application/json", "application/javascript", "application/ecmascript",
	"application/xml", "application/xhtml+xml", "application/wasm",
	"application/x-ndjson", "application/jsonl", "application/yaml", "application/toml",
	"application/graphql", "application/sql", "application/rtf",
	"application/vnd.ms-fontobject", "font/ttf", "font/otf", "font/collection",
	"image/bmp", "image/x-icon", "image/vnd.microsoft.icon",
}

// compressible reports whether a Content-Type value is of one of the types. An
// event stream never is: its events are small and have to leave at once.
func compressible(types []string, contentType string) bool {
	if types == nil {
		types = defaultTypes
	}
	base, _, _ := strings.Cut(contentType, ";")
	base = strings.Trim(base, " \t")
	if base == "" || strings.EqualFold(base, "text/event-stream") {
		return false
	}
	for _, pattern := range types {
		if typeMatches(pattern, base) {
			return true
		}
	}
	return false
}

// typeMatches compares a media type with a pattern: exact, "text/*" or
// "*+json".
func typeMatches(pattern, base string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return len(base) >= len(prefix) && strings.EqualFold(base[:len(prefix)], prefix)
	}
	if suffix, ok := strings.CutPrefix(pattern, "*"); ok {
		return len(base) > len(suffix) && strings.EqualFold(base[len(base)-len(suffix):], suffix)
	}
	return strings.EqualFold(pattern, base)
}

// Compressible reports whether the configuration compresses responses with
// this Content-Type.
func (c *Config) Compressible(contentType string) bool {
	return compressible(c.Types, contentType)
}
