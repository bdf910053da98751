package manifest

import "time"

// Duration is a time such as "500ms", "10s", "5m", "8h" or "1h30m".
type Duration time.Duration

// Std returns d as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// Size is a number of bytes such as "512B", "64KiB", "10MiB" or "1GiB"; a plain
// number is bytes, and KB, MB and GB count by 1000.
type Size int64

// Bytes returns s as a number.
func (s Size) Bytes() int64 { return int64(s) }

// Template is a text in which ${NAME} stands for a variable of the resolved
// environment, ${NAME:-text} for the variable or, where it is unset or empty,
// the text, ${NAME:?text} for the variable, which must be there, and $$ for a
// dollar sign. See [Manifest.Expand].
type Template string

// StringOrList is a list of texts, of which a single one may stand alone.
type StringOrList []string
