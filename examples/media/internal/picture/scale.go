package picture

import "image"

// Fit gives the height that goes with a width, at least 1.
func Fit(width, height, wanted int) int {
	return max(1, (height*wanted+width/2)/width)
}

// Scale returns the image at another size. Every pixel is the average of the
// part of the image that it covers: right for making images smaller, blocky for
// making them larger. progress is told how much of the work is done, 0 to 1.
func Scale(src *image.RGBA, width, height int, progress func(float64)) *image.RGBA {
	columns, rows := spans(src.Rect.Dx(), width), spans(src.Rect.Dy(), height)
	dst := image.NewRGBA(image.Rect(0, 0, width, height))
	line := make([]float32, 4*src.Rect.Dx())
	for y, row := range rows {
		average(line, src, row)
		for x, column := range columns {
			var sum [4]float32
			for i, weight := range column.weights {
				for c, v := range line[4*(column.first+i):][:4] {
					sum[c] += weight * v
				}
			}
			for c, v := range sum {
				dst.Pix[y*dst.Stride+4*x+c] = uint8(min(v+0.5, 255))
			}
		}
		progress(float64(y+1) / float64(height))
	}
	return dst
}

// average sets line to the average of some rows of the image. Colours of an
// RGBA are multiplied with their opacity already, as averages need them.
func average(line []float32, src *image.RGBA, rows span) {
	clear(line)
	for i, weight := range rows.weights {
		for x, v := range src.Pix[(rows.first+i)*src.Stride:][:len(line)] {
			line[x] += weight * float32(v)
		}
	}
}

// span is which pixels of the source a pixel covers, and how much each counts.
type span struct {
	first   int
	weights []float32 // sum 1
}

// spans divides from pixels into to spans of the same length.
func spans(from, to int) []span {
	all := make([]span, to)
	for i := range all {
		// In units of 1/to of a pixel of the source, which are exact.
		begin, end := i*from, (i+1)*from
		first, last := begin/to, (end-1)/to
		s := span{first: first, weights: make([]float32, last-first+1)}
		for k := range s.weights {
			covered := min(end, (first+k+1)*to) - max(begin, (first+k)*to)
			s.weights[k] = float32(covered) / float32(from)
		}
		all[i] = s
	}
	return all
}

// Square returns the largest square in the middle of an image, at a size.
func Square(src *image.RGBA, side int) *image.RGBA {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	edge := min(w, h)
	x, y := (w-edge)/2, (h-edge)/2
	middle := &image.RGBA{Pix: src.Pix[src.PixOffset(x, y):], Stride: src.Stride, Rect: image.Rect(0, 0, edge, edge)}
	return Scale(middle, side, side, func(float64) {})
}
