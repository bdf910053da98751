package manifest_test

import (
	"testing"

	"github.com/berth-project/berth/manifest"
)

func BenchmarkParse(b *testing.B) {
	data := read(b, "testdata/good/ledger.yaml")
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := manifest.Parse("berth.yaml", data); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}
