package picture

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
)

// Sample draws an image to try things with: soft discs before a sky. The same
// seed and size give the same image.
func Sample(seed uint64, width, height int) *image.RGBA {
	rnd := rand.New(rand.NewPCG(seed, 0))
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	top, bottom := colour(rnd), colour(rnd)
	for y := range height {
		c := mix(top, bottom, float64(y)/float64(height))
		for x := range width {
			img.SetRGBA(x, y, c)
		}
	}
	for range 12 {
		disc(img, rnd.IntN(width), rnd.IntN(height), float64(min(width, height))*(0.05+0.25*rnd.Float64()), colour(rnd))
	}
	return img
}

// disc draws a disc that is opaque in the middle and gone at its edge.
func disc(img *image.RGBA, cx, cy int, radius float64, c color.RGBA) {
	r := int(radius)
	box := image.Rect(cx-r, cy-r, cx+r+1, cy+r+1).Intersect(img.Rect)
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			far := math.Hypot(float64(x-cx), float64(y-cy)) / (radius + 1)
			if far < 1 {
				img.SetRGBA(x, y, mix(img.RGBAAt(x, y), c, 1-far*far*far))
			}
		}
	}
}

func colour(rnd *rand.Rand) color.RGBA {
	return color.RGBA{uint8(rnd.UintN(256)), uint8(rnd.UintN(256)), uint8(rnd.UintN(256)), 255}
}

// mix is a where part is 0 and b where it is 1.
func mix(a, b color.RGBA, part float64) color.RGBA {
	one := func(a, b uint8) uint8 { return uint8(float64(a) + (float64(b)-float64(a))*part + 0.5) }
	return color.RGBA{one(a.R, b.R), one(a.G, b.G), one(a.B, b.B), 255}
}
