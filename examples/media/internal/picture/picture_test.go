package picture_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"testing"

	"github.com/berth-project/berth/examples/media/internal/picture"
)

func silent(float64) {}

func TestScaleAveragesWhatAPixelCovers(t *testing.T) {
	t.Parallel()
	// Columns of 0, 90, 240: in two, 0 with half of 90, and 240 with the other.
	src := image.NewRGBA(image.Rect(0, 0, 3, 2))
	for x, v := range []uint8{0, 90, 240} {
		for y := range 2 {
			src.SetRGBA(x, y, color.RGBA{v, v, v, 255})
		}
	}
	got := picture.Scale(src, 2, 1, silent)
	for x, want := range []uint8{30, 190} {
		if c := got.RGBAAt(x, 0); c != (color.RGBA{want, want, want, 255}) {
			t.Errorf("pixel %d = %v, want the grey %d", x, c, want)
		}
	}
}

func TestScaleKeepsAnImageOfOneColour(t *testing.T) {
	t.Parallel()
	want := color.RGBA{200, 100, 50, 255}
	for _, size := range [][4]int{{7, 5, 3, 2}, {640, 480, 100, 75}, {3, 3, 7, 7}, {1, 1, 4, 4}, {101, 97, 1, 1}} {
		src := image.NewRGBA(image.Rect(0, 0, size[0], size[1]))
		for i := range size[0] * size[1] {
			src.SetRGBA(i%size[0], i/size[0], want)
		}
		got := picture.Scale(src, size[2], size[3], silent)
		if b := got.Bounds(); b.Dx() != size[2] || b.Dy() != size[3] {
			t.Errorf("Scale(%v) = %v", size, b)
		}
		for i := range size[2] * size[3] {
			if c := got.RGBAAt(i%size[2], i/size[2]); c != want {
				t.Fatalf("Scale(%v) has the pixel %v, want %v", size, c, want)
			}
		}
	}
}

func TestSquareIsTheMiddle(t *testing.T) {
	t.Parallel()
	src := image.NewRGBA(image.Rect(0, 0, 30, 10))
	for y := range 10 {
		for x := 10; x < 20; x++ {
			src.SetRGBA(x, y, color.RGBA{255, 255, 255, 255})
		}
	}
	got := picture.Square(src, 5)
	for i := range 25 {
		if c := got.RGBAAt(i%5, i/5); c.R != 255 {
			t.Fatalf("pixel %d of the square = %v, want white", i, c)
		}
	}
}

func TestFitKeepsTheShape(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ width, height, wanted, want int }{
		{1600, 1200, 640, 480}, {1000, 333, 100, 33}, {1000, 335, 100, 34}, {4000, 1, 16, 1}, {300, 300, 300, 300},
	} {
		if got := picture.Fit(tc.width, tc.height, tc.wanted); got != tc.want {
			t.Errorf("Fit(%d, %d, %d) = %d, want %d", tc.width, tc.height, tc.wanted, got, tc.want)
		}
	}
}

// bomb is the head of a PNG of a size, which is all there is of it.
func bomb(width, height uint32) []byte {
	head := binary.BigEndian.AppendUint32([]byte("IHDR"), width)
	head = append(binary.BigEndian.AppendUint32(head, height), 8, 6, 0, 0, 0)
	b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(head))
}

func TestLookRefusesWhatIsTooLarge(t *testing.T) {
	t.Parallel()
	if f, err := picture.Look(bytes.NewReader(bomb(8000, 5000))); err != nil || f != (picture.Facts{Format: "png", Width: 8000, Height: 5000}) {
		t.Errorf("Look(8000×5000) = %v, %v, want it taken", f, err)
	}
	for _, size := range [][2]uint32{{8000, 6000}, {20_000, 1}, {1, 20_000}, {1 << 30, 1 << 30}} {
		if _, err := picture.Look(bytes.NewReader(bomb(size[0], size[1]))); !errors.Is(err, picture.ErrRefused) {
			t.Errorf("Look(%v) = %v, want ErrRefused", size, err)
		}
		if _, err := picture.Decode(bytes.NewReader(bomb(size[0], size[1]))); !errors.Is(err, picture.ErrRefused) {
			t.Errorf("Decode(%v) = %v, want ErrRefused", size, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	var whole bytes.Buffer
	if err := picture.EncodePNG(&whole, picture.Sample(1, 16, 12)); err != nil {
		f.Fatal(err)
	}
	f.Add(whole.Bytes())
	f.Add(bomb(4, 4))
	f.Add([]byte("GIF89a"))
	f.Fuzz(func(t *testing.T, data []byte) {
		facts, lookErr := picture.Look(bytes.NewReader(data))
		img, err := picture.Decode(bytes.NewReader(data))
		if err != nil {
			if !errors.Is(err, picture.ErrRefused) {
				t.Errorf("Decode = %v, want ErrRefused", err)
			}
			return
		}
		if lookErr != nil || img.Rect != image.Rect(0, 0, facts.Width, facts.Height) {
			t.Errorf("Look = %v, %v of an image of %v", facts, lookErr, img.Rect)
		}
	})
}

func TestSampleIsTheSameForTheSameSeed(t *testing.T) {
	t.Parallel()
	a, b, other := picture.Sample(7, 64, 48), picture.Sample(7, 64, 48), picture.Sample(8, 64, 48)
	if !bytes.Equal(a.Pix, b.Pix) {
		t.Error("two samples of one seed differ")
	}
	if bytes.Equal(a.Pix, other.Pix) {
		t.Error("samples of two seeds are the same")
	}
}
