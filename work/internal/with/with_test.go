package with_test

import (
	"encoding/json"
	"testing"

	"github.com/berth-project/berth/work/internal/with"
)

func TestSizes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]with.Size{
		`0`: 0, `512`: 512, `"512"`: 512, `"7B"`: 7, `"2KiB"`: 2048, `"64MiB"`: 64 << 20, `"1GiB"`: 1 << 30, `"3kB"`: 3000, `"1TB"`: 1e12,
		`-1`: -1, `1.5`: -1, `"x"`: -1, `"MiB"`: -1, `"1 MiB"`: -1, `"1mib"`: -1, `"9999999TiB"`: -1, `99999999999999999999`: -1, `null`: -1, `[]`: -1,
	} {
		var got with.Size
		err := json.Unmarshal([]byte(text), &got)
		if (err == nil) != (want >= 0) || err == nil && got != want {
			t.Errorf("Unmarshal(%s) = %d, %v; want %d", text, got, err, want)
		}
	}
	for size, want := range map[with.Size]string{0: "0B", 1: "1B", 1024: "1KiB", 1536: "1536B", 64 << 20: "64MiB", 3000: "3000B", -5: "-5B"} {
		if got := size.String(); got != want {
			t.Errorf("Size(%d).String() = %q, want %q", size, got, want)
		}
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]with.Value{
		`"a"`: {Text: "a"}, `{"secret":"s"}`: {Secret: "s"}, `{"secret":"s","prefix":"Bearer "}`: {Secret: "s", Prefix: "Bearer "},
	} {
		var got with.Value
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("Unmarshal(%s) = %+v, %v; want %+v", text, got, err, want)
		}
		if back, err := json.Marshal(got); err != nil || string(back) != text {
			t.Errorf("Marshal(%+v) = %s, %v; want %s", got, back, err, text)
		}
	}
	for _, text := range []string{`1`, `{}`, `{"secret":""}`, `{"secret":"s","x":1}`, `["a"]`} {
		var got with.Value
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("Unmarshal(%s) = %+v, want an error", text, got)
		}
	}
}

func TestDecodeIsStrict(t *testing.T) {
	t.Parallel()
	type one struct{ A int }
	for text, ok := range map[string]bool{``: true, `{}`: true, `{"A":1}`: true, `{"B":1}`: false, `{} {}`: false, `{`: false} {
		var got one
		if err := with.Decode(json.RawMessage(text), &got); (err == nil) != ok {
			t.Errorf("Decode(%q) = %v, want ok %v", text, err, ok)
		}
	}
}

func TestResult(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "null", " \n": "null", " {\"a\": 1}\n": `{"a": 1}`, "x": "", "1 2": ""} {
		got, err := with.Result([]byte(text))
		if (err == nil) != (want != "") || string(got) != want {
			t.Errorf("Result(%q) = %s, %v; want %s", text, got, err, want)
		}
	}
}

func FuzzSize(f *testing.F) {
	f.Add("64MiB")
	f.Add("9223372036854775807")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := with.ParseSize(text)
		if err != nil {
			return
		}
		if back, err := with.ParseSize(s.String()); err != nil || back != s || s < 0 {
			t.Errorf("ParseSize(%q) = %d, and of its text %q = %d, %v", text, s, s.String(), back, err)
		}
	})
}
