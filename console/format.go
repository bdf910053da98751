package console

import (
	"fmt"
	"html/template"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"
)

// functions are what templates may call. Addresses are made here only, so that
// no attribute htmx reads, which the escaper takes for text, holds anything
// else.
func (c *Console) functions() template.FuncMap {
	return template.FuncMap{
		"asset":    c.assets.url,
		"href":     c.href,
		"plain":    plain,
		"clip":     clip,
		"brief":    brief,
		"segments": segments,
		"place":    place,
		"duration": duration,
		"ago":      func(t time.Time) string { return ago(c.src.Now().Sub(t)) },
		"stamp":    stamp,
		"clock":    func(t time.Time) string { return t.UTC().Format("15:04:05.000") },
		"bytes":    byteSize,
		"percent":  percent,
		"number":   number,
		"json":     indented,
		"millis":   func(ms int64) string { return duration(time.Duration(ms) * time.Millisecond) },
		"join":     strings.Join,
		"lower":    strings.ToLower,
		"add":      func(a, b int) int { return a + b },
	}
}

// href returns the address of a page: a path, then names and values of
// parameters. Segments of the path that are data are given as parameters whose
// name begins with a slash.
func (c *Console) href(p string, pairs ...string) string {
	query := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, value := pairs[i], pairs[i+1]
		switch {
		case strings.HasPrefix(name, "/"):
			p = strings.ReplaceAll(p, "{"+name[1:]+"}", url.PathEscape(value))
		case value != "":
			query.Set(name, value)
		}
	}
	return c.path(p, query)
}

// escapes are the sequences terminals take for colours and movements.
var escapes = regexp.MustCompile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?|[@-Z\\\\-_])")

// plain makes text of strangers harmless to read: no terminal sequences, no
// control characters, nothing that turns the direction of writing.
func plain(s string) string {
	if strings.IndexByte(s, 0x1b) >= 0 {
		s = escapes.ReplaceAllString(s, "")
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n':
			return r
		case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f:
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// segment is a part of a path, with the slash that ends it and the one that
// begins the path.
var segment = regexp.MustCompile(`(?s)(?:(?:^|\s)/|[^/])*(?:/|$)`)

// segments are the parts of a text between which a line may break: only after
// the slashes within its paths.
func segments(text string) []string {
	var parts []string
	for _, part := range segment.FindAllString(plain(text), -1) {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// place is a place in the manifest without the directories of the file:
// "berth.yaml:43:5". There is only one manifest.
func place(at string) string { return plain(at[strings.LastIndexByte(at, '/')+1:]) }

// duration reads "180ms", "4m10s", "3h2m", "5d4h".
func duration(d time.Duration) string {
	switch {
	case d <= 0:
		return "0s"
	case d < time.Millisecond:
		return fmt.Sprintf("%dµs", d.Microseconds())
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%dm%ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd%dh", int(d.Hours())/24, int(d.Hours())%24)
}

// ago reads "just now", "40s ago", "3h ago", and "in 5m" of what is to come:
// beside an absolute time one unit is enough.
func ago(d time.Duration) string {
	switch {
	case d <= -time.Second:
		return "in " + unit(-d)
	case d < time.Second:
		return "just now"
	}
	return unit(d) + " ago"
}

// unit is a duration in whole seconds, minutes, hours or days.
func unit(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours())/24)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func byteSize(n int64) string {
	size, unit := float64(n), "B"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if size < 1024 {
			break
		}
		size, unit = size/1024, next
	}
	if unit == "B" || size >= 100 {
		return fmt.Sprintf("%.0f %s", size, unit)
	}
	return fmt.Sprintf("%.1f %s", size, unit)
}

func percent(share float64) string {
	if share > 0 && share < 0.001 {
		return "<0.1 %"
	}
	return fmt.Sprintf("%.1f %%", share*100)
}

// number groups digits: "1,204".
func number(n uint64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// quote makes a word of a shell's command line.
func quote(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r > 126 || r <= ' ' || strings.ContainsRune("'\"\\$`!&|;<>()*?[]{}~#", r)
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
