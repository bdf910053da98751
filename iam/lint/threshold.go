package lint

import (
	"fmt"
	"strings"
)

// Threshold is from where on a finding fails a build. The zero value is reached
// by critical errors only; [ParseThreshold] makes the usual ones.
type Threshold struct {
	// Never is set where nothing is to fail it.
	Never    bool
	Severity Severity
	Level    Level
	// LevelOnly is set where the level counts, whatever the severity.
	LevelOnly bool
}

// ParseThreshold returns the threshold of words such as "security:medium", of a
// severity alone ("warning", whatever the level), of a level alone ("low",
// whatever the severity), or of "never".
func ParseThreshold(words string) (Threshold, error) {
	if words == "never" {
		return Threshold{Never: true}, nil
	}
	if level, ok := ParseLevel(words); ok {
		return Threshold{Level: level, LevelOnly: true}, nil
	}
	severity, level, both := strings.Cut(words, ":")
	t := Threshold{Level: Info}
	var ok bool
	if t.Severity, ok = ParseSeverity(severity); !ok {
		return t, fmt.Errorf("threshold %q: there is no severity %q; it is one of %s, or a level alone, or never", words, severity, strings.Join(severityNames[:], ", "))
	}
	if !both {
		return t, nil
	}
	if t.Level, ok = ParseLevel(level); !ok {
		return t, fmt.Errorf("threshold %q: there is no level %q; it is one of %s", words, level, strings.Join(levelNames[:], ", "))
	}
	return t, nil
}

// String returns the words that [ParseThreshold] reads.
func (t Threshold) String() string {
	if t.Never {
		return "never"
	}
	if t.LevelOnly {
		return t.Level.String()
	}
	return t.Severity.String() + ":" + t.Level.String()
}

// Reached reports whether a finding is at least as bad. Of a worse severity the
// level does not count.
func (t Threshold) Reached(f Finding) bool {
	if t.LevelOnly {
		return !t.Never && f.Level <= t.Level
	}
	return !t.Never && (f.Severity < t.Severity || f.Severity == t.Severity && f.Level <= t.Level)
}
