package manifest_test

import (
	"path/filepath"
	"testing"

	"github.com/berth-project/berth/manifest"
)

func TestReferenceIsFresh(t *testing.T) {
	t.Parallel()
	golden(t, filepath.Join("..", "docs", "manifest.md"), manifest.Reference())
}

func TestSchemaIsReviewed(t *testing.T) {
	t.Parallel()
	golden(t, filepath.Join("testdata", "schema.json"), manifest.Schema())
}
