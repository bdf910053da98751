package service

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"text/template"
)

// hostileCase is one block of a file under testdata/hostile; its README says
// how they are written.
type hostileCase struct {
	place string // file:line
	title string
	over  string // plain, tls, h2, slow or app

	lines  []string // as written: what is sent
	drip   string   // sent byte by byte after the lines, again and again
	repeat int      // how often the whole is sent; the last time counts

	refused  bool // any refusal will do, if the connection ends with it
	closed   bool // without an answer
	status   int
	code     string // of the problem document
	location string
	answers  int // how many there are

	app        []string // requests the app must have seen, "METHOD target"
	appMay     []string // requests it may have seen
	appHas     []string // "Name: value" in each of them
	appLacks   []string // names in none of them
	appUser    string   // whom the assertion names, by email
	answerHas  []string // "Name: value" in the answer, or "Name: value*"
	answerLack []string
}

// readHostile reads every case of the corpus, by file.
func readHostile(t *testing.T) map[string][]*hostileCase {
	t.Helper()
	files, err := filepath.Glob("testdata/hostile/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	corpus := map[string][]*hostileCase{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		family := strings.TrimSuffix(filepath.Base(file), ".txt")
		var c *hostileCase
		for i, line := range strings.Split(string(text), "\n") {
			place := fmt.Sprintf("%s:%d", file, i+1)
			if title, ok := strings.CutPrefix(line, "== "); ok {
				c = &hostileCase{place: place, title: title, over: "plain", repeat: 1, answers: 1}
				corpus[family] = append(corpus[family], c)
				continue
			}
			if line == "" || line[0] == '#' {
				continue
			}
			if c == nil {
				t.Fatalf("%s: a line before the first case", place)
			}
			if err := c.add(line); err != nil {
				t.Fatalf("%s: %v", place, err)
			}
		}
		for _, c := range corpus[family] {
			if !c.refused && !c.closed && c.status == 0 {
				t.Fatalf("%s: nothing is expected", c.place)
			}
		}
	}
	return corpus
}

func (c *hostileCase) add(line string) (err error) {
	if strings.HasPrefix(line, ">") {
		c.lines = append(c.lines, line)
		return nil
	}
	if expected, ok := strings.CutPrefix(line, "= "); ok {
		return c.expect(expected)
	}
	key, value, ok := strings.Cut(line, ": ")
	if !ok {
		return fmt.Errorf("%q is no line of a case", line)
	}
	switch key {
	case "over":
		c.over = value
	case "drip":
		c.drip = value
	case "repeat":
		c.repeat, err = strconv.Atoi(value)
	case "answers":
		c.answers, err = strconv.Atoi(value)
	case "app":
		c.app = append(c.app, value)
	case "app-may":
		c.appMay = append(c.appMay, value)
	case "app-has":
		c.appHas = append(c.appHas, value)
	case "app-lacks":
		c.appLacks = append(c.appLacks, value)
	case "app-user":
		c.appUser = value
	case "answer-has":
		c.answerHas = append(c.answerHas, value)
	case "answer-lacks":
		c.answerLack = append(c.answerLack, value)
	default:
		return fmt.Errorf("unknown key %q", key)
	}
	return err
}

// expect reads "refused", "closed", "400 code" or "303 -> /location".
func (c *hostileCase) expect(s string) (err error) {
	switch s {
	case "refused":
		c.refused = true
		return nil
	case "closed":
		c.closed = true
		return nil
	}
	status, rest, _ := strings.Cut(s, " ")
	if location, ok := strings.CutPrefix(rest, "-> "); ok {
		c.location = location
	} else {
		c.code = rest
	}
	c.status, err = strconv.Atoi(status)
	return err
}

// bytes returns what is sent: a line "> text" ends in CR LF, ">| text" does
// not; Go's escapes are bytes, and {{…}} stands for a value of the service.
func (c *hostileCase) bytes(t *testing.T, values template.FuncMap) string {
	t.Helper()
	var b strings.Builder
	for _, line := range c.lines {
		text, end := strings.TrimPrefix(strings.TrimPrefix(line, ">"), " "), "\r\n"
		if open, ok := strings.CutPrefix(line, ">|"); ok {
			text, end = strings.TrimPrefix(open, " "), ""
		}
		b.WriteString(c.fill(t, text, values) + end)
	}
	return b.String()
}

func (c *hostileCase) fill(t *testing.T, text string, values template.FuncMap) string {
	t.Helper()
	raw, err := strconv.Unquote(`"` + strings.ReplaceAll(text, `"`, `\"`) + `"`)
	if err != nil {
		t.Fatalf("%s: %q: %v", c.place, text, err)
	}
	if !strings.Contains(raw, "{{") {
		return raw
	}
	tmpl, err := template.New("").Funcs(values).Parse(raw)
	if err != nil {
		t.Fatalf("%s: %v", c.place, err)
	}
	var out bytes.Buffer
	if err := tmpl.Execute(&out, nil); err != nil {
		t.Fatalf("%s: %v", c.place, err)
	}
	return out.String()
}
