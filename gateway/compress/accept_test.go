package compress_test

import (
	"slices"
	"testing"

	"github.com/berth-project/berth/gateway/compress"
)

func TestNegotiate(t *testing.T) {
	t.Parallel()
	both := []string{compress.Zstd, compress.Gzip}
	tests := []struct {
		name   string
		accept []string
		offers []string
		want   string
	}{
		{"no header", nil, both, ""},
		{"empty header", []string{""}, both, ""},
		{"one coding", []string{"gzip"}, both, "gzip"},
		{"browser", []string{"gzip, deflate, br, zstd"}, both, "zstd"},
		{"several fields", []string{"gzip", "zstd"}, both, "zstd"},
		{"order of offers decides", []string{"zstd, gzip"}, []string{"gzip", "zstd"}, "gzip"},
		{"weight decides", []string{"zstd;q=0.2, gzip;q=0.9"}, both, "gzip"},
		{"weight with three digits", []string{"zstd;q=0.501, gzip;q=0.500"}, both, "zstd"},
		{"weight in capitals", []string{"GZIP;Q=1.0"}, both, "gzip"},
		{"space around the weight", []string{"gzip ; q=0.5"}, both, "gzip"},
		{"old name", []string{"x-gzip"}, both, "gzip"},
		{"refused", []string{"gzip;q=0"}, both, ""},
		{"refused with digits", []string{"gzip;q=0.000"}, both, ""},
		{"wildcard", []string{"*"}, both, "zstd"},
		{"wildcard refuses the rest", []string{"gzip, *;q=0"}, both, "gzip"},
		{"refused beside a wildcard", []string{"zstd;q=0, *"}, both, "gzip"},
		{"everything refused", []string{"*;q=0"}, both, ""},
		{"identity refused, nothing fits", []string{"identity;q=0, br"}, both, ""},
		{"identity refused, gzip fits", []string{"identity;q=0, gzip;q=0.1"}, both, "gzip"},
		{"identity preferred", []string{"identity, gzip;q=0.5"}, both, ""},
		{"identity as good", []string{"identity;q=0.5, gzip;q=0.5"}, both, "gzip"},
		{"unknown coding", []string{"brotli-next"}, both, ""},
		{"prefix of a coding", []string{"gzi, gzipped"}, both, ""},
		{"broken weight is refusal", []string{"gzip;q=high"}, both, ""},
		{"weight above one is refusal", []string{"gzip;q=1.5"}, both, ""},
		{"weight of two is refusal", []string{"gzip;q=2"}, both, ""},
		{"foreign parameter is refusal", []string{"gzip;level=9"}, both, ""},
		{"no offers", []string{"gzip"}, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := compress.Negotiate(tt.accept, tt.offers...); got != tt.want {
				t.Errorf("Negotiate(%q, %q) = %q, want %q", tt.accept, tt.offers, got, tt.want)
			}
		})
	}
}

func FuzzAcceptEncoding(f *testing.F) {
	for _, seed := range []string{"", "gzip", "gzip, deflate, br, zstd", "*;q=0", "zstd;q=0.3,gzip;q=0.31", ";;,,q=", "identity;q=0"} {
		f.Add(seed)
	}
	offers := []string{"br", compress.Zstd, compress.Gzip}
	f.Fuzz(func(t *testing.T, field string) {
		got := compress.Negotiate([]string{field}, offers...)
		if got != "" && !slices.Contains(offers, got) {
			t.Fatalf("Negotiate(%q) = %q, which was not offered", field, got)
		}
		for _, refused := range offers {
			if got := compress.Negotiate([]string{refused + ";q=0", field}, refused); got != "" {
				t.Fatalf("Negotiate(%q refused, %q) = %q", refused, field, got)
			}
		}
		if got := compress.Negotiate([]string{field, "identity"}, offers...); got != "" && compress.Negotiate([]string{field}, got) == "" {
			t.Fatalf("Negotiate(%q) = %q, which alone is refused", field, got)
		}
	})
}

func BenchmarkNegotiate(b *testing.B) {
	accept := []string{"gzip, deflate, br, zstd"}
	b.ReportAllocs()
	for b.Loop() {
		if compress.Negotiate(accept, compress.Zstd, compress.Gzip) != compress.Zstd {
			b.Fatal("wrong coding")
		}
	}
}
