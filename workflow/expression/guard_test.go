package expression_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/berth-project/berth/workflow/expression"
)

// TestOneCallIsBounded holds calls that would take gigabytes or seconds before CEL
// has counted what they cost.
func TestOneCallIsBounded(t *testing.T) { // measures memory: not parallel
	text := func(n int) string { return `"` + strings.Repeat("a", n) + `"` }
	list := func(item string, n int) string {
		return "[" + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + "]"
	}
	nested, sizes := strings.Repeat(`{"a": `, 40), "0"
	for k := range 40 {
		sizes += " + size(params.x" + strings.Repeat(".a", k) + ")"
	}
	arrays := `"x": 1`
	for k := range 8 {
		arrays += fmt.Sprintf(`, "a%d": %s`, k, list("1", 280_000))
	}
	many := strings.TrimSuffix(strings.Repeat("params.x,", 200), ",")
	others := strings.ReplaceAll(many, "x", "y")
	for expr, params := range map[string]string{
		`params.x.replace("a", params.x) == "b"`:        `{"x": ` + text(20_000) + `}`,
		`params.x.replace("a", params.x, 15000) == "b"`: `{"x": ` + text(20_000) + `}`,
		`params.x.join(params.y) == "b"`:                `{"x": ` + list(`"a"`, 20_000) + `, "y": ` + text(20_000) + `}`,
		`"%s".format([params.x]) == "b"`:                `{"x": ` + text(1_000_000) + `}`,
		`params.f.format([` + many + `]) == "b"`:        `{"f": "` + strings.Repeat("%s", 200) + `", "x": ` + text(100_000) + `}`,
		`params.x.indexOf(params.y) == 1`:               `{"x": ` + text(100_000) + `, "y": "` + strings.Repeat("a", 50_000) + `b"}`,
		`params.x.lastIndexOf(params.y) == 1`:           `{"x": ` + text(100_000) + `, "y": "b` + strings.Repeat("a", 50_000) + `"}`,
		`params.x.matches("(.*a){20}b")`:                `{"x": ` + text(150_000) + `}`,
		`params.x.matches(params.y)`:                    `{"x": ` + text(150_000) + `, "y": "(.*a){20}b"}`,
		`size(params.x) == 1`:                           `{"x": ` + strings.Repeat("[", 5000) + text(100_000) + strings.Repeat("]", 5000) + `}`,
		`params.x.split("").size() == 1`:                `{"x": ` + text(10_000_000) + `}`,
		`[params.a0, params.a1, params.a2, params.a3, params.a4, params.a5, params.a6, params.a7].size() == 1`: `{` + arrays + `}`,
		sizes + ` == 1`:                                              `{"x": ` + nested + `{"b": ` + text(250_000) + `}` + strings.Repeat("}", 40) + `}`,
		`[` + many + `] == [` + others + `]`:                         `{"x": ` + list("1", 200_000) + `, "y": ` + list("1", 200_000) + `}`,
		`params.x in [` + others + `]`:                               `{"x": ` + list("1", 200_000) + `, "y": ` + strings.TrimSuffix(list("1", 200_000), "1]") + `2]}`,
		`[1, 2, 3, 4, 5, 6, 7, 8, 9].all(i, 7 in params.x == false)`: `{"x": ` + list("1", 500_000) + `}`,
	} {
		p, err := expression.Compile(expression.When, expr)
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err = p.Bool(vars{"params": json.RawMessage(params)})
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), "too much work") {
			t.Errorf("Bool(%.60s) = %v, want too much work", expr, err)
		}
		if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 128 {
			t.Errorf("Bool(%.60s) takes %d MiB", expr, used)
		}
	}
}

// TestLongTextsAreWorkWhateverIsAskedOfThem holds calls that read a text to its end
// and that CEL counts as one step each. With a loop around them they would keep an
// engine busy for minutes.
func TestLongTextsAreWorkWhateverIsAskedOfThem(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 50_000)
	params := `{"x": "` + long + `", "y": "` + long + `z", "one": "a", "list": [` + strings.TrimSuffix(strings.Repeat("1,", 2000), ",") + `]}`
	for _, expr := range []string{
		`size(%s) > 0`, `%s.size() > 0`, `size(string(%s)) > 0`, `string(%s).size() > 0`, `size(bytes(%s)) > 0`, `bytes(string(%s)).size() > 0`,
		`string(bytes(%s)) != ""`, `int(%s) == 1 || true`, `uint(%s) == 1u || true`, `double(%s) == 1.0 || true`, `bool(%s) || true`,
		`timestamp(%s) == timestamp(0) || true`, `duration(%s) == duration("1s") || true`,
		`%s < params.y || true`, `%s >= params.y || true`, `%s + "a" != ""`,
	} {
		for text, most := range map[string]bool{"params.x": true, "params.one": false} {
			p, err := expression.Compile(expression.When, `params.list.all(i, `+strings.ReplaceAll(expr, "%s", text)+`)`)
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.Bool(vars{"params": json.RawMessage(params)})
			if tooMuch := err != nil && strings.Contains(err.Error(), "too much work"); tooMuch != most {
				t.Errorf("Bool(%s) for each of 2000 items with %s = %v, want too much work: %v", expr, text, err, most)
			}
		}
	}
}

func TestOrdinaryCallsAreNotTooMuch(t *testing.T) {
	t.Parallel()
	large := `{"x": "` + strings.Repeat("a line of text\\n", 1000) + `", "list": [` + strings.TrimSuffix(strings.Repeat(`{"name": "a"},`, 2000), ",") + `], "none": [], "huge": "` + strings.Repeat("a", 1_000_000) + `"}`
	for _, expr := range []string{
		`params.x.replace("line", "word").contains("a word of")`,
		`params.x.replace("line", "word", 1).startsWith("a word of text\na line")`,
		`params.x.matches("(?s)^a line.*text\n$")`,
		`params.x.matches("li" + "ne")`,
		`params.x.split("\n").size() == 1001`,
		`["a", "b"].join("-") == "a-b" && ["a", "b"].join() == "ab"`,
		`"%s is %d".format([params.x.substring(0, 6), 3]) == "a line is 3"`,
		`params.x.indexOf("text") == 10 && params.x.indexOf("text", 11) == 25 && params.x.lastIndexOf("a line", 20) == 15`,
		`params.list == params.list && size(params.list) == 2000 && !(1 in params.none)`,
		`params.list.exists(i, i.name == "a")`,
		`size(params.huge) == 1000000 && size(bytes(params.huge)) == 1000000`,
	} {
		p, err := expression.Compile(expression.When, expr)
		if err != nil {
			t.Fatal(err)
		}
		if yes, err := p.Bool(vars{"params": json.RawMessage(large)}); !yes || err != nil {
			t.Errorf("Bool(%s) = %v, %v, want true", expr, yes, err)
		}
	}
}
