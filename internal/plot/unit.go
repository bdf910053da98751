package plot

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Unit is what numbers mean: how they are written and which of them are round.
type Unit int

// The units.
const (
	// Number is a number.
	Number Unit = iota
	// Seconds is a duration: "1.5s", "4m".
	Seconds
	// Bytes is a size: "12 MiB".
	Bytes
	// Percent is a share, from 0 to 1.
	Percent
	// Clock is a time: seconds since 1970, written in UTC.
	Clock
)

// Times turns times into numbers of the unit [Clock].
func Times(times []time.Time) []float64 {
	out := make([]float64, len(times))
	for i, t := range times {
		out[i] = Time(t)
	}
	return out
}

// Time turns a time into a number of the unit [Clock], exact to the millisecond.
func Time(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// format writes a number; step is the distance to the next one that can be told from
// it, 0 for exactly.
func (u Unit) format(x, step float64) string {
	switch u {
	case Seconds:
		return seconds(x)
	case Bytes:
		return size(x)
	case Percent:
		return trimmed(x*100, step*100) + " %"
	case Clock:
		return clock(x, step)
	}
	for _, k := range []struct {
		at     float64
		suffix string
	}{{1e9, "G"}, {1e6, "M"}, {1e4, "k"}} {
		if math.Abs(x) >= k.at {
			unit := k.at
			if k.suffix == "k" {
				unit = 1e3
			}
			return trimmed(x/unit, step/unit) + k.suffix
		}
	}
	return trimmed(x, step)
}

// trimmed writes as many digits as the step needs, three that say something where
// there is none.
func trimmed(x, step float64) string {
	digits := 0
	switch {
	case step > 0:
		digits = max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	case x != 0:
		digits = max(0, 2-int(math.Floor(math.Log10(math.Abs(x)))))
	}
	s := strconv.FormatFloat(x, 'f', min(digits, 9), 64)
	if step == 0 && digits > 0 {
		for s[len(s)-1] == '0' {
			s = s[:len(s)-1]
		}
		if s[len(s)-1] == '.' {
			s = s[:len(s)-1]
		}
	}
	return s
}

// seconds reads "0", "1.5ms", "12s", "4m", "1m30s", "2h", "3d".
func seconds(x float64) string {
	switch a := math.Abs(x); {
	case a == 0:
		return "0"
	case a < 1e-3:
		return trimmed(x*1e6, 0) + "µs"
	case a < 1:
		return trimmed(x*1e3, 0) + "ms"
	case a < 60:
		return trimmed(x, 0) + "s"
	case a < 3600:
		return two(x, 60, "m", 1, "s")
	case a < 86400:
		return two(x, 3600, "h", 60, "m")
	}
	return two(x, 86400, "d", 3600, "h")
}

// two writes a duration in two units, the second only where there is something of
// it.
func two(x, big float64, bigName string, small float64, smallName string) string {
	n := math.Round(math.Abs(x) / small)
	per := math.Round(big / small)
	s := fmt.Sprintf("%.0f%s", math.Floor(n/per), bigName)
	if rest := math.Mod(n, per); rest > 0 {
		s += fmt.Sprintf("%.0f%s", rest, smallName)
	}
	if x < 0 {
		s = "-" + s
	}
	return s
}

func size(x float64) string {
	unit := "B"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if math.Abs(x) < 1024 {
			break
		}
		x, unit = x/1024, next
	}
	return trimmed(x, 0) + " " + unit
}

// clock writes a time as exactly as the step between two of them asks for.
func clock(x, step float64) string {
	t := time.UnixMilli(int64(math.Round(x * 1000))).UTC()
	switch {
	case step >= 86400:
		return t.Format("Jan 2")
	case step >= 60:
		return t.Format("15:04")
	case step >= 1 || step == 0:
		return t.Format("15:04:05")
	}
	return t.Format("15:04:05.000")
}
