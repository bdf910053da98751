package jsonsource_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/internal/jsonsource"
)

// value is what encoding/json makes of the same text, numbers by their spelling
// and the last of several members of one name.
func value(n *jsonsource.Node) any {
	switch n.Kind {
	case jsonsource.Null:
		return nil
	case jsonsource.Bool:
		return n.Text == "true"
	case jsonsource.Number:
		return json.Number(n.Text)
	case jsonsource.String:
		return n.Text
	case jsonsource.Array:
		items := []any{}
		for i := range n.Items {
			items = append(items, value(&n.Items[i]))
		}
		return items
	}
	members := map[string]any{}
	for i := range n.Members {
		members[n.Members[i].Name] = value(&n.Members[i].Value)
	}
	return members
}

func TestParseReadsValues(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`null`, `true`, `false`, `0`, `-0`, `1e5`, `-1.50E+07`, `"a"`, `""`, `[]`, `{}`, ` [ 1 , [ ] , { } ] `,
		`"\"\\\/\b\f\n\r\t"`, `"\u00e9\ud83d\ude00é😀"`, `{"a":{"b":[null,true,"c"]}}`, `{"a":1,"a":2}`, "\t\r\n1\n",
	} {
		doc, err := jsonsource.Parse([]byte(text), jsonsource.Limits{})
		if err != nil {
			t.Errorf("Parse(%q): %v", text, err)
			continue
		}
		if diff := cmp.Diff(standard(t, text), value(doc.Root)); diff != "" {
			t.Errorf("Parse(%q) (-encoding/json +jsonsource):\n%s", text, diff)
		}
	}
}

func standard(t *testing.T, text string) any {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("encoding/json refuses %q: %v", text, err)
	}
	return v
}

func TestErrorsSayWhereWhatAndWhatToDo(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ text, want string }{
		{"", `1:1: text is empty (write a JSON value)`},
		{" \n ", `2:2: text is empty (write a JSON value)`},
		{"{", `1:2: text ends inside the object that begins at 1:1 (close it with "}")`},
		{"[\n [1", `2:4: text ends inside the array that begins at 2:2 (close it with "]")`},
		{`{"a"`, `1:5: text ends inside the object that begins at 1:1 (close it with "}")`},
		{`{"a":`, `1:6: text ends inside the object that begins at 1:1 (close it with "}")`},
		{`["a`, `1:4: text ends inside the string that begins at 1:2 (close the string with a double quote)`},
		{`"a\`, `1:4: text ends inside a string (close the string with a double quote)`},
		{`[1,]`, `1:3: comma before "]" (remove the comma: JSON has none behind the last)`},
		{"{\"a\":1,\n}", `1:7: comma before "}" (remove the comma: JSON has none behind the last)`},
		{`[,1]`, `1:2: comma without a value before it (remove the comma, or write the value)`},
		{`{,}`, `1:2: comma without a member before it (remove the comma)`},
		{`[1 2]`, `1:4: "2" stands where a comma or "]" belongs (put a comma between one and the next)`},
		{`{"a":1 "b":2}`, `1:8: "\"" stands where a comma or "}" belongs (put a comma between one and the next)`},
		{`{"a" 1}`, `1:6: "1" stands where a colon behind the name "a" belongs (put ":" between name and value)`},
		{`{a:1}`, `1:2: "a" stands where a name belongs (write each name in double quotes)`},
		{`{'a':1}`, `1:2: "'" stands where a name belongs (write each name in double quotes)`},
		{`{"a":'b'}`, `1:6: "'" begins no string (use straight double quotes ("))`},
		{`{"a":“b”}`, `1:6: "“" begins no string (use straight double quotes ("))`},
		{`{"a":}`, `1:6: "}" stands where a value belongs (write the value, or check that brackets close in the order they open)`},
		{`[1}`, `1:3: "}" stands where a comma or "]" belongs (put a comma between one and the next)`},
		{`[True]`, `1:2: "True" is not a JSON value (write "true")`},
		{`[None]`, `1:2: "None" is not a JSON value (write "null")`},
		{`[perhaps]`, `1:2: "perhaps" begins no value (write text in double quotes)`},
		{`[.5]`, `1:2: ".5" begins no number (write a digit first)`},
		{`[+5]`, `1:2: "+" begins no number (write a digit first)`},
		{`[05]`, `1:3: number begins with a zero (drop it, or write a string in quotes)`},
		{`[-]`, `1:3: number without a digit (write digits behind the minus)`},
		{`[1.]`, `1:4: number ends in a point (write digits behind it)`},
		{`[1e]`, `1:4: number has an exponent without digits (write digits behind the e)`},
		{`[1x]`, `1:3: number goes on with "x" (write other text in double quotes)`},
		{"[// x\n1]", `1:2: comment: JSON has none (remove it; keep the remark elsewhere)`},
		{"[1 /* x */]", `1:4: comment: JSON has none (remove it; keep the remark elsewhere)`},
		{"{} # x", `1:4: comment: JSON has none (remove it; keep the remark elsewhere)`},
		{"{}{}", `1:3: text goes on behind the value with "{" (remove it: one text holds one value)`},
		{"{}\x00", `1:3: text goes on behind the value with the control character U+0000 (remove it: one text holds one value)`},
		{"\x00", `1:1: the control character U+0000 begins no value (write text in double quotes)`},
		{"[\"a\nb\"]", `1:4: string has the control character U+000A (write it as an escape, such as "\n"; close a string on its line)`},
		{`["\x"]`, `1:3: string has an unknown escape (write a backslash as "\\", others as "\u" and four hexadecimal digits)`},
		{`["\u12g4"]`, `1:3: string has an unknown escape (write a backslash as "\\", others as "\u" and four hexadecimal digits)`},
		{`["\u12`, `1:3: string has an unknown escape (write a backslash as "\\", others as "\u" and four hexadecimal digits)`},
		{`["\ud800"]`, `1:3: string has half of a surrogate pair (write both halves, the first from "\ud800" to "\udbff")`},
		{`["\ud800\u0041"]`, `1:3: string has half of a surrogate pair (write both halves, the first from "\ud800" to "\udbff")`},
		{`["\udc00\ud800"]`, `1:3: string has half of a surrogate pair (write both halves, the first from "\ud800" to "\udbff")`},
		{`["\n`, `1:5: text ends inside the string that begins at 1:2 (close the string with a double quote)`},
		{"[\"\\n\t\"]", `1:5: string has the control character U+0009 (write it as an escape, such as "\n"; close a string on its line)`},
		{`["\q`, `1:3: string has an unknown escape (write a backslash as "\\", others as "\u" and four hexadecimal digits)`},
		{`["\u00eX"]`, `1:3: string has an unknown escape (write a backslash as "\\", others as "\u" and four hexadecimal digits)`},
		{`{"a":1,`, `1:8: text ends inside the object that begins at 1:1 (close it with "}")`},
		{`{"` + strings.Repeat("é", 30) + `" 1}`, `1:65: "1" stands where a colon behind the name "` + strings.Repeat("é", 20) + `…" belongs (put ":" between name and value)`},
		{"{\"a\":\n\t\v1}", `2:2: the control character U+000B begins no value (write text in double quotes)`},
		{"[\"\ufffd\", \"\xff\"]", `1:10: byte 0xFF is not UTF-8 (save the text as UTF-8)`},
		{"[\"\xff\"]", `1:3: byte 0xFF is not UTF-8 (save the text as UTF-8)`},
		{"\xff\xfe{\x00", `1:1: text is UTF-16 (save it as UTF-8)`},
		{"\ufeff{x", `1:2: "x" stands where a name belongs (write each name in double quotes)`},
		{strings.Repeat("[", 65), `1:65: values nest deeper than 64 levels (flatten the document)`},
		{strings.Repeat(" ", 1<<20+1), `1:1: text has 1048577 bytes, more than the 1048576 that are read (split it)`},
	} {
		doc, err := jsonsource.Parse([]byte(tc.text), jsonsource.Limits{})
		if err == nil || err.Error() != tc.want {
			t.Errorf("Parse(%.40q) = %v, want %s", tc.text, err, tc.want)
		}
		if doc == nil || doc.Root != nil {
			t.Errorf("Parse(%.40q): want a document without a root", tc.text)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	l := jsonsource.Limits{Bytes: 20, Depth: 2, Values: 4}
	for text, ok := range map[string]bool{
		`[[1,2]]`:                        true,
		`[[[]]]`:                         false,
		`[{"a":{}}]`:                     false,
		`[1,2,3]`:                        true,
		`[1,2,3,4]`:                      false,
		`"` + strings.Repeat("a", 18):    false,
		strings.Repeat(" ", 19) + "1":    true,
		strings.Repeat(" ", 20) + "1":    false,
		`{"a":1,"b":2,"c":3}`:            true,
		`{"a":1,"b":2,"c":3,` + "      ": false,
	} {
		if _, err := jsonsource.Parse([]byte(text), l); (err == nil) != ok {
			t.Errorf("Parse(%q) = %v, want ok %t", text, err, ok)
		}
	}
}

func TestPositions(t *testing.T) {
	t.Parallel()
	const text = "\ufeff{\"a\": [1,\r\n  \"é\", {}],\r\"b\\u0063\": null}"
	doc, err := jsonsource.Parse([]byte(text), jsonsource.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	at := func(s jsonsource.Span) string {
		return fmt.Sprintf("%d:%d-%d:%d %s", s.Start.Line, s.Start.Column, s.End.Line, s.End.Column, text[s.Start.Offset:s.End.Offset])
	}
	list := doc.Root.Lookup("a")
	b := doc.Root.Member("bc")
	got := []string{
		at(doc.Span(&list.Items[0])), at(doc.Span(&list.Items[1])), at(doc.Span(&list.Items[2])),
		at(doc.NameSpan(b)), at(doc.Span(&b.Value)),
	}
	want := []string{"1:8-1:9 1", "2:3-2:7 \"é\"", "2:9-2:11 {}", "3:1-3:10 \"b\\u0063\"", "3:12-3:16 null"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("positions (-want +got):\n%s", diff)
	}
	if got := doc.Position(1 << 30); got.Offset != len(text) {
		t.Errorf("Position beyond the end = %+v, want the end", got)
	}
}

func TestDuplicatesAreKept(t *testing.T) {
	t.Parallel()
	doc, err := jsonsource.Parse([]byte(`{"a":1,"b":2,"a":3}`), jsonsource.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range doc.Root.Members {
		got = append(got, m.Name+m.Value.Text)
	}
	if diff := cmp.Diff([]string{"a1", "b2", "a3"}, got); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	if m := doc.Root.Member("a"); m.Value.Text != "1" {
		t.Errorf("Member(a) = %s, want the first", m.Value.Text)
	}
}

func TestLookupOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	doc, err := jsonsource.Parse([]byte(`{"a":{"b":[1]}}`), jsonsource.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for _, names := range [][]string{{"x"}, {"a", "x"}, {"a", "b", "c"}, {"x", "y", "z"}} {
		if n := doc.Root.Lookup(names...); n != nil {
			t.Errorf("Lookup(%q) = %v, want nil", names, n)
		}
	}
	var none *jsonsource.Node
	if n := none.Lookup("a"); n != nil {
		t.Errorf("Lookup(a) of nothing = %v, want nil", n)
	}
	if n := doc.Root.Lookup(); n != doc.Root {
		t.Errorf("Lookup() = %v, want the root", n)
	}
}

// FuzzParse compares with encoding/json, which accepts more in two ways: it
// replaces bytes that are not UTF-8 and halves of surrogate pairs.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":"*","Condition":{"Bool":{"a:b":true,"c:d":1e5}}}]}`,
		`[1,-2.5e+3,null,true,false,"\ud83d\ude00\n"]`, "\ufeff{}", "[[[[", `{"a":1,"a":2}`, `"\ud800"`, "\xff", `[1,]`, "{}x", "01", `"\u00e9é"`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		doc, err := jsonsource.Parse(text, jsonsource.Limits{})
		if err != nil {
			checkError(t, text, err)
			return
		}
		bare := strings.TrimPrefix(string(text), "\ufeff")
		if !json.Valid([]byte(bare)) {
			t.Fatalf("Parse accepts %q, encoding/json does not", text)
		}
		if diff := cmp.Diff(standard(t, bare), value(doc.Root)); diff != "" {
			t.Errorf("Parse(%q) (-encoding/json +jsonsource):\n%s", text, diff)
		}
		checkNodes(t, string(text), doc.Root)
	})
}

func checkError(t *testing.T, text []byte, err error) {
	t.Helper()
	e, ok := errors.AsType[*jsonsource.Error](err)
	if !ok || e.Message == "" || e.Help == "" || e.Span.Start.Line < 1 || e.Span.Start.Column < 1 ||
		e.Span.Start.Offset > e.Span.End.Offset || e.Span.End.Offset > len(text) {
		t.Fatalf("Parse(%q) = %#v: no place in the text", text, err)
	}
	stricter := strings.Contains(e.Message, "UTF") || strings.Contains(e.Message, "surrogate") || strings.Contains(e.Message, "nest deeper") || strings.Contains(e.Message, "more than")
	if !stricter && json.Valid(text) {
		t.Fatalf("Parse(%q) = %v, encoding/json accepts it", text, err)
	}
}

// checkNodes checks that each value stands where it says, within its parent.
func checkNodes(t *testing.T, text string, n *jsonsource.Node) {
	t.Helper()
	if n.Kind == jsonsource.Number && text[n.Start:n.End] != n.Text {
		t.Fatalf("number %q stands at %q", n.Text, text[n.Start:n.End])
	}
	if n.Kind == jsonsource.String && (text[n.Start] != '"' || text[n.End-1] != '"') {
		t.Fatalf("string %q stands at %q", n.Text, text[n.Start:n.End])
	}
	at := n.Start
	inside := func(start, end int) {
		if start < at || end < start || end > n.End {
			t.Fatalf("%d-%d is not in %d-%d", start, end, at, n.End)
		}
		at = end
	}
	for i := range n.Items {
		inside(n.Items[i].Start, n.Items[i].End)
		checkNodes(t, text, &n.Items[i])
	}
	for i := range n.Members {
		m := &n.Members[i]
		inside(m.NameStart, m.NameEnd)
		inside(m.Value.Start, m.Value.End)
		checkNodes(t, text, &m.Value)
	}
}

func BenchmarkParse(b *testing.B) {
	text := []byte(`{"Version":"2012-10-17","Statement":[` + strings.TrimSuffix(strings.Repeat(
		`{"Sid":"Read","Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::media","arn:aws:s3:::media/*"]},`, 10), ",") + `]}`)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := jsonsource.Parse(text, jsonsource.Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleParse() {
	doc, err := jsonsource.Parse([]byte("{\n  \"Effect\": \"allow\"\n}"), jsonsource.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	effect := doc.Root.Lookup("Effect")
	at := doc.Span(effect).Start
	fmt.Printf("%d:%d: %s is %q\n", at.Line, at.Column, effect.Kind, effect.Text)
	_, err = jsonsource.Parse([]byte("{\n  \"Effect\": \"Allow\",\n}"), jsonsource.Limits{})
	fmt.Println(err)
	// Output:
	// 2:13: a string is "allow"
	// 2:20: comma before "}" (remove the comma: JSON has none behind the last)
}
