package language_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/berth-project/berth/iam/diff/internal/language"
	"github.com/berth-project/berth/internal/glob"
)

func cells(t testing.TB, q language.Query) []language.Cell {
	t.Helper()
	if q.MaxStates == 0 {
		q.MaxStates = 10_000
	}
	if q.Work == nil {
		q.Work = &language.Work{Left: 1_000_000}
	}
	out, err := language.Cells(q)
	if err != nil {
		t.Fatalf("Cells(%v): %v", q, err)
	}
	return out
}

func globs(texts ...string) []language.Pattern {
	var out []language.Pattern
	for _, s := range texts {
		out = append(out, language.Glob(s))
	}
	return out
}

// matched returns which patterns match, as a word such as "110".
func matched(b language.Bits, n int) string {
	word := make([]byte, n)
	for i := range n {
		word[i] = '0'
		if b.Has(i) {
			word[i] = '1'
		}
	}
	return string(word)
}

func TestCells(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		query language.Query
		want  []string // the cells' words with their samples
	}{
		"nothing but everything": {language.Query{}, []string{"="}},
		"one pattern":            {language.Query{Patterns: globs("a*")}, []string{"0=", "1=a"}},
		"covered":                {language.Query{Patterns: globs("a*", "ab*")}, []string{"00=", "10=a", "11=ab"}},
		"overlapping":            {language.Query{Patterns: globs("a*", "*b")}, []string{"00=", "10=a", "01=b", "11=ab"}},
		"within":                 {language.Query{Patterns: globs("*b"), Within: globs("a?")}, []string{"0=ax", "1=ab"}},
		"within two":             {language.Query{Patterns: globs("*b"), Within: globs("a*", "*c")}, []string{"0=ac"}},
		"empty":                  {language.Query{Patterns: globs("*"), Within: globs("a*", "b*")}, nil},
		"a union that covers":    {language.Query{Patterns: globs("?", "??*"), Within: globs("*")}, []string{"00=", "10=x", "01=xx"}},
		"alphabet":               {language.Query{Patterns: globs("a"), Within: globs("?"), Alphabet: "a"}, []string{"1=a"}},
		"avoid":                  {language.Query{Patterns: globs("a*"), Within: globs("a*"), Avoid: []string{"a", "ax"}}, []string{"1=ay"}},
		"avoid all there is":     {language.Query{Within: globs("?"), Alphabet: "ab", Avoid: []string{"b", "a"}}, nil},
		"avoid in an alphabet":   {language.Query{Within: globs("a*"), Alphabet: "a", Avoid: []string{"a", "aaa", "aa"}}, []string{"=aaaa"}},
		"folded": {
			language.Query{Patterns: []language.Pattern{{Tokens: glob.Tokens("k"), Fold: true}, language.Text("K"), language.Text("\u212a")}, Within: globs("?")},
			[]string{"100=k", "000=x", "110=K", "101=\u212a"},
		},
		"star is text": {language.Query{Patterns: []language.Pattern{language.Text("*")}, Within: globs("?")}, []string{"1=*", "0=x"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, cell := range cells(t, c.query) {
				got = append(got, matched(cell.Matches, len(c.query.Patterns))+"="+string(cell.Sample))
			}
			slices.Sort(got)
			slices.Sort(c.want)
			if !slices.Equal(got, c.want) {
				t.Errorf("Cells = %q, want %q", got, c.want)
			}
		})
	}
}

func TestRunStopsAtColon(t *testing.T) {
	t.Parallel()
	stops := language.Pattern{Tokens: []glob.Token{{Char: 'a'}, {Kind: glob.Run, Except: glob.Colon}}}
	for text, want := range map[string]bool{"a": true, "abc": true, "ab:c": false, "b": false} {
		if got := stops.Match(text); got != want {
			t.Errorf("Match(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestSymbolIsTakenByItselfAndRunsOnly(t *testing.T) {
	t.Parallel()
	v := glob.Token{Char: language.Symbol(0)}
	home := language.Pattern{Tokens: []glob.Token{{Char: 'h'}, v}}
	got := cells(t, language.Query{
		Within:   []language.Pattern{home},
		Patterns: append(globs("h*", "h?", "*"), language.Pattern{Tokens: []glob.Token{{Kind: glob.Run, Except: glob.Colon}}}),
	})
	if len(got) != 1 || matched(got[0].Matches, 4) != "1010" {
		t.Errorf("Cells = %v", got)
	}
}

func TestHostilePatternsAreRefused(t *testing.T) {
	t.Parallel()
	q := language.Query{Patterns: globs("*a"+strings.Repeat("?", 30), "*b"+strings.Repeat("?", 30)), MaxStates: 10_000, Work: &language.Work{Left: 1 << 40}}
	if _, err := language.Cells(q); !errors.Is(err, language.ErrTooLarge) {
		t.Errorf("states: %v, want %v", err, language.ErrTooLarge)
	}
	q.Work, q.MaxStates = &language.Work{Left: 1000}, 1<<40
	if _, err := language.Cells(q); !errors.Is(err, language.ErrTooLarge) {
		t.Errorf("work: %v, want %v", err, language.ErrTooLarge)
	}
	if q.Work.Spend(0) {
		t.Error("the work that was too much is not used up")
	}
	// Many stars are no trouble: only the last of a pattern matters.
	cells(t, language.Query{Patterns: globs(strings.Repeat("*a", 60)+"*", strings.Repeat("*b", 60)+"*"), MaxStates: 5000})
}

// texts returns all texts over the alphabet up to a length.
func texts(alphabet string, longest int) []string {
	all := []string{""}
	for begin := 0; longest > 0; longest-- {
		end := len(all)
		for _, s := range all[begin:end] {
			for _, r := range alphabet {
				all = append(all, s+string(r))
			}
		}
		begin = end
	}
	return all
}

// TestCellsAreExact compares with matching every short text.
func TestCellsAreExact(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 11))
	all := texts("ab:", 6)
	for range 400 {
		q := language.Query{Within: randomPatterns(random, random.IntN(2)), Patterns: randomPatterns(random, 1+random.IntN(4)), Alphabet: "ab:"}
		for range random.IntN(8) {
			q.Avoid = append(q.Avoid, all[random.IntN(40)])
		}
		checkExact(t, q, all)
	}
}

func randomPatterns(random *rand.Rand, n int) []language.Pattern {
	var out []language.Pattern
	for range n {
		var p language.Pattern
		for range random.IntN(6) {
			k := glob.Token{Kind: glob.TokenKind(random.IntN(3)), Char: rune("ab:"[random.IntN(3)])}
			if k.Kind != glob.Character {
				k.Char = 0
				k.Except = glob.Set(random.IntN(2))
			}
			p.Tokens = append(p.Tokens, k)
		}
		out = append(out, p)
	}
	return out
}

func checkExact(t *testing.T, q language.Query, all []string) {
	t.Helper()
	found := map[string]bool{}
	for _, c := range cells(t, q) {
		word := matched(c.Matches, len(q.Patterns))
		if found[word] {
			t.Errorf("Cells(%v) has %s twice", q, word)
		}
		found[word] = true
		if got, in := wordOf(q, string(c.Sample)); !in || got != word {
			t.Errorf("Cells(%v): the sample %q of %s is of %s, in the language: %v", q, string(c.Sample), word, got, in)
		}
	}
	for _, s := range all {
		if word, in := wordOf(q, s); in && !found[word] {
			t.Errorf("Cells(%v) misses %s, the cell of %q", q, word, s)
		}
	}
}

// wordOf matches a text by recursion over the tokens.
func wordOf(q language.Query, s string) (word string, in bool) {
	if slices.Contains(q.Avoid, s) {
		return "", false
	}
	for _, p := range q.Within {
		if !reference(p.Tokens, s) {
			return "", false
		}
	}
	for _, p := range q.Patterns {
		bit := "0"
		if reference(p.Tokens, s) {
			bit = "1"
		}
		word += bit
	}
	return word, true
}

func reference(tokens []glob.Token, s string) bool {
	if len(tokens) == 0 {
		return s == ""
	}
	t := tokens[0]
	if t.Kind == glob.Run && reference(tokens[1:], s) {
		return true
	}
	if s == "" {
		return false
	}
	if t.Kind == glob.Character {
		return rune(s[0]) == t.Char && reference(tokens[1:], s[1:])
	}
	if t.Except&glob.Colon != 0 && s[0] == ':' {
		return false
	}
	if t.Kind == glob.One {
		return reference(tokens[1:], s[1:])
	}
	return reference(tokens, s[1:])
}

func FuzzCells(f *testing.F) {
	f.Add("a*", "*b", "a?b*")
	f.Add("*a*a*", "?*", "")
	f.Add("*", "**", "k")
	f.Fuzz(func(t *testing.T, a, b, within string) {
		if len(a)+len(b)+len(within) > 40 {
			return
		}
		q := language.Query{
			Patterns: globs(a, b), Within: globs(within), MaxStates: 2000, Work: &language.Work{Left: 200_000},
		}
		found, err := language.Cells(q)
		if err != nil {
			return
		}
		for _, c := range found {
			s := string(c.Sample)
			if !q.Within[0].Match(s) {
				t.Errorf("the sample %q is not within %q", s, within)
			}
			for i, p := range q.Patterns {
				if p.Match(s) != c.Matches.Has(i) {
					t.Errorf("the sample %q of %q, %q: pattern %d is said to match: %v", s, a, b, i, c.Matches.Has(i))
				}
			}
		}
	})
}
