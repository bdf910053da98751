package compress

// Encodings Berth can produce, as they stand in Accept-Encoding and
// Content-Encoding.
const (
	// Gzip is RFC 1952, RFC 9110 §8.4.1.3.
	Gzip = "gzip"
	// Zstd is RFC 8878.
	Zstd = "zstd"
)

// Defaults of [Config].
const (
	defaultMinSize   = 1 << 10
	defaultGzipLevel = 5
)

// maxMinSize bounds what a response without a length holds back in memory
// while the writer waits for the minimum.
const maxMinSize = 64 << 10

// Config says what is compressed and how. The zero value compresses the
// default types with the default encodings.
type Config struct {
	// Off turns compression off. A service whose pages hold a secret beside
	// text an attacker chooses (BREACH) wants it off, or answers such pages
	// with "Cache-Control: no-transform".
	Off bool
	// Types are media types to compress: "application/json", "text/*" or
	// "*+json". Parameters of the response's type are ignored. Nil means
	// text and what is text underneath, and the font and image formats that are
	// not compressed by themselves.
	Types []string
	// Encodings are the encodings offered, most preferred first; among those a
	// client accepts with the same weight the first wins. Names that Berth
	// cannot produce are never chosen. Nil means zstd, gzip.
	Encodings []string
	// MinSize is the length in bytes below which a response is sent as it is.
	// Default 1 KiB, at most 64 KiB; negative means no minimum.
	MinSize int
	// GzipLevel is 1 (fast) to 9 (small). Default 5.
	GzipLevel int
}

func (c *Config) minSize() int {
	switch {
	case c.MinSize == 0:
		return defaultMinSize
	case c.MinSize < 0:
		return 0
	}
	return min(c.MinSize, maxMinSize)
}

func (c *Config) level() int {
	if c.GzipLevel == 0 {
		return defaultGzipLevel
	}
	return min(max(c.GzipLevel, 1), 9)
}

// choose returns the encoding for a client, "" for none.
func (c *Config) choose(accept []string) string {
	if c.Encodings == nil {
		return Negotiate(accept, Zstd, Gzip)
	}
	best := Negotiate(accept, c.Encodings...)
	if best == Zstd || best == Gzip {
		return best
	}
	return ""
}
