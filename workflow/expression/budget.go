package expression

// budget is how much JSON one evaluation may still read and compare, in bytes.
// CEL's own units count the steps of an expression, and reading is not one of
// them: "size(params.x)" is one step, however deep the lists nest that are read for
// it. A nil budget has no end.
type budget struct{ left int }

// maxRead is what an evaluation begins with: about a tenth of a second of work.
const maxRead = 64 << 20

// What a byte costs that is looked at for quotes and brackets, one that is made
// into values, and one that is compared; and what each item of a list costs
// besides.
const (
	scanned  = 1
	read     = 8
	compared = 8
	item     = 32
)

// spend takes what n bytes cost. It says false when there is nothing left.
func (b *budget) spend(n, each int) bool {
	if b == nil {
		return true
	}
	b.left -= n * each
	return b.left >= 0
}

// over reports whether more was wanted than there was.
func (b *budget) over() bool { return b != nil && b.left < 0 }
