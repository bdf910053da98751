package manifest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/berth-project/berth/internal/diagnostic"
)

// documentTypes returns every struct type of the document, by walking it from
// the top.
func documentTypes() []reflect.Type {
	var types []reflect.Type
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		t, _ = element(t)
		if t.Kind() != reflect.Struct || slices.Contains(types, t) {
			return
		}
		types = append(types, t)
		for _, f := range fields(t) {
			walk(f.typ)
		}
	}
	walk(reflect.TypeFor[Manifest]())
	return types
}

func TestTagsSayWhatTheCodeKnows(t *testing.T) {
	t.Parallel()
	kebab := regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	seen := 0
	for _, typ := range documentTypes() {
		for _, f := range fields(typ) {
			seen++
			name := f.owner + "." + f.goName
			if f.name != "" && !kebab.MatchString(f.name) {
				t.Errorf("%s: key %q is not in kebab case", name, f.name)
			}
			if f.name == "" && f.word == "" && !f.short {
				t.Errorf("%s cannot be set: it has no key, no word and no short form", name)
			}
			for _, format := range []string{f.format, f.keys} {
				if _, ok := formats[format]; format != "" && !ok {
					t.Errorf("%s: there is no format %q", name, format)
				}
			}
			if f.typ.Kind() == reflect.Map && f.keys == "" {
				t.Errorf("%s: its keys have no format", name)
			}
			checkDefault(t, name, f)
		}
	}
	if seen < 150 {
		t.Errorf("only %d fields were seen", seen)
	}
}

// checkDefault checks that a default is itself a valid value.
func checkDefault(t *testing.T, name string, f field) {
	t.Helper()
	held, _ := element(f.typ)
	for _, bound := range []string{f.min, f.max} {
		if v := reflect.New(held).Elem(); bound != "" && setScalar(v, bound) != nil {
			t.Errorf("%s: the bound %q is not a value of it", name, bound)
		}
	}
	if !f.defaulted || f.typ.Kind() == reflect.Slice && f.typ.Elem().Kind() == reflect.Struct {
		return
	}
	for _, text := range strings.Split(f.fallback, ", ") {
		v := reflect.New(f.typ).Elem()
		if f.typ.Kind() == reflect.Slice {
			v = reflect.New(f.typ.Elem()).Elem()
		}
		if err := setScalar(v, text); err != nil {
			t.Errorf("%s: the default %q: %v", name, text, err)
		}
		if err := inRange(v, f.traits); err != nil {
			t.Errorf("%s: the default %q: %v", name, text, err)
		}
		if err := checkFormat(f.format, text); err != nil {
			t.Errorf("%s: the default %q is not %v", name, text, err)
		}
		if len(f.enum) > 0 && !slices.Contains(f.enum, text) {
			t.Errorf("%s: the default %q is not one of %v", name, text, f.enum)
		}
	}
}

func TestEveryFieldIsDocumented(t *testing.T) {
	t.Parallel()
	m := readManual()
	for _, typ := range documentTypes() {
		if m.types[typ.Name()] == "" {
			t.Errorf("type %s has no comment", typ.Name())
		}
		for _, f := range fields(typ) {
			text, fallback := m.about(f)
			if len(text) < 10 {
				t.Errorf("%s.%s has no comment", f.owner, f.goName)
			}
			if f.defaulted && fallback != "" {
				t.Errorf("%s.%s has two defaults, %q and %q", f.owner, f.goName, f.fallback, fallback)
			}
		}
	}
}

// codes returns the constants of codes.go.
func codes(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			code, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, code)
		}
		return true
	})
	return out
}

func TestEveryCodeIsExplainedAndShown(t *testing.T) {
	t.Parallel()
	// Codes that no single bad file can show, with the test that does.
	elsewhere := map[string]string{
		codeUnreadable: "TestLoadSaysWhatIsMissing", codeTooBig: "TestParseRefusesWhatIsTooBig",
		codeUnset: "TestExpandReportsWithoutQuotingValues", codeUnreachable: "TestWarningsAreApart",
		codeRuleLint: "TestWarningsAreApart", codeUnused: "TestWarningsAreApart", codeInsecure: "TestWarningsAreApart",
	}
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var shown strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		shown.Write(data)
	}
	all := codes(t)
	if len(all) < 30 {
		t.Fatalf("codes.go has %d codes", len(all))
	}
	for _, code := range all {
		if _, ok := diagnostic.Explain(code); !ok {
			t.Errorf("%s is not in the catalogue of internal/diagnostic", code)
		}
		if elsewhere[code] == "" && !strings.Contains(shown.String(), " "+code+" ") {
			t.Errorf("no file of testdata/bad wants %s", code)
		}
	}
}

func TestCommentsAreInTheTermsOfTheFile(t *testing.T) {
	t.Parallel()
	m := readManual()
	for _, typ := range documentTypes() {
		for _, f := range fields(typ) {
			text, _ := m.about(f)
			if strings.HasPrefix(text, f.goName+" ") && f.name+f.word != "" {
				t.Errorf("%s.%s: %q starts with the name in Go", f.owner, f.goName, text)
			}
			if strings.Contains(text, "-`") {
				t.Errorf("%s.%s: %q has part of a word replaced", f.owner, f.goName, text)
			}
		}
	}
}

func TestDurationsAndSizesReadAndWrite(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"0": "0s", "0s": "0s", "500ms": "500ms", "90s": "1m30s", "1h": "1h", "1h30m": "1h30m", "7d": "168h", "1d12h": "36h", "0.5s": "500ms",
	} {
		if d, err := parseDuration(text); err != nil || d.String() != want {
			t.Errorf("parseDuration(%q) = %v, %v, want %s", text, d, err, want)
		}
	}
	for _, text := range []string{"", "5", "-1s", "1", "1x", "s", "1.5d", "99999999999999h", "32767d32767d", " 1s", "1s "} {
		if d, err := parseDuration(text); err == nil {
			t.Errorf("parseDuration(%q) = %v, want an error", text, d)
		}
	}
	for text, want := range map[string]string{
		"0": "0", "512": "512B", "1024": "1KiB", "10MiB": "10MiB", "10 MiB": "10MiB", "1500": "1500B", "2kB": "2000B", "1GiB": "1GiB", "3TiB": "3TiB",
	} {
		if n, err := parseSize(text); err != nil || n.String() != want {
			t.Errorf("parseSize(%q) = %v, %v, want %s", text, n, err, want)
		}
	}
	for _, text := range []string{"", "-1", "1.5MiB", "MiB", "1XB", "999999999999999TiB", "1e9"} {
		if n, err := parseSize(text); err == nil {
			t.Errorf("parseSize(%q) = %v, want an error", text, n)
		}
	}
}

func TestFormatsRefuse(t *testing.T) {
	t.Parallel()
	for format, texts := range map[string][]string{
		"address":     {"", "8080", ":65536", "a b:1", "::1:80", "[::1:80", "http://a:80", "unix:", ":-1", ":080000"},
		"host":        {"", "a..b", "-a", "a-", "a b", "[1.2.3.4]", "[::1", "a:80", strings.Repeat("a", 64), "a/b"},
		"domain":      {"", "**", "*.a.example", "..a", "a:80", "https://a"},
		"network":     {"", "10/8", "10.0.0.0/33", "a", "::1/129", "1.2.3.4.5"},
		"origin":      {"", "a.example", "ftp://a", "https://", "https://a/b", "https://u:p@a", "https://a?x", "https://a#x", "https://a b"},
		"target":      {"", "a:80", "http://", "http://a:0", "http://a:x", "http://u@a", "unix:", "unix:" + strings.Repeat("x", 105), "http://a/b"},
		"location":    {"", "//a", "a", "javascript:x", "/a b", "/\\a", "https://u:p@a", "/a\r\nb", "mailto:a@b"},
		"object-host": {"", "*", "*.", "https://a", "a:0", "a.*.b", "u@a", "a /b"},
		"path":        {"", "a", "/a b", "/a#b", "/a\\b", "/\x00"},
		"signal":      {"", "term", "9", "TREM", "SIG"},
		"slug":        {"", "A", "1a", "a-", "-a", "a_b", strings.Repeat("a", 64)},
		"process":     {"", "A", strings.Repeat("a", 33)},
		"variable":    {"", "1A", "A-B", "A B", "A=B"},
		"account":     {"", "a b", "root:root", "-1", "99999999999"},
		"email":       {"", "a", "a@", "@b", "a@b c", "a@b@c", "<a@b>"},
		"status":      {"", "99", "600", "300-200", "200-", "2xx"},
		"media":       {"", "text", "text/", "*/*x", "TEXT/html", "text/html; charset=utf-8"},
		"header":      {"", "a\nb", "a\rb", "a\x00"},
		"header-name": {"", "*", "A B", "A:", "X_Auth", "A**"},
		"filename":    {"", ".", "..", "a/b", "a\\b"},
		"file":        {"", "a\x00b", "a\nb"},
		"name":        {"", ".a", "a b", "a/b", strings.Repeat("a", 65)},
	} {
		for _, text := range texts {
			if checkFormat(format, text) == nil {
				t.Errorf("%q passes as %s", text, formats[format].name)
			}
		}
	}
}
