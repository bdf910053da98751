// Package picture reads, scales and draws images, with the standard library
// alone. The same input gives the same bytes wherever it runs, so that a step
// that is executed twice makes the same file twice.
package picture

import (
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"
)

// What is taken. A small file can hold a very large image, so its size is read
// before its pixels are.
const (
	MaxSide   = 16_384
	MaxPixels = 40 << 20
)

// ErrRefused says that something is no image, or not one that is taken.
var ErrRefused = errors.New("not an image that is taken")

// Facts are what is known of an image without its pixels.
type Facts struct {
	Format string `json:"format"` // png or jpeg
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

// Look reads the beginning of an image. The error is ErrRefused where it is
// none, or has too many pixels.
func Look(r io.Reader) (Facts, error) {
	c, format, err := image.DecodeConfig(r)
	if err != nil {
		return Facts{}, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	f := Facts{Format: format, Width: c.Width, Height: c.Height}
	if c.Width < 1 || c.Height < 1 || c.Width > MaxSide || c.Height > MaxSide || c.Width*c.Height > MaxPixels {
		return f, fmt.Errorf("%w: %d×%d pixels; up to %d on a side and %d in all are", ErrRefused, c.Width, c.Height, MaxSide, MaxPixels)
	}
	return f, nil
}

// Decode reads an image, after a look at its size. The error is ErrRefused
// where its bytes are damaged.
func Decode(r io.ReadSeeker) (*image.RGBA, error) {
	if _, err := Look(r); err != nil {
		return nil, err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	img, _, err := image.Decode(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	b := img.Bounds()
	if rgba, ok := img.(*image.RGBA); ok && b.Min == (image.Point{}) {
		return rgba, nil
	}
	rgba := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(rgba, rgba.Rect, img, b.Min, draw.Src)
	return rgba, nil
}

// quality of JPEGs, 1 to 100.
const quality = 85

// EncodeJPEG writes an image as a JPEG.
func EncodeJPEG(w io.Writer, img image.Image) error {
	return jpeg.Encode(w, img, &jpeg.Options{Quality: quality})
}

// EncodePNG writes an image as a PNG.
func EncodePNG(w io.Writer, img image.Image) error {
	return png.Encode(w, img)
}
