package workflow

import (
	"strconv"
	"strings"

	"github.com/berth-project/berth/internal/jsonsource"
)

// trail is the way from the top of a document to one of its values. The nil
// trail is the document itself. Trails share their beginnings and are written
// out only for a problem.
type trail struct {
	up    *trail
	key   string
	index int // in an array; -1 where key counts
}

func (t *trail) child(key string) *trail { return &trail{up: t, key: key, index: -1} }

func (t *trail) item(i int) *trail { return &trail{up: t, index: i} }

// along returns the trail on along a path of names and places in arrays.
func (t *trail) along(path []string) *trail {
	for _, part := range path {
		if i, err := strconv.Atoi(part); err == nil && i >= 0 {
			t = t.item(i)
			continue
		}
		t = t.child(part)
	}
	return t
}

// String returns the trail as messages name it: "steps[2].with.url". Keys that are
// no words stand in quotes: with["a b"].
func (t *trail) String() string {
	var b strings.Builder
	t.write(&b)
	return b.String()
}

func (t *trail) write(b *strings.Builder) {
	switch {
	case t == nil:
		return
	case t.index >= 0:
		t.up.write(b)
		b.WriteString("[" + strconv.Itoa(t.index) + "]")
	case !isWord(t.key):
		t.up.write(b)
		b.WriteString("[" + strconv.Quote(t.key) + "]")
	default:
		t.up.write(b)
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(t.key)
	}
}

// in follows the trail from the top of a text and returns the value it leads to,
// or the last that is there.
func (t *trail) in(root *jsonsource.Node) *jsonsource.Node {
	if t == nil {
		return root
	}
	n := t.up.in(root)
	if t.index >= 0 {
		if t.index < len(n.Items) {
			return &n.Items[t.index]
		}
		return n
	}
	if m := n.Member(t.key); m != nil {
		return &m.Value
	}
	return n
}

// isWord reports whether a reference may write a name after a point.
func isWord(s string) bool {
	for i := range len(s) {
		if !wordByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func wordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-'
}
