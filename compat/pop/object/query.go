package object

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/berth-project/berth/compat/pop/token"
)

// Query asks for objects of one kind. All matches must hold.
type Query struct {
	Matches []Match
	// Limit is how many are wanted: [DefaultLimit] unless the caller says.
	Limit int
	// Fields are the attributes that are wanted, nil for all.
	Fields []string
	// Count asks for the number only.
	Count bool
}

// Match asks for a value of an attribute, as text.
type Match struct{ Attribute, Value string }

// Limits of a query.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
	maxMatches   = 16
	maxValue     = 4096
)

// The words behind "by" that are no attributes.
const (
	byLimit  = "limit"
	byFields = "fields"
	byCount  = "count"
)

// ParseQuery reads the parameters of a query for objects of a kind: those that
// begin with "by". "bylinkId" and "byLinkId" mean the same, and an attribute that
// there is not is an error. With [token.Quirks] the attribute is the text behind
// "by", whatever it is, and nothing has one that there is not.
func ParseQuery(m token.Mode, k Kind, values url.Values) (Query, error) {
	q := Query{Limit: DefaultLimit}
	known := k.Attributes()
	for _, name := range sortedKeys(values) {
		word, ok := cutBy(m, name)
		if !ok {
			continue
		}
		value := values.Get(name)
		switch strings.ToLower(word) {
		case byLimit:
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 {
				return Query{}, invalid(fmt.Sprintf("bylimit is %.20q: write a number from 1 to %d", value, MaxLimit))
			}
			q.Limit = min(n, MaxLimit)
		case byFields:
			for _, field := range cutNames(value) {
				q.Fields = append(q.Fields, attribute(m, known, field))
			}
		case byCount:
			q.Count = true
		default:
			a := attribute(m, known, word)
			if m == token.Native && !slices.Contains(known, a) {
				return Query{}, invalid(fmt.Sprintf("%.40s asks for an attribute that %s has not; it has %s", name, k, strings.Join(known, ", ")))
			}
			if len(q.Matches) == maxMatches || len(value) > maxValue {
				return Query{}, invalid(fmt.Sprintf("a query has at most %d attributes of %d bytes", maxMatches, maxValue))
			}
			q.Matches = append(q.Matches, Match{Attribute: a, Value: value})
		}
	}
	return q, q.check(m, k)
}

// check refuses what the kind cannot answer. The original counts by index only.
func (q Query) check(m token.Mode, k Kind) error {
	if !q.Count || m == token.Native {
		return nil
	}
	if slices.ContainsFunc(q.Matches, func(match Match) bool { return k.Indexed(match.Attribute) }) {
		return nil
	}
	return invalid("bycount needs an attribute with an index")
}

func cutBy(m token.Mode, name string) (word string, ok bool) {
	if m == token.Native && len(name) > 2 && strings.EqualFold(name[:2], "by") {
		return name[2:], true
	}
	word, ok = strings.CutPrefix(name, "by")
	return word, ok && word != ""
}

// attribute returns the attribute that a word means.
func attribute(m token.Mode, known []string, word string) string {
	if m == token.Quirks || slices.Contains(known, word) {
		return word
	}
	first, n := utf8.DecodeRuneInString(word)
	return string(unicode.ToLower(first)) + word[n:]
}

func sortedKeys(values url.Values) []string {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
