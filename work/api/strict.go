package api

import (
	"fmt"

	"github.com/berth-project/berth/internal/jsonstrict"
	"github.com/berth-project/berth/work"
)

// Decode reads a document as the API does: strictly, with the names as they
// are spelled. For documents that come in files.
func Decode(text []byte, into any) error { return decode(text, into) }

func decode(body []byte, into any) error {
	if err := jsonstrict.Decode(body, into); err != nil {
		return fmt.Errorf("%w: the body: %w", work.ErrInvalid, err)
	}
	return nil
}
