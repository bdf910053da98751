package step

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"io"
	"os"
	"slices"

	"github.com/berth-project/berth/examples/media/internal/picture"
	"github.com/berth-project/berth/examples/media/internal/vault"
)

// Probed is what probe answers.
type Probed struct {
	picture.Facts
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	// Ladder is the sizes to make, largest first.
	Ladder []Rung `json:"ladder"`
}

// Rung is a size to make.
type Rung struct {
	Width  int `json:"width"`
	Height int `json:"height"`
}

// Made is an image that was made.
type Made struct {
	vault.File
	Rung
}

// probe says what an image is, and in which of the widths it can be made
// without making it larger: in its own where it is smaller than all.
func probe(j Job) (any, error) {
	var with struct {
		Source string `json:"source"`
		Widths []int  `json:"widths"`
	}
	if err := j.read(&with); err != nil {
		return nil, err
	}
	f, err := j.Files.Open(vault.Source(with.Source))
	if err != nil {
		return nil, err
	}
	defer closeFile(f)
	facts, err := picture.Look(f)
	if err != nil {
		return nil, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	if err != nil {
		return nil, err
	}
	return Probed{Facts: facts, Bytes: n, SHA256: hex.EncodeToString(sum.Sum(nil)), Ladder: ladder(facts, with.Widths)}, nil
}

func ladder(facts picture.Facts, widths []int) []Rung {
	widths = slices.DeleteFunc(slices.Clone(widths), func(w int) bool { return w > facts.Width })
	if len(widths) == 0 {
		widths = []int{facts.Width}
	}
	slices.SortFunc(widths, func(a, b int) int { return cmp.Compare(b, a) })
	var all []Rung
	for _, w := range slices.Compact(widths) {
		all = append(all, Rung{w, picture.Fit(facts.Width, facts.Height, w)})
	}
	return all
}

// transcode makes the image in one size.
func transcode(j Job) (any, error) {
	var with struct {
		Source string `json:"source"`
		Rung
	}
	if err := j.read(&with); err != nil {
		return nil, err
	}
	if with.Width < 1 || with.Height < 1 || with.Width > picture.MaxSide || with.Height > picture.MaxSide {
		return nil, &Failure{"with", fmt.Sprintf("size %d×%d", with.Width, with.Height), true}
	}
	j.Progress(0, "reading")
	src, err := j.image(vault.Source(with.Source))
	if err != nil {
		return nil, err
	}
	scaled := picture.Scale(src, with.Width, with.Height, func(part float64) { j.Progress(0.2+0.6*part, "scaling") })
	j.Progress(0.8, "writing")
	name := fmt.Sprintf("image-%d.jpg", with.Width)
	file, err := j.Files.Write(vault.Work(j.Run, name), func(w io.Writer) error { return picture.EncodeJPEG(w, scaled) })
	return Made{file, with.Rung}, err
}

// thumbnails cuts squares out of the smallest image that is large enough.
func thumbnails(j Job) (any, error) {
	var with struct {
		Renditions []Made `json:"renditions"`
		Squares    []int  `json:"squares"`
	}
	if err := j.read(&with); err != nil {
		return nil, err
	}
	if len(with.Renditions) == 0 {
		return nil, &Failure{"with", "there are no images to cut squares out of", true}
	}
	var all []Made
	for i, side := range with.Squares {
		j.Progress(float64(i)/float64(len(with.Squares)), fmt.Sprintf("square of %d", side))
		from := enough(with.Renditions, side)
		side = min(side, from.Width, from.Height)
		if slices.ContainsFunc(all, func(m Made) bool { return m.Width == side }) {
			continue // a small image has no two squares of that size or more
		}
		made, err := j.thumbnail(from, side)
		if err != nil {
			return nil, err
		}
		all = append(all, made)
	}
	return all, nil
}

func (j Job) thumbnail(from Made, side int) (Made, error) {
	if side < 1 || side > picture.MaxSide {
		return Made{}, &Failure{"with", fmt.Sprintf("square of %d", side), true}
	}
	src, err := j.image(vault.Work(j.Run, from.Name))
	if err != nil {
		return Made{}, err
	}
	name := fmt.Sprintf("square-%d.png", side)
	file, err := j.Files.Write(vault.Work(j.Run, name), func(w io.Writer) error {
		return picture.EncodePNG(w, picture.Square(src, side))
	})
	return Made{file, Rung{side, side}}, err
}

// enough is the smallest image whose sides have that many pixels, or the
// largest where none has.
func enough(all []Made, side int) Made {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b Made) int { return cmp.Compare(a.Width, b.Width) })
	for _, m := range all {
		if min(m.Width, m.Height) >= side {
			return m
		}
	}
	return all[len(all)-1]
}

func (j Job) image(name string) (*image.RGBA, error) {
	f, err := j.Files.Open(name)
	if err != nil {
		return nil, err
	}
	defer closeFile(f)
	return picture.Decode(f)
}

// closeFile closes a file that was only read.
func closeFile(f *os.File) { _ = f.Close() }
