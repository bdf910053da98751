package source

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// surroundings are what the text above a policy says of it.
type surroundings struct {
	// heading is what it is called; empty where nothing above looks like a title.
	heading string
	// words are the heading and what stands between it, or the policy before,
	// and this one.
	words string
}

// The reach of a title: how many lines of running text may be between the policy
// and one that is not marked as such, and how many bytes are looked at.
const (
	titleReach = 5
	wordsReach = 4 << 10
)

// above reads the text upwards from a place. Regions are those before it: what
// they span is no text.
func above(t []byte, start int, regions []region) surroundings {
	var s surroundings
	var words []string
	running := 0
	lines := linesAbove(t, start, regions)
	for i, line := range lines {
		if s.heading != "" {
			break
		}
		if line.text == "" || fence(line.text) {
			continue
		}
		title, strong := titleOf(line.text)
		if i == 0 && !strong {
			// What stands before the policy on its own line: not a title, but it may
			// be the name the policy is given.
			title = assignedTo(line.text)
		}
		if underline(line.text) {
			continue
		}
		if i > 0 && underline(lines[i-1].text) {
			title, strong = plain(line.text), true
		}
		if title != "" && (strong || running == 0 || running < titleReach && !strings.HasSuffix(line.text, ":")) {
			s.heading = title
		} else {
			running++
		}
		if running > titleReach && s.heading == "" {
			continue
		}
		// Words above another policy are about that one, unless there are none
		// below it.
		if !line.crossed || len(words) == 0 || s.heading != "" {
			words = append(words, line.text)
		}
	}
	s.words = strings.Join(words, "\n")
	return s
}

// assignedTo returns the name that a policy on the same line is given; empty
// where the line is a sentence that ends in a colon.
func assignedTo(line string) string {
	m := assigned.FindStringSubmatch(line)
	if m == nil || len(strings.Fields(line)) > maxAssignment {
		return ""
	}
	return m[1]
}

// maxAssignment is how many words there may be in front of a policy that is
// given a name, such as "const Policy policy =".
const maxAssignment = 4

// line is a line above a policy. It is crossed when another policy is between.
type line struct {
	text    string
	crossed bool
}

// linesAbove returns the lines above a place, the nearest first, without the
// regions between them.
func linesAbove(t []byte, start int, regions []region) []line {
	var all []line
	floor := max(0, start-wordsReach)
	crossed := false
	for end := start; end > floor; {
		low := floor
		n := len(regions)
		if n > 0 {
			low = max(floor, min(regions[n-1].end, end))
		}
		part := strings.Split(string(t[low:end]), "\n")
		slices.Reverse(part)
		for _, text := range part {
			all = append(all, line{text: strings.TrimSpace(text), crossed: crossed})
		}
		if n == 0 {
			break
		}
		end, crossed = regions[n-1].start, true
		regions = regions[:n-1]
	}
	return all
}

// fence reports whether a line opens or closes a block of code.
func fence(line string) bool {
	return strings.HasPrefix(line, "```") || strings.HasPrefix(line, "~~~") || line == "----" || line == "...."
}

// underline reports whether a line makes the one above it a title (setext).
func underline(line string) bool {
	return len(line) >= 3 && (strings.Trim(line, "=") == "" || strings.Trim(line, "-") == "")
}

var (
	markedTitle = regexp.MustCompile(`^(?:#{1,6}|={1,6})\s+(.+?)\s*#*$|^<h[1-6][^>]*>(.+?)</h[1-6]>$|^(?:\*\*|__)(.+?)(?:\*\*|__):?$`)
	jsonFile    = regexp.MustCompile(`[\w./-]*\w\.json\b`)
	policyName  = regexp.MustCompile(`--policy-name[ =]+["']?([\w+=,.@-]+)`)
	numbering   = regexp.MustCompile(`^(?:\d+\.?)+[.)]?\s+(.)`)
	assigned    = regexp.MustCompile(`([\w.-]+)["']?\s*[:=]\s*["'|>]?$`)
	markup      = strings.NewReplacer("**", "", "__", "", "`", "", "<code>", "", "</code>", "")
)

// titleOf returns the title a line is. A strong one is marked as such or names
// the policy; another merely looks like one.
func titleOf(line string) (title string, strong bool) {
	if len(line) > 200 {
		return "", false
	}
	if m := markedTitle.FindStringSubmatch(line); m != nil {
		return plain(m[1] + m[2] + m[3]), true
	}
	if m := policyName.FindStringSubmatch(line); m != nil {
		return m[1], true
	}
	words := strings.Fields(line)
	if file := jsonFile.FindString(line); file != "" && (len(words) <= 3 || strings.ContainsAny(line, "<>")) {
		return file[strings.LastIndexByte(file, '/')+1:], true
	}
	if looksLikeTitle(line, len(words)) {
		return plain(line), false
	}
	return "", false
}

// looksLikeTitle reports whether a line of plain text reads like a title: short,
// begins like one, and does not end as a sentence does.
func looksLikeTitle(line string, words int) bool {
	most := 12
	if strings.HasSuffix(line, ":") {
		most = 6
	}
	if len(line) > 80 || words > most {
		return false
	}
	first, _ := utf8.DecodeRuneInString(line)
	last, _ := utf8.DecodeLastRuneInString(strings.TrimRight(line, `"'”’)`))
	switch {
	case !unicode.IsUpper(first) && !unicode.IsDigit(first) && (words > 1 || !strings.ContainsAny(line, "-_.")):
		return false
	case !unicode.IsLetter(first) && !unicode.IsDigit(first):
		return false
	case strings.ContainsRune(".;,?!\\", last), strings.ContainsAny(line, "{}=\"|"), strings.Contains(line, "::"):
		return false
	}
	return true
}

// plain takes markup, numbering and a colon at the end off a title.
func plain(title string) string {
	title = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(markup.Replace(title)), ":"))
	if m := numbering.FindStringSubmatchIndex(title); m != nil {
		title = title[m[2]:]
	}
	return title
}
