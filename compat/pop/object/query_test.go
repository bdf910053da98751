package object_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/token"
)

func TestParseQuery(t *testing.T) {
	t.Parallel()
	match := func(pairs ...string) []object.Match {
		var m []object.Match
		for i := 0; i < len(pairs); i += 2 {
			m = append(m, object.Match{Attribute: pairs[i], Value: pairs[i+1]})
		}
		return m
	}
	for _, c := range []struct {
		query          string
		native, quirks object.Query
	}{
		{"bylinkId=l&bycid=c", object.Query{Matches: match("cid", "c", "linkId", "l"), Limit: 100}, object.Query{Matches: match("cid", "c", "linkId", "l"), Limit: 100}},
		{"byLinkId=l", object.Query{Matches: match("linkId", "l"), Limit: 100}, object.Query{Matches: match("LinkId", "l"), Limit: 100}},
		{"BYLIMIT=5&other=1", object.Query{Limit: 5}, object.Query{Limit: 100}},
		{"byLimit=5000", object.Query{Limit: object.MaxLimit}, object.Query{Limit: object.MaxLimit}},
		{"byfields=id,+Title,id", object.Query{Limit: 100, Fields: []string{"id", "title"}}, object.Query{Limit: 100, Fields: []string{"id", "Title"}}},
		{"bycount=&bylinkId=l", object.Query{Limit: 100, Count: true, Matches: match("linkId", "l")}, object.Query{Limit: 100, Count: true, Matches: match("linkId", "l")}},
		{"by=x", object.Query{Limit: 100}, object.Query{Limit: 100}},
	} {
		values, err := url.ParseQuery(c.query)
		if err != nil {
			t.Fatal(err)
		}
		for m, want := range map[token.Mode]object.Query{token.Native: c.native, token.Quirks: c.quirks} {
			got, err := object.ParseQuery(m, object.KindAgenda, values)
			if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || d != "" {
				t.Errorf("ParseQuery(%s), mode %d: %v (-want +got):\n%s", c.query, m, err, d)
			}
		}
	}
}

func TestParseQueryRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mode  token.Mode
		query url.Values
	}{
		{token.Native, url.Values{"bylimit": {"0"}}},
		{token.Native, url.Values{"bylimit": {"x"}}},
		{token.Native, url.Values{"bycustomeriId": {"x"}}},
		{token.Native, url.Values{"bytitle": {strings.Repeat("x", 5000)}}},
		{token.Quirks, url.Values{"bycount": {""}, "bytitle": {"x"}}},
	} {
		if q, err := object.ParseQuery(c.mode, object.KindAgenda, c.query); issues(t, err) == "" {
			t.Errorf("ParseQuery(%v) = %+v, want an error", c.query, q)
		}
	}
}

func FuzzParseQuery(f *testing.F) {
	f.Add("bylinkId=1&ByLimit=3&byfields=a,b&bycount")
	f.Add("byÉ=1&by%80=2")
	f.Fuzz(func(t *testing.T, text string) {
		values, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		for _, k := range object.Kinds() {
			for _, m := range []token.Mode{token.Native, token.Quirks} {
				q, err := object.ParseQuery(m, k, values)
				if err == nil && (q.Limit < 1 || q.Limit > object.MaxLimit) {
					t.Errorf("ParseQuery(%q) has limit %d", text, q.Limit)
				}
			}
		}
	})
}
