package diagnostic_test

import (
	"strings"
	"testing"

	"github.com/berth-project/berth/internal/diagnostic"
)

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"process", "path", "upstream", "listen"}
	for word, want := range map[string]string{
		"procces": "process", "proces": "process", "porcess": "process", "pth": "path", "lisetn": "listen",
		"upstreams": "upstream", "zzz": "", "": "", strings.Repeat("x", 100): "", "process": "process",
	} {
		if got := diagnostic.Nearest(word, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
