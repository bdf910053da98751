package jsonscan_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/internal/jsonscan"
)

func TestEnd(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`1`: `1`, `-1.5e+3, 2`: `-1.5e+3`, `true}`: `true`, `null `: `null`, `"a\"]b" x`: `"a\"]b"`, `{"a": "}"} ]`: `{"a": "}"}`, `[1,[2,{}]],`: `[1,[2,{}]]`,
		``: ``, `]`: ``, `}`: ``, `,`: ``, ` 1`: ``, `"open`: ``, `[1`: ``, `{"a": "b`: ``, `"\`: ``,
	} {
		if got := text[:jsonscan.End(text, 0)]; got != want {
			t.Errorf("End(%s) ends %q, want %q", text, got, want)
		}
	}
}

func TestMember(t *testing.T) {
	t.Parallel()
	const object = ` { "a" : 1 , "b\u0063" : [ 1, 2 ] , "": {}, "d": "}", "a": 2, "e\"": null } `
	for name, want := range map[string]string{"a": "2", "bc": "[ 1, 2 ]", "": "{}", "d": `"}"`, `e"`: "null", "x": "", "b": ""} {
		got, found := jsonscan.Member(json.RawMessage(object), name)
		if string(got) != want || found != (want != "") {
			t.Errorf("Member(%q) = %s, %v, want %s", name, got, found, want)
		}
	}
	for _, text := range []string{"", "[]", "1", `{"a"`, `{"a":`, `{"a" 1}`, `{"a:1}`, "{", `{a:1}`} {
		if got, found := jsonscan.Member(json.RawMessage(text), "a"); found {
			t.Errorf("Member of %s = %s", text, got)
		}
	}
}

func TestMembers(t *testing.T) {
	t.Parallel()
	var got []string
	all := jsonscan.Members(json.RawMessage(` { "a" : 1 , "b\u0063":[1,{}], "a":"}" } `), func(name string, v json.RawMessage) bool {
		got = append(got, name+" "+string(v))
		return true
	})
	if diff := cmp.Diff([]string{"a 1", "bc [1,{}]", `a "}"`}, got); diff != "" || !all {
		t.Errorf("Members() = %v (-want +got):\n%s", all, diff)
	}
	for text, want := range map[string]bool{"{}": true, "{ }": true, `{"a":1}`: true, `{"a":1`: false, `{"a"}`: false, `{"a":1,}`: false, "[]": false, "": false, "{,}": false} {
		if got := jsonscan.Members(json.RawMessage(text), func(string, json.RawMessage) bool { return true }); got != want {
			t.Errorf("Members(%s) = %v, want %v", text, got, want)
		}
	}
	if jsonscan.Members(json.RawMessage(`{"a":1,"b":2}`), func(name string, _ json.RawMessage) bool { return name != "a" }) {
		t.Error("Members() went on after it was told to stop")
	}
}

func TestElements(t *testing.T) {
	t.Parallel()
	var got []string
	all := jsonscan.Elements(json.RawMessage(` [ 1 , "a,]" , {"x": [2]} ] `), func(i int, v json.RawMessage) bool {
		got = append(got, fmt.Sprintf("%d %s", i, v))
		return true
	})
	if diff := cmp.Diff([]string{"0 1", `1 "a,]"`, `2 {"x": [2]}`}, got); diff != "" || !all {
		t.Errorf("Elements() = %v (-want +got):\n%s", all, diff)
	}
	for text, want := range map[string]bool{"[]": true, "[ ]": true, "[1": false, "[1,": false, "[1 2]": false, "{}": false, "": false, "[,]": false} {
		if got := jsonscan.Elements(json.RawMessage(text), func(int, json.RawMessage) bool { return true }); got != want {
			t.Errorf("Elements(%s) = %v, want %v", text, got, want)
		}
	}
	if v, found := jsonscan.Element(json.RawMessage(`[1, [2], 3]`), 1); !found || string(v) != "[2]" {
		t.Errorf("Element(1) = %s, %v", v, found)
	}
	if v, found := jsonscan.Element(json.RawMessage(`[1, [2], 3]`), 3); found {
		t.Errorf("Element(3) = %s", v)
	}
}

func ExampleMember() {
	value, found := jsonscan.Member(json.RawMessage(`{"name": "a", "size": {"width": 3}}`), "size")
	fmt.Println(string(value), found)
	// Output: {"width": 3} true
}

// FuzzMember compares with encoding/json.
func FuzzMember(f *testing.F) {
	f.Add(`{"a": [1, {"b": "}"}], "c\n": "\"", "a": 2}`, "a")
	f.Add(`[1, "]", [[]]]`, "")
	f.Fuzz(func(t *testing.T, text, name string) {
		raw := json.RawMessage(text)
		got, found := jsonscan.Member(raw, name)
		items := 0
		whole := jsonscan.Elements(raw, func(int, json.RawMessage) bool {
			items++
			return true
		})
		if !json.Valid(raw) || strings.Contains(text, `\u`) || strings.ContainsRune(text, '\uFFFD') {
			return // another reader may see other names
		}
		var object map[string]json.RawMessage
		if json.Unmarshal(raw, &object) == nil && object != nil {
			if want, ok := object[name]; ok != found || string(want) != string(got) {
				t.Errorf("Member(%s, %q) = %s, %v, want %s, %v", text, name, got, found, want, ok)
			}
		}
		var array []json.RawMessage
		if json.Unmarshal(raw, &array) == nil && array != nil && (!whole || items != len(array)) {
			t.Errorf("Elements(%s) = %d, %v, want %d", text, items, whole, len(array))
		}
	})
}
